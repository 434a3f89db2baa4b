"""The runner is killed at a step, for every step of every shipped drill: `drill recover` leaves nothing behind.

Real drills on the reference gateway: SIGKILL as soon as the journal has the start of the step. A drill that is added to the
catalog is killed too. Of a drill that waits for a page, the steps after it are killed on the small service, where a page takes
seconds: tests/drills/incident/test_rehearsal.py.
"""

import os
import signal
import subprocess
import sys

import drill_stage
import msgspec
import pytest
from drill_stage import COMMAND
from waiting import eventually

from drills.actions.clock import FILE as CLOCK
from drills.complete import complete
from drills.journal import FILE, End, RolledBack, Status, read_journal
from drills.leftovers import leftovers
from drills.record import read_plan
from drills.report import read_report
from drills.schema import drill_names, load_drill
from drills.steps.base import action_of
from gates.schema.outcome import ExitCode

pytestmark = [pytest.mark.process, pytest.mark.power]
BY_DAY = {("network", "slow"), ("clock", "ahead")}
"""A proxy's rule and a clock's file; killed processes and mounts have tests of their own in test_recover.py and others."""

SLOWEST_S = 300


def _points(name):
    """The action and the name of each step, and the waits for the steady state, in their order."""
    drill = complete(load_drill(name).spec, name)
    steps = [(action_of(step), step.name) for step in drill.setup] + [("steady_state", "")]
    steps += [(action_of(step), step.name) for step in drill.method]
    waits = [number for number, (action, _) in enumerate(steps) if action == "await_page"]
    if waits:
        return steps[: waits[0] + 1]
    return [*steps, *((action_of(step), step.name) for step in (*drill.rollback, *drill.verify))]


def _cases():
    for name in drill_names():
        for action, step in dict.fromkeys(_points(name)):
            marks = () if (name, step) in BY_DAY else (pytest.mark.nightly,)
            yield pytest.param(name, action, step, id=f"{name}-{step or action}", marks=marks)


def _shortened(name, folder):
    """The shipped drill, with a control run of two seconds: what is killed does not depend on its length."""
    spec = msgspec.to_builtins(load_drill(name).spec)
    spec.pop("evidence", None)
    for step in spec["method"]:
        if step["action"] == "control_run":
            step["lasting"] = "2s"
    return drill_stage.write_document(folder, "Drill", name, spec)


@pytest.fixture
def environ(tmp_path):
    """State, locks and temporary files in a folder of the test's own."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "GONOGO_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}


def _started(out, action, step):
    events = read_journal(out / FILE).events if (out / FILE).exists() else ()
    return any((event.action, event.step, event.status) == (action, step, Status.STARTED) for event in events)


def _run(argv, environ, tmp_path):
    with (tmp_path / "drill.log").open("wb") as log:
        return subprocess.Popen(argv, env=environ, cwd=tmp_path, stdout=log, stderr=log)


def _left(out, tmp_path):
    """Everything that the drill could have left: processes, mounts, scratch folders and files, its lock."""
    found = leftovers(read_plan(out).run_id, read_journal(out / FILE).events, out)
    files = [str(path) for path in (*(tmp_path / "tmp").glob("gonogo-drills-*/*"), out / CLOCK) if path.exists()]
    return [*files, found.text()] if found else files


@pytest.mark.parametrize(("name", "action", "step"), list(_cases()))
def test_a_drill_whose_runner_is_killed_at_this_step_leaves_nothing_once_recovered(name, action, step, environ, tmp_path):
    """No process, mount, proxy, scratch folder, clock file or lock; the rollback is verified or was not needed."""
    out, python = tmp_path / "out", sys.executable
    argv = [python, "-m", "drills", "run", _shortened(name, tmp_path), "--out", str(out), "--payments", "150", "--no-evidence"]
    popen = _run(argv, environ, tmp_path)
    try:
        reached = eventually(lambda: _started(out, action, step) or popen.poll() is not None, SLOWEST_S)
    finally:
        popen.kill()
        popen.wait()
    assert reached, (tmp_path / "drill.log").read_text()
    assert _started(out, action, step), (tmp_path / "drill.log").read_text()
    argv = [python, "-m", "drills", "recover", str(out)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=SLOWEST_S)
    assert done.returncode == 0, done.stderr
    ending = read_journal(out / FILE).ending
    assert ending.end is End.INTERRUPTED
    assert ending.rolled_back is not RolledBack.FAILED, done.stderr
    assert _left(out, tmp_path) == []
    assert (out / "report.html").is_file()


SMALL = complete(msgspec.convert(drill_stage.crash_spec(), type(load_drill("crash").spec)), "small")
STEPS = dict.fromkeys([*(action_of(step) for step in SMALL.setup), "steady_state", *(action_of(step) for step in SMALL.method)])


@pytest.fixture
def own_locks(tmp_path, monkeypatch):
    """The folder of temporary files, and so of the locks, is the test's own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


@pytest.mark.nightly
@pytest.mark.usefixtures("rooms", "own_locks")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda number: number.name)
@pytest.mark.parametrize("action", STEPS)
def test_a_signal_at_this_step_rolls_back_and_leaves_nothing(action, number, drill_file, target_file, tmp_path):
    """The drill takes its fault back before it ends with 143; there is nothing to recover."""
    out = tmp_path / "out"
    verify = [{"action": "wait_storm", "within": "120s"}]
    argv = ["run", drill_file(verify=verify), "--target", target_file(), "--out", str(out), "--payments", "2000", "--no-evidence"]
    popen = _run([sys.executable, COMMAND, *argv], dict(os.environ), tmp_path)
    try:
        assert eventually(lambda: _started(out, action, ""), 60), (tmp_path / "drill.log").read_text()
        popen.send_signal(number)
        assert popen.wait(SLOWEST_S) == ExitCode.TERMINATED, (tmp_path / "drill.log").read_text()
    finally:
        popen.kill()
        popen.wait()
    report = read_report(out)
    assert (report.ending.end, report.ending.rolled_back is RolledBack.FAILED) == (End.INTERRUPTED, False)
    assert _left(out, tmp_path) == []
    done = subprocess.run([sys.executable, COMMAND, "recover", str(out)], capture_output=True, text=True, check=False)
    assert "nothing to do" in done.stdout
