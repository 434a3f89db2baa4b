"""Two drills on one target at once: the second is refused, whatever became of the first."""

import os
import subprocess
import sys

import pytest
from drill_stage import COMMAND

from drills.lock import TargetLock
from drills.perform import begin, conclude, make_plan, perform
from drills.recover import recover
from gates.schema.errors import RefusedProblem
from gates.schema.outcome import ExitCode
from gates.schema.time import system_clock

AWAY = "http://127.0.0.1:9"


@pytest.fixture
def plan(rooms, drill_file, target_file, tmp_path, monkeypatch):
    """A plan against a service of others, with locks in a folder of the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return make_plan(drill_file(), target_file(process=None, base_url=AWAY), 1, None)


def test_a_second_drill_on_a_target_is_refused_with_5_until_the_first_has_ended(plan, tmp_path, console):
    """The folder of the first one is named; afterwards the target is free, and no lock is left."""
    first = begin(plan, tmp_path / "first", console)
    with pytest.raises(RefusedProblem, match=r"another drill runs on the target 'fake', in .*first") as refused:
        begin(plan, tmp_path / "second", console)
    assert refused.value.exit_code == ExitCode.REFUSED
    assert not (tmp_path / "second").exists()
    perform(first)
    conclude(first)
    second = begin(plan, tmp_path / "second", console)
    perform(second)
    conclude(second)
    assert not list(tmp_path.glob("gonogo-drills-*/*"))


def test_a_killed_drill_keeps_its_target_until_it_is_recovered(plan, tmp_path, console):
    """Its fault may still be there: the next one is refused, and names the command that takes it back."""
    with TargetLock(plan, tmp_path / "killed", os.environ) as lock:
        killed = begin_without_lock(plan, tmp_path / "killed", console)
        killed.journal.close()
        lock.lose()
        with pytest.raises(RefusedProblem, match="was killed, and its fault may still be there") as refused:
            begin(plan, tmp_path / "next", console)
        assert refused.value.next_step == f"gonogo drill recover {tmp_path / 'killed'}"
        recover(killed.out, console, system_clock, dict(os.environ))
        let_go(begin(plan, tmp_path / "next", console))


def let_go(run):
    """End a run that did nothing."""
    run.journal.close()
    run.lock.release()


def begin_without_lock(plan, out, console):
    """The folder of a drill, as one that died right after its beginning."""
    return begin(plan, out, console, dry_run=True)


def test_a_folder_that_is_gone_keeps_no_target(plan, tmp_path, console):
    """What was deleted cannot be recovered, so the target must not stay locked for ever."""
    lock = TargetLock(plan, tmp_path / "deleted", os.environ)
    lock.lose()
    let_go(begin(plan, tmp_path / "next", console))


def test_two_state_folders_may_each_start_a_service_of_their_own(rooms, drill_file, target_file, tmp_path, console, monkeypatch):
    """A service that a drill starts is no other drill's, unless both are of one state folder."""
    plan = make_plan(drill_file(), target_file(), 1, None)
    first = begin(plan, tmp_path / "first", console)
    with pytest.raises(RefusedProblem, match="another drill runs"):
        begin(plan, tmp_path / "second", console)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "other-home"))
    let_go(begin(plan, tmp_path / "second", console))
    let_go(first)


@pytest.mark.process
def test_the_command_ends_with_5_while_another_process_has_the_target(plan, rooms, drill_file, target_file, tmp_path):
    """The lock is the kernel's, so it works between processes."""
    argv = ["run", drill_file(), "--target", target_file(process=None, base_url=AWAY), "--no-evidence", "--out"]
    with TargetLock(plan, tmp_path / "first", os.environ):
        environ = {**os.environ, "TMPDIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, COMMAND, *argv, str(tmp_path / "second")], env=environ, capture_output=True, text=True, check=False
        )
    assert done.returncode == ExitCode.REFUSED, done.stderr
    assert "another drill runs on the target" in done.stderr
