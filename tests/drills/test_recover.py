"""Drills that are ended from outside: by a signal that they can answer, and by one that they cannot."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from drill_stage import COMMAND
from waiting import eventually

from drills.child import MARKER, spawn
from drills.journal import FILE, End, Ending, Phase, RolledBack, Status, read_journal
from drills.leftovers import carriers, recorded
from drills.perform import begin, make_plan
from drills.recover import end_processes, recover
from drills.report import read_report
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.time import system_clock

pytestmark = pytest.mark.each_python

LONG = [{"action": "sigkill"}, {"action": "wait_for_settles", "share": ["1", "1"], "within": "60s"}]
ROLLED_BACK = Ending(End.INTERRUPTED, deviated=False, rolled_back=RolledBack.VERIFIED)


@pytest.fixture
def running(rooms, tmp_path, drill_file, target_file):
    """A drill in a process of its own, in the middle of its method: the service is killed, the storm goes on."""
    out = tmp_path / "out"
    argv = ["run", drill_file(method=LONG), "--target", target_file(), "--out", str(out), "--payments", "2000", "--no-evidence"]
    log = (tmp_path / "drill.log").open("wb")
    with log, subprocess.Popen([sys.executable, COMMAND, *argv], stdout=log, stderr=log) as popen:
        assert eventually(lambda: _reached(out, "wait_for_settles"), 20), (tmp_path / "drill.log").read_text()
        yield popen, out
        popen.kill()


def _reached(out, action):
    if not (out / FILE).exists():
        return False
    return any((event.action, event.status) == (action, Status.STARTED) for event in read_journal(out / FILE).events)


def _drained(terminal):
    """Read what the terminal was sent, so that whoever writes to it goes on."""
    with contextlib.suppress(BlockingIOError):
        while os.read(terminal, 65536):
            pass
    return True


def _cli(*argv):
    return subprocess.run([sys.executable, COMMAND, *argv], capture_output=True, text=True, check=False, timeout=180)


@pytest.mark.process
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGHUP, ExitCode.TERMINATED),
        (signal.SIGQUIT, ExitCode.TERMINATED),
    ],
    ids=["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"],
)
def test_a_signal_rolls_back_before_the_drill_ends(running, number, code):
    """The service is back and steady before the process ends with the signal's code, and nothing is left."""
    popen, out = running
    popen.send_signal(number)
    assert popen.wait(120) == code
    report = read_report(out)
    assert report.ending == ROLLED_BACK
    assert report.status == "interrupted"
    assert {measure.unknown for measure in report.measures.values() if measure.value is None} == {"not_run"}
    assert not [item for item in recorded(read_journal(out / FILE).events) if item.alive()]


@pytest.mark.process
def test_a_terminal_that_closes_rolls_back_before_the_drill_ends(rooms, tmp_path, drill_file, target_file):
    """SIGHUP by the kernel, and a stderr that cannot be written to any more: the rollback is done all the same."""
    out = tmp_path / "out"
    argv = ["run", drill_file(method=LONG), "--target", target_file(), "--out", str(out), "--payments", "2000", "--no-evidence"]
    terminal, end = os.openpty()
    os.set_blocking(terminal, False)
    whole = ["setsid", "--ctty", sys.executable, COMMAND, *argv]
    with subprocess.Popen(whole, stdin=end, stdout=end, stderr=end) as popen:
        os.close(end)
        assert eventually(lambda: _drained(terminal) and _reached(out, "wait_for_settles"), 20)
        os.close(terminal)
        assert popen.wait(30) == ExitCode.TERMINATED
    assert read_report(out).ending == ROLLED_BACK


@pytest.mark.process
def test_a_drill_that_was_killed_is_recovered_once_and_then_there_is_nothing_to_do(running, console):
    """SIGKILL: no process survives, recover rolls back and writes the end, and doing it again changes nothing."""
    popen, out = running
    popen.kill()
    popen.wait()
    first = _cli("recover", str(out))
    assert first.returncode == 0, first.stderr
    assert "rollback verified" in first.stdout
    history = read_journal(out / FILE)
    assert history.ending == ROLLED_BACK
    assert not [item for item in recorded(history.events) if item.alive()]
    data = (out / FILE).read_bytes()
    assert "nothing to do" in _cli("recover", str(out)).stdout
    assert (out / FILE).read_bytes() == data
    assert read_report(out).status == "interrupted"


@pytest.mark.process
def test_a_drill_that_still_runs_is_not_recovered(running):
    """The journal is locked by its writer."""
    _, out = running
    refused = _cli("recover", str(out))
    assert refused.returncode == ExitCode.USAGE
    assert "still writing" in refused.stderr


@pytest.fixture
def dead(rooms, drill_file, target_file, tmp_path, console):
    """The folder of a drill that died before it injected anything, and its run."""
    run = begin(make_plan(drill_file(), target_file(), 1, None), tmp_path / "dead", console)
    run.journal.write(Phase.PREFLIGHT, "seed", Status.STARTED)
    run.journal.close()
    run.lock.lose()
    return run


def test_a_drill_that_died_before_its_method_needs_no_rollback(dead, console):
    """Nothing was injected, so nothing is started."""
    recovered = recover(dead.out, console, system_clock, dict(os.environ))
    assert read_journal(dead.out / FILE).ending == Ending(End.INTERRUPTED, False, RolledBack.NOT_NEEDED)
    assert recovered.control is None


def test_a_torn_last_line_is_told_in_the_next_one(dead, console):
    """The chain goes on after it."""
    with (dead.out / FILE).open("ab") as file:
        file.write(b'{"action":"sig')
    recover(dead.out, console, system_clock, dict(os.environ))
    (line,) = [event for event in read_journal(dead.out / FILE).events if event.action == "recover"]
    assert line.facts == {"torn_bytes": 14}


@pytest.mark.process
def test_only_the_recorded_processes_are_ended(dead, environ, tmp_path, console):
    """A pid that belongs to somebody else by now is left alone; a child of the run that was not written down is not."""
    stranger = spawn(["sleep", "60"], environ, tmp_path / "stranger")
    unwritten = spawn(["sleep", "60"], {**environ, MARKER: dead.plan.run_id}, tmp_path / "unwritten")
    run = begin(dead.plan, tmp_path / "again", console, dry_run=True)
    recycled = type(stranger.identity)(stranger.identity.pid, "00000000-1")
    run.note_process("service", recycled)
    try:
        assert carriers(dead.plan.run_id) == [unwritten.identity]
        assert end_processes(run, read_journal(run.journal.path).events) == 1
        assert unwritten.wait(60)
        assert stranger.alive()
    finally:
        run.journal.close()
        stranger.end()
        unwritten.end()


def test_a_folder_without_a_drill_is_refused(tmp_path, console):
    """There is nothing to read."""
    with pytest.raises(UsageProblem, match="not the folder of a drill"):
        recover(tmp_path, console, system_clock, {})


def test_a_process_that_is_just_being_started_is_looked_at_again(tmp_path):
    """It has a program, but neither arguments nor an environment yet; the kernel's own processes never get one."""
    starting, kernel = tmp_path / str(os.getppid()), tmp_path / "2"
    for entry in (starting, kernel):
        entry.mkdir()
        (entry / "environ").write_bytes(b"")
        (entry / "cmdline").write_bytes(b"")
    (starting / "exe").symlink_to(sys.executable)
    looks = []

    def pause(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            (starting / "environ").write_bytes(f"A=b\0{MARKER}=run\0".encode())

    (found,) = carriers("run", tmp_path, pause)
    assert found.pid == os.getppid()
    assert len(looks) == 3
