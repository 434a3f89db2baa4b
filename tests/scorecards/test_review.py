"""The review as a process: a service that is not there, and interruptions."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
import shapes
import yaml
from impostors import make_impostors

pytestmark = [pytest.mark.process, pytest.mark.each_python]

ONE_STEP = Path(__file__).with_name("one_step.py")
FOREIGN = """
apiVersion: gonogo/v1
kind: Target
metadata: {name: elsewhere}
spec:
  base_url: http://127.0.0.1:9
  credentials: {agent: Bearer nobody}
  variables: {wallet_id: w, payee_ids: p}
  operations:
    reserve: {path: /reserve, body: {amount: "{amount}"}, id_pointer: /id}
    settle: {path: "/settle/{payment_id}"}
    reverse: {path: "/reverse/{payment_id}"}
  build: {path: /status, pointer: /build}
"""


@contextmanager
def gonogo(
    home: Path, *arguments: str, program: tuple[str, ...] = ("-m", "scorecards"), environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A gonogo of its own, ended if the test does not see its end."""
    argv = [sys.executable, *program, *arguments]
    env = {**os.environ, "GONOGO_HOME": str(home), **(environ or {})}
    with subprocess.Popen(argv, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def processes_of(home: Path) -> Iterator[int]:
    """Every living process whose environment names this state folder: the review, its children and theirs."""
    needle = f"GONOGO_HOME={home}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if needle in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:
            continue


def left_behind(home: Path) -> list[int]:
    """Those that still run a while after: the kernel ends an orphan when it gets to it, not when its parent dies."""
    deadline = monotonic() + 60
    while (left := list(processes_of(home))) and monotonic() < deadline:
        sleep(0.05)
    return left


def test_a_service_that_does_not_answer_ends_in_an_honest_scorecard(tmp_path: Path) -> None:
    """A foreign target by URL: no step can be judged, nothing crashes, everything is unknown, and the folder verifies."""
    target = tmp_path / "elsewhere.yaml"
    target.write_text(FOREIGN)
    out = tmp_path / "out"
    with gonogo(tmp_path, "review", "--target", str(target), "--out", str(out)) as review:
        stdout, stderr = review.communicate(timeout=300)
    assert review.returncode == 3, stderr
    text = " ".join(stdout.split())
    assert text.startswith("NO GO: nothing failed, but 4 of 4 P0 gates could not be judged (no-double-settle, no-lost-settle,")
    assert "Judged by the shipped gates `service`" in text
    assert "It leaves 4 of the launch plan's 5 P0 questions unanswered: A Can a new user always get on?; B Can money" in text
    assert "crash drill: not run: not possible with this target: it has no `process`, and no `commands` with `kill` and" in stderr
    assert (tmp_path / "reviews" / "latest").resolve() == out
    with gonogo(tmp_path, "scorecard", "verify") as verify:
        stdout, stderr = verify.communicate(timeout=180)
    assert (verify.returncode, stdout.splitlines()[-1]) == (0, "verified"), stdout + stderr
    assert left_behind(tmp_path) == []


def test_a_review_in_a_folder_with_packages_of_our_names_runs_our_own(tmp_path: Path) -> None:
    """Service, seed, load test and Locust: none of the user's packages is imported, and the step is really done."""
    markers = make_impostors(tmp_path)
    out = tmp_path / "out"
    with gonogo(tmp_path, "review", "--profile", "smoke", "--out", str(out), program=(str(ONE_STEP), "storm")) as review:
        _, stderr = review.communicate(timeout=120)
    assert list(markers.iterdir()) == []
    # On a loaded machine the generator lags, and the latencies are unknown: the storm was real all the same.
    assert re.search(r"retry storm: (clean|not everything could be judged)", stderr), stderr
    assert (out / "storm" / "check.json").exists()


@pytest.mark.parametrize(
    ("step", "right", "wrong", "member"),
    [
        ("storm", "id_pointer: /id ", "id_pointer: /idd ", "spec.operations.reserve.id_pointer"),
        ("crash", "id_pointer: /id ", "id_pointer: /idd ", "spec.operations.reserve.id_pointer"),
        ("storm", "pointer: /sha256", "header: X-Build", "spec.build.header"),
    ],
)
def test_a_target_file_that_describes_the_service_wrongly_is_unknown_and_named(
    tmp_path: Path, step: str, right: str, wrong: str, member: str
) -> None:
    """The step ends with 2, the review goes on, and the card says `not_run` with the member; nothing is a finding."""
    target = shapes.described(tmp_path, "minimal", {right: wrong}, shapes.run_here("minimal", []))
    environ = {**shapes.ACCOUNTS, "GONOGO_AGENT_KEY": shapes.KEYS["minimal"]}
    with gonogo(tmp_path, "review", "--target", str(target), program=(str(ONE_STEP), step), environ=environ) as review:
        stdout, stderr = review.communicate(timeout=300)
    assert review.returncode == 3, stdout + stderr
    assert "usage, or a document that cannot be read as written" in stderr
    assert "--build" not in stderr
    card = yaml.safe_load((tmp_path / "reviews" / "latest" / "scorecard.yaml").read_text(encoding="utf-8"))
    criteria = [item for gate in card["spec"]["gates"] for item in gate["criteria"]]
    named = [item for item in criteria if member in item["detail"]]
    assert len(named) >= 3
    assert {item["unknown"] for item in named} == {"not_run"}
    assert "fail" not in {item["outcome"] for item in criteria}


def test_a_ready_path_that_is_not_there_is_named_and_no_option_that_a_review_lacks(tmp_path: Path) -> None:
    """The service runs and answers 404 there: the card names the member, and the build is asked for in the target file."""
    changes = {"ready_path: /ready": "ready_path: /readiness\n  ready_role: agent"}
    target = shapes.described(tmp_path, "minimal", changes, shapes.run_here("minimal", []))
    environ = {**shapes.ACCOUNTS, "GONOGO_AGENT_KEY": shapes.KEYS["minimal"]}
    with gonogo(tmp_path, "review", "--target", str(target), program=(str(ONE_STEP), "storm"), environ=environ) as review:
        stdout, stderr = review.communicate(timeout=300)
    assert review.returncode == 3, stdout + stderr
    assert "/readiness returned 404" in " ".join(stdout.split())
    assert "correct spec.ready_path" in " ".join(stdout.split())
    assert "--build" not in stderr


def test_a_machine_without_fuse_is_named_at_the_start_and_on_the_scorecard(tmp_path: Path) -> None:
    """What is missing and how to get it, before the first step, with the step, and in each criterion that stays unknown."""
    (tmp_path / "bin").mkdir()
    environ = {"PATH": str(tmp_path / "bin")}
    with gonogo(tmp_path, "review", program=(str(ONE_STEP), "power"), environ=environ) as review:
        stdout, stderr = review.communicate(timeout=300)
    assert review.returncode == 3, stdout + stderr
    start = stderr.partition("[1/")[0]
    assert "this machine: the power-loss drill will not be run, and its criteria stay unknown: it needs " in start
    assert "fuse3 (apt-get install fuse3)" in start
    assert re.search(r"power\.out and \.err: failed: needs .*fuse3 \(apt-get install fuse3\)", stderr), stderr
    card = yaml.safe_load((tmp_path / "reviews" / "latest" / "scorecard.yaml").read_text(encoding="utf-8"))
    criteria = [item for gate in card["spec"]["gates"] for item in gate["criteria"]]
    power = [item for item in criteria if "apt-get install fuse3" in item["detail"]]
    assert len(power) == 6
    assert {item["unknown"] for item in power} == {"not_run"}
    assert not [item for item in criteria if "power-drill" in str(item) and item not in power]
    page = (tmp_path / "reviews" / "latest" / "scorecard.html").read_text(encoding="utf-8")
    assert "apt-get install fuse3" in page
    assert "about other builds" not in page + stdout


def test_the_draft_scorecard_comes_with_the_step_that_needs_it(tmp_path: Path) -> None:
    """Its line has the number of the secret scan: the last number is not the last but one to be shown."""
    target = tmp_path / "elsewhere.yaml"
    target.write_text(FOREIGN)
    with gonogo(tmp_path, "review", "--target", str(target), "--steps", "secret-scan,determinism") as review:
        _, stderr = review.communicate(timeout=300)
    shown = re.findall(r"^\[([0-9]+)/[0-9]+\] (draft scorecard|secret scan|determinism)", stderr, re.MULTILINE)
    assert [int(number) for number, _ in shown] == sorted(int(number) for number, _ in shown), stderr
    assert "next: see that the service runs, and that spec.base_url in the target file" in stderr


def test_a_target_file_that_is_wrong_by_itself_ends_a_review_before_anything_starts(tmp_path: Path) -> None:
    """Exit 2 naming the key; no folder of a review is made."""
    target = shapes.described(tmp_path, "minimal", more="  colour: blue\n")
    with gonogo(tmp_path, "review", "--target", str(target)) as review:
        _, stderr = review.communicate(timeout=60)
    assert (review.returncode, "colour" in stderr) == (2, True), stderr
    assert not (tmp_path / "reviews").exists()


REHEARSING = [
    (signal.SIGINT, 130, "crash", "inject: reach-first-point"),
    (signal.SIGTERM, 143, "rollback", "inject: deploy-candidate"),
]


@pytest.mark.parametrize(
    ("signal_number", "code", "when"),
    [
        (signal.SIGINT, 130, "service: pid"),
        (signal.SIGTERM, 143, "storm smoke: 1"),
        pytest.param(signal.SIGHUP, 143, "storm smoke: 1", marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_review_leaves_no_process_behind(tmp_path: Path, signal_number: int, code: int, when: str) -> None:
    """Whether it serves or presses: gateway and storm are gone when the review has ended."""
    _interrupt(tmp_path, signal_number, code, when)


@pytest.mark.nightly(minutes=2)
@pytest.mark.parametrize(("signal_number", "code", "step", "when"), REHEARSING)
def test_a_review_interrupted_in_a_drill_leaves_no_process_behind(
    tmp_path: Path, signal_number: int, code: int, step: str, when: str
) -> None:
    """In the middle of a storm and of a rollback: gateway, storm and drill are gone. The steps before that one are left out."""
    _interrupt(tmp_path, signal_number, code, when, program=(str(ONE_STEP), step))


@pytest.mark.nightly(minutes=2)
@pytest.mark.parametrize(("signal_number", "code", "step", "when"), REHEARSING)
def test_a_whole_review_interrupted_in_a_drill_leaves_no_process_behind(
    tmp_path: Path, signal_number: int, code: int, step: str, when: str
) -> None:
    """The same after all the steps that come before."""
    _interrupt(tmp_path, signal_number, code, when)


def _interrupt(tmp_path: Path, signal_number: int, code: int, when: str, program: tuple[str, ...] = ("-m", "scorecards")) -> None:
    """Signal a review as soon as it says `when`, and see what is left of it."""
    with gonogo(tmp_path, "review", "--profile", "smoke", program=program) as review:
        assert review.stderr is not None
        for line in review.stderr:
            if when in line:
                break
        review.send_signal(signal_number)
        _, stderr = review.communicate(timeout=300)
    assert review.returncode == code, stderr
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--week", "2026-W54"], "'2026-W54' is not an ISO week"),
        (["--target", "nowhere"], "no target is called 'nowhere'"),
        (["--gates", "/no/such/folder"], "/no/such/folder: no such file or folder"),
        (["--now", "yesterday"], "'yesterday' is not a moment"),
        (["--profile", "hurricane"], "hurricane"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_before_anything_is_pressed(
    tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    """Exit 2 at once, and no service was started."""
    with gonogo(tmp_path, "review", *arguments) as review:
        _, stderr = review.communicate(timeout=180)
    assert (review.returncode, complaint in stderr) == (2, True), stderr
    assert "service:" not in stderr


def test_a_credential_that_cannot_be_sent_is_refused_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2 names the variable; the value is in neither text nor file."""
    value = "gng-" + "of-the-agent-0001"
    target = tmp_path / "target.yaml"
    target.write_text(FOREIGN.replace("Bearer nobody", "'Bearer ${SHOP_KEY}'"))
    monkeypatch.setenv("SHOP_KEY", f"{value}\n")
    with gonogo(tmp_path, "review", "--target", str(target)) as review:
        stdout, stderr = review.communicate(timeout=180)
    assert (review.returncode, "SHOP_KEY" in stderr) == (2, True), stderr
    assert "review of" not in stderr
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert value not in stdout + stderr + left.decode(errors="replace")
