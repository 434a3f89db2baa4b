"""The runner is killed at a step, for every kind of step and for every shipped drill: `drill recover` leaves nothing behind.

Real drills on the reference gateway: SIGKILL as soon as the journal has the start of the step. A night covers each kind of step
once and each drill at least once; of the other steps of all drills six have their turn, so that each is killed within forty
nights. A kind of step that is added is killed too. What a drill does after its page is killed on the small service, where a page
takes seconds: tests/drills/incident/test_rehearsal.py.
"""

import os
import signal
import subprocess
import sys

import drill_stage
import msgspec
import pytest
from drill_stage import COMMAND
from kill_points import AFTER_PAGE, by_night, document_of, each_kind, every_point
from waiting import eventually

from drills.actions.clock import FILE as CLOCK
from drills.complete import complete
from drills.journal import FILE, End, RolledBack, Status, read_journal
from drills.leftovers import leftovers
from drills.record import read_plan
from drills.report import read_report
from drills.schema import Drill, drill_names, load_drill
from drills.steps.base import action_of
from gates.schema.outcome import ExitCode

BY_DAY = {("network", "slow"), ("clock", "ahead")}
"""A proxy's rule and a clock's file; killed processes and mounts have tests of their own in test_recover.py and others."""

SLOWEST_S = 300
POINTS = every_point()
EVERY_NIGHT = each_kind(POINTS)
REAL = (pytest.mark.process, pytest.mark.power)


def _cases():
    for point in (*EVERY_NIGHT, *by_night(POINTS, EVERY_NIGHT)):
        marks = () if (point.drill, point.step) in BY_DAY else (pytest.mark.nightly(minutes=1),)
        yield pytest.param(point, id=f"{point.drill}-{point.step or point.action}", marks=(*REAL, *marks))


def test_every_kind_of_step_and_every_drill_has_its_kill():
    """A step that a shipped drill has is killed here or, after its page, on the small service; each drill is killed once."""
    used = {action_of(step) for name in drill_names() for step in load_drill(name).spec.steps}
    killed = {point.action for point in EVERY_NIGHT}
    assert used - killed == set(AFTER_PAGE)
    assert {point.drill for point in EVERY_NIGHT} >= set(drill_names())


def test_every_other_point_has_its_night(monkeypatch):
    """Within forty nights, whichever is the first."""
    rest = set(POINTS) - set(EVERY_NIGHT)
    seen = set()
    for night in range(330, 370):
        monkeypatch.setenv("GONOGO_NIGHT", str(night))
        seen |= set(by_night(POINTS, EVERY_NIGHT))
    assert seen == rest


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


@pytest.mark.parametrize("point", list(_cases()))
def test_a_drill_whose_runner_is_killed_at_this_step_leaves_nothing_once_recovered(point, environ, tmp_path):
    """No process, mount, proxy, scratch folder, clock file or lock; the rollback is verified or was not needed."""
    out, python, action, step = tmp_path / "out", sys.executable, point.action, point.step
    drill = drill_stage.write_document(tmp_path, "Drill", point.drill, document_of(point.drill))
    argv = [python, "-m", "drills", "run", drill, "--out", str(out), "--payments", "150", "--no-evidence"]
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


SMALL = complete(msgspec.convert(drill_stage.crash_spec(), Drill), "small")
STEPS = dict.fromkeys([*(action_of(step) for step in SMALL.setup), "steady_state", *(action_of(step) for step in SMALL.method)])


@pytest.fixture
def own_locks(tmp_path, monkeypatch):
    """The folder of temporary files, and so of the locks, is the test's own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


@pytest.mark.process
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
