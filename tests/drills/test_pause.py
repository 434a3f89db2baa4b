"""The steps of the pause drill, on a small service that others run: its pause works, refuses nothing, or refuses too much."""

import pytest
from drill_stage import crash_spec, elsewhere, write_document

from drills.perform import begin, conclude, make_plan, perform
from drills.report import text
from gates.schema.outcome import ExitCode
from gates.schema.target import Commands, Mode

pytestmark = pytest.mark.process
SETUP = [{"action": "start_service"}, {"action": "start_storm"}]
PAUSE = {"action": "pause_service", "refused": 2, "within": "3s"}
RESUME = {"action": "resume_service", "within": "10s"}
SETTLE = {"action": "settle_open_holds", "settles": 1, "within": "1s"}


@pytest.fixture
def run_pause(rooms, tmp_path, console, monkeypatch):
    """Perform a pause drill with these modes as its commands; returns the exit code and the report."""
    with elsewhere(tmp_path) as service:
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)

        def run(method, pause="paused", resume="good", mode=None):
            spec = crash_spec(evidence="pause-drill", marker="reserve", setup=SETUP, method=method, rollback=[RESUME])
            commands = Commands(pause=service.set_mode(pause), resume=service.set_mode(resume))
            target = write_document(tmp_path, "Target", "fake", service.target(commands, mode=mode))
            drill = write_document(tmp_path, "Drill", "pause", spec)
            run = begin(make_plan(drill, target, 1, 150), tmp_path / "out", console)
            return perform(run), conclude(run)

        yield run


def test_a_pause_is_seen_in_refused_reserves_and_ends_with_one_that_is_taken(run_pause):
    """What was not measured, settles while paused, is unknown; the mode that the service reports is checked."""
    mode = Mode("/v1/status", "/mode", normal="good")
    code, report = run_pause([PAUSE, {"action": "observe_steady_state", "within": "10s"}, RESUME], mode=mode)
    assert code is ExitCode.UNKNOWN, text(report)
    assert report.ending.deviated is False
    assert "reserves refused" in report.measures["faults"].detail
    assert float(report.measures["rto_s"].value) > 0
    assert report.measures["settled_while_paused"].value is None


def test_a_pause_that_refuses_nothing_is_red(run_pause):
    """The control does not work: reserves that were sent after it are taken."""
    code, report = run_pause([PAUSE, RESUME], pause="quiet")
    assert code is ExitCode.RED, text(report)
    assert any("new reserves were taken while the service was paused" in item for item in report.deviations)


def test_a_pause_that_also_refuses_open_holds_is_red(run_pause):
    """Money that is on hold must be able to move."""
    code, report = run_pause([PAUSE, SETTLE, RESUME], pause="closed")
    assert code is ExitCode.RED, text(report)
    assert any("of the holds that were open at the pause 0 could be settled" in item for item in report.deviations)


def test_a_service_that_reports_another_mode_is_red(run_pause):
    """It refuses reserves and says that all is normal: operators would look elsewhere."""
    code, report = run_pause([PAUSE, RESUME], pause="paused", mode=Mode("/v1/status", "/mode", paused="halted"))
    assert code is ExitCode.RED, text(report)
    assert any("reports the mode 'paused', not 'halted'" in item for item in report.deviations)


def test_a_resume_that_resumes_nothing_is_a_failed_rollback(run_pause):
    """Exit 7: the service is left paused, and somebody must know at once."""
    code, report = run_pause([PAUSE, {**RESUME, "within": "1s"}], resume="closed")
    assert code is ExitCode.ROLLBACK_FAILED, text(report)
    assert any("no reserve was taken within 1s of the resume" in item for item in report.deviations)


def test_a_target_without_the_command_is_unknown_and_named(rooms, tmp_path, console, target_file):
    """The next step names the member to add."""
    spec = crash_spec(evidence="pause-drill", method=[PAUSE], rollback=[{"action": "restore_service"}])
    run = begin(make_plan(write_document(tmp_path, "Drill", "pause", spec), target_file(), 1, 150), tmp_path / "out", console)
    assert perform(run) is ExitCode.UNKNOWN
    report = conclude(run)
    assert "has no commands.pause and commands.resume: pause_service cannot be run (add it to the target file)" in report.detail
