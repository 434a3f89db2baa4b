"""The whole tool as processes, on a service that is not ours: clean stays clean, each defect turns the storm red."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from by_night import by_night
from statements import only_result

from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore

pytestmark = [pytest.mark.process, pytest.mark.each_python]


@pytest.fixture
def storm(load, fake_service, here, tmp_path):
    """A function that runs the quick storm against a fake with a defect; gives the finished process and its run folder."""

    def run(defect, *more):
        environ = fake_service(defect)
        out = tmp_path / "run"
        argv = ("run", here / "quick.yaml", "--target", here / "fake-target.yaml", "--out", out, *more)
        return load(*argv, environ=environ), out, environ

    return run


def test_a_storm_on_a_sound_service_is_clean_and_leaves_signed_evidence(storm, load, here, tmp_path):
    """Exit 0, every rule clean with samples, evidence that verifies; a second check from the kept books says the same."""
    done, out, environ = storm("none", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: clean" in done.stdout
    report = json.loads((out / "check.json").read_bytes())
    assert report["findings"] == []
    counted = {name: item for name, item in report["measures"].items() if item["unit"] == "count" and item["value"] == "0"}
    assert len(counted) == 14
    assert all(item["samples"] > 0 for item in counted.values())
    home = tmp_path / "home"
    held = only_result(EvidenceStore(home / "evidence").load(own_trust(home)))
    assert held.statement.predicate.measures["double_settles"].value == "0"
    assert held.statement.predicate.facts["seed"] == 3
    before = (out / "check.json").read_bytes()
    again = load("check", out, "--format", "json", environ=environ)
    assert (again.returncode, again.stdout.encode()) == (0, before)
    asked = load("check", out, "--target", here / "fake-target.yaml", "--format", "json", environ=environ)
    assert (asked.returncode, asked.stdout.encode()) == (0, before)


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("double_settle", "double_settle"),
        ("lost_settle", "lost_settle"),
        ("stuck_credit", "stuck_credit"),
        ("changed_replay", "replay_change"),
        ("double_reserve", "double_reserve"),
    ],
)
def test_a_defect_in_the_service_turns_the_storm_red_by_its_name(storm, defect, rule):
    """Exit 1, and nothing but the rule of that defect is found, with what follows from it: totals, and unknown outcomes."""
    done, out, _ = storm(defect, "--payments", "60", "--no-evidence")
    assert done.returncode == 1, done.stdout + done.stderr
    found = {item["rule"] for item in json.loads((out / "check.json").read_bytes())["findings"]}
    assert found - {"conservation", "unknown_outcome"} == {rule}
    assert f"FOUND {rule}" in done.stdout


def test_a_target_without_books_ends_in_unknown_and_never_in_clean(load, fake_service, here, tmp_path):
    """A foreign service that cannot be audited: exit 3, no value for what could not be judged, replays judged all the same."""
    environ = fake_service("none")
    text = (here / "fake-target.yaml").read_text()
    target = tmp_path / "blind.yaml"
    target.write_text(text[: text.index("  audit:")])
    out = tmp_path / "run"
    done = load("run", here / "quick.yaml", "--target", target, "--out", out, "--payments", "30", environ=environ)
    assert done.returncode == 3, done.stdout + done.stderr
    measures = json.loads((out / "check.json").read_bytes())["measures"]
    assert (measures["double_settles"]["value"], measures["double_settles"]["unknown"]) == (None, "missing")
    assert measures["replay_changes"]["value"] == "0"


def test_a_service_that_is_not_there_is_named_with_what_to_look_at(load, here, tmp_path):
    """Exit 3, the URL, the next step, and no run folder that looks like a run."""
    environ = {**os.environ, "FAKE_URL": "http://127.0.0.1:9", "FAKE_TOKEN": "x"}
    done = load("run", "smoke", "--target", here / "fake-target.yaml", "--out", tmp_path / "run", environ=environ)
    assert done.returncode == 3
    assert "http://127.0.0.1:9/up" in done.stderr
    assert "next: see that the service runs, and that spec.base_url" in done.stderr
    assert "gonogo gateway serve" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("more", [("--no-check",), ("--no-evidence",)])
def test_a_service_that_does_not_know_the_credential_is_never_clean(load, fake_service, here, tmp_path, more):
    """Each request gets 401: exit 2 names the credential's role before the storm."""
    environ = {**fake_service("none"), "FAKE_TOKEN": "another"}
    argv = ("run", here / "quick.yaml", "--target", here / "fake-target.yaml", "--out", tmp_path / "run", "--payments", "5")
    done = load(*argv, *more, environ=environ)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "spec.credentials.agent" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_not_checked_ends_with_3(storm):
    """Not checked is not clean."""
    done, _, _ = storm("none", "--payments", "5", "--no-evidence", "--no-check")
    assert (done.returncode, "verdict: not checked" in done.stdout) == (3, True)


def test_a_folder_that_holds_a_run_is_not_written_over(storm, load, here):
    """Two histories in one file could not be told apart: exit 2."""
    _, out, environ = storm("none", "--payments", "5", "--no-evidence", "--no-check")
    history = (out / "history.jsonl").read_bytes()
    done = load("run", here / "quick.yaml", "--target", here / "fake-target.yaml", "--out", out, environ=environ)
    assert (done.returncode, "already holds a load run" in done.stderr) == (2, True)
    assert (out / "history.jsonl").read_bytes() == history


@pytest.mark.parametrize(
    ("how", "code"),
    by_night(
        [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGQUIT, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)],
        [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGKILL,)],
    ),
)
def test_a_storm_that_is_stopped_leaves_no_process_behind(fake_service, here, tmp_path, how, code):
    """Asked to end, interrupted or killed: the generator's process goes with the one that supervises it."""
    out = tmp_path / "run"
    argv = [sys.executable, "-m", "loadtests", "run", "rollback", "--target", str(here / "fake-target.yaml"), "--out", str(out)]
    environ = {**fake_service("none"), "GONOGO_HOME": str(tmp_path / "home")}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        generator = _wait_for(lambda: _generator_of(process.pid) if _lines(out / "history.jsonl") > 10 else None)
        process.send_signal(how)
        assert process.wait(60) == code
    assert _wait_for(lambda: not _alive(generator))


def test_a_run_that_was_interrupted_can_be_checked_later_and_is_not_complete(fake_service, load, here, tmp_path):
    """What was recorded until then is compared with the books; it is no whole storm: exit 3, or 2 without books."""
    out, environ = tmp_path / "run", {**fake_service("none"), "GONOGO_HOME": str(tmp_path / "home")}
    argv = [sys.executable, "-m", "loadtests", "run", "rollback", "--target", str(here / "fake-target.yaml"), "--out", str(out)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait_for(lambda: _lines(out / "history.jsonl") > 100)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    without = load("check", out, environ=environ)
    assert (without.returncode, "the books of this run were never read" in without.stderr) == (2, True)
    done = load("check", out, "--target", here / "fake-target.yaml", environ=environ)
    assert (done.returncode, "the storm is not complete: the run was ended" in done.stdout) == (3, True), done.stdout


def test_a_storm_that_is_cut_short_is_unknown(load, fake_service, here, tmp_path):
    """A storm that does not end within its limit is not judged as complete: exit 3, and the report says so."""
    profile = tmp_path / "short.yaml"
    text = (here / "quick.yaml").read_text()
    profile.write_text(text.replace("duration_s: 300", "duration_s: 1").replace("rate_per_s: 80", "rate_per_s: 20"))
    out = tmp_path / "run"
    done = load("run", profile, "--target", here / "fake-target.yaml", "--out", out, environ=fake_service("none"))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "cut short after 1 s" in done.stdout


def test_a_storm_goes_on_until_it_is_told_that_it_is_enough(fake_service, here, tmp_path):
    """More payments come than were planned at least, none begins once the file exists, and the books hold what began."""
    out, enough = tmp_path / "run", tmp_path / "enough"
    argv = ["run", str(here / "quick.yaml"), "--target", str(here / "fake-target.yaml"), "--out", str(out), "--no-evidence"]
    argv += ["--payments", "40", "--until", str(enough)]
    environ = {**fake_service("none"), "GONOGO_HOME": str(tmp_path / "home")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", "loadtests", *argv], env=environ, **quiet) as process:
        _wait_for(lambda: _begun(out / "history.jsonl") > 50)
        enough.touch()
        assert process.wait(120) == 0
    report = json.loads((out / "run.json").read_bytes())
    begun = len(json.loads((out / "plan.json").read_bytes())["payments"])
    assert 50 < begun == report["storm"]["begun"] == report["storm"]["done"] < 200
    assert _begun(out / "history.jsonl") == begun


def test_profiles_are_listed_for_people_and_for_programs(load):
    """`profiles` names each shipped profile; as JSON with everything in it."""
    assert "smoke" in load("profiles", environ=os.environ).stdout
    listed = msgspec.json.decode(load("profiles", "--format", "json", environ=os.environ).stdout)
    assert {item["name"] for item in listed} >= {"smoke", "crash", "rollback", "weekly"}


def _generator_of(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _begun(path: Path) -> int:
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return len({json.loads(line)["payment"] for line in whole if json.loads(line)["phase"] == "storm"})


def _wait_for(what):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within 60 s")
