"""Drills on a service that others run, through the commands of its target file."""

import os

import pytest

from drills.journal import End, Ending, RolledBack
from drills.perform import begin, conclude, make_plan, perform
from drills.process import Service
from gates.schema.outcome import ExitCode
from gates.schema.target import Commands


@pytest.fixture
def elsewhere(rooms, fake_target, tmp_path):
    """A fake service that the drill did not start, and the commands that act on it through its mode file."""
    service = Service(fake_target(), db=tmp_path / "elsewhere.db", logs=tmp_path / "logs", environ=dict(os.environ))
    service.start()
    os.environ["GONOGO_BASE_URL"] = service.url
    mode = tmp_path / "elsewhere.db.mode"

    def command(text):
        return ("sh", "-c", f"echo {text} > {mode}")

    yield lambda deploy: Commands(deploy=command(deploy), rollback=command("good"), kill=command("down"), restore=command("good"))
    del os.environ["GONOGO_BASE_URL"]
    service.stop()


@pytest.fixture
def rollback_file(drill_file):
    """A rollback drill for a service with releases of its own."""
    return drill_file(
        "back",
        evidence="rollback-drill",
        setup=[{"action": "start_service", "release": "stable"}, {"action": "start_storm"}],
        method=[
            {"action": "deploy_release", "release": "candidate"},
            {"action": "observe_steady_state", "expect": "broken", "within": "1s"},
        ],
        rollback=[{"action": "rollback_release", "release": "stable"}],
    )


def _perform(drill, target, out, console, payments):
    run = begin(make_plan(drill, target, 1, payments), out, console)
    code = perform(run)
    return code, conclude(run, None)


@pytest.mark.process
def test_a_defective_release_is_noticed_and_taken_back(elsewhere, rollback_file, target_file, tmp_path, console):
    """Both times are measured, and the evidence speaks of the release that ran before."""
    target = target_file(process=None, commands=elsewhere("bad"))
    code, report = _perform(rollback_file, target, tmp_path / "out", console, 250)
    assert code is ExitCode.GREEN, console.said
    assert report.build == "ab" * 32
    assert report.builds["candidate"] == "cd" * 32
    assert all(measure.value is not None for measure in report.measures.values())
    assert report.measures["steady_state_restored"].value == "1"


@pytest.mark.process
def test_a_candidate_that_goes_unnoticed_is_a_failed_drill(elsewhere, rollback_file, target_file, tmp_path, console):
    """The watch that should have seen the defect saw nothing: red, though the rollback itself was verified."""
    target = target_file(process=None, commands=elsewhere("quiet"))
    code, report = _perform(rollback_file, target, tmp_path / "out", console, 400)
    assert code is ExitCode.RED
    assert report.ending == Ending(End.COMPLETED, deviated=True, rolled_back=RolledBack.VERIFIED)
    assert "still held after 1s" in report.deviations[0]
    assert report.measures["detect_s"].value is None


@pytest.mark.process
def test_a_deployment_that_changes_nothing_is_not_a_rehearsal(elsewhere, rollback_file, target_file, tmp_path, console):
    """The same build runs after it: unknown, not green."""
    target = target_file(process=None, commands=elsewhere("good"))
    code, report = _perform(rollback_file, target, tmp_path / "out", console, 250)
    assert code is ExitCode.UNKNOWN
    assert report.status == "adapter_error"
    assert "the same build runs" in report.detail


@pytest.mark.process
def test_a_crash_drill_works_through_kill_and_restore(elsewhere, drill_file, target_file, tmp_path, console):
    """A service that is not ours is killed and restored by its owners' commands."""
    drill = drill_file(setup=[{"action": "start_service"}, {"action": "start_storm"}])
    target = target_file(process=None, commands=elsewhere("bad"))
    code, report = _perform(drill, target, tmp_path / "out", console, 200)
    assert code is ExitCode.GREEN, console.said
    assert report.measures["recover_s"].samples == 1


@pytest.mark.process
def test_a_command_that_fails_is_told_with_its_exit_code(elsewhere, rollback_file, target_file, tmp_path, console):
    """The deployment deviates, and the rollback still runs."""
    commands = Commands(deploy=("sh", "-c", "exit 9"), rollback=("true",))
    target = target_file(process=None, commands=commands)
    code, report = _perform(rollback_file, target, tmp_path / "out", console, 250)
    assert code is ExitCode.RED
    assert "exit 9" in report.deviations[0]
    assert report.ending.rolled_back is RolledBack.VERIFIED
