"""Drills on a service that others run, through the commands of its target file."""

import drill_stage
import pytest
from drill_stage import INSTANCE
from freezes import write_calendar

from drills.journal import End, Ending, RolledBack
from drills.perform import begin, conclude, make_plan, perform
from gates.schema.outcome import ExitCode
from gates.schema.target import Commands, Instance

START = [{"action": "start_service"}, {"action": "start_storm"}]
NOTHING = ("true",)


@pytest.fixture
def elsewhere(rooms, monkeypatch, tmp_path):
    """A small service that the drill did not start; a freeze calendar without a window lets drills deploy to it."""
    write_calendar(tmp_path / "freeze.yaml")
    monkeypatch.chdir(tmp_path)
    with drill_stage.elsewhere(tmp_path) as service:
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)  # for the small storm, which reads no target file
        yield service


@pytest.fixture
def run_on(elsewhere, tmp_path, console):
    """Perform a drill on a target of these commands; returns the exit code and the report."""

    def run(spec, commands, payments=250, **changes):
        drill = drill_stage.write_document(tmp_path, "Drill", "small", spec)
        target = drill_stage.write_document(tmp_path, "Target", "fake", elsewhere.target(commands, **changes))
        plan = begin(make_plan(drill, target, 1, payments), tmp_path / "out", console)
        code = perform(plan)
        return code, conclude(plan)

    return run


def _releases(elsewhere, candidate):
    return Commands(deploy=elsewhere.set_mode(candidate), rollback=elsewhere.set_mode("good"))


def _nothing_counts(report, why):
    """Not run: every measure is unknown, and says why."""
    assert report.status == "not_run"
    assert {(measure.value, measure.unknown) for measure in report.measures.values()} == {(None, "not_run")}
    assert why in report.detail
    assert all(why in measure.detail for measure in report.measures.values())


@pytest.mark.process
def test_a_defective_release_is_noticed_and_taken_back(elsewhere, run_on, console):
    """Both times are measured, and the evidence is about the release that ran before."""
    code, report = run_on(drill_stage.rollback_spec(), _releases(elsewhere, "bad"))
    assert code is ExitCode.GREEN, console.said
    assert report.build == "ab" * 32
    assert report.builds["candidate"] == "cd" * 32
    assert all(measure.value is not None for measure in report.measures.values())
    assert report.measures["steady_state_restored"].value == "1"


@pytest.mark.process
def test_a_candidate_that_goes_unnoticed_is_a_failed_drill(elsewhere, run_on):
    """The watch that should have seen the defect saw nothing: red, though the rollback itself was verified."""
    code, report = run_on(drill_stage.rollback_spec(), _releases(elsewhere, "quiet"), 400)
    assert code is ExitCode.RED
    assert report.ending == Ending(End.COMPLETED, deviated=True, rolled_back=RolledBack.VERIFIED)
    assert "still held after 1s" in report.deviations[0]
    assert report.measures["detect_s"].value is None


@pytest.mark.process
def test_a_deployment_that_changes_nothing_is_not_a_rehearsal(elsewhere, run_on):
    """The same build runs after it: unknown, not green."""
    code, report = run_on(drill_stage.rollback_spec(), _releases(elsewhere, "good"))
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "the same build runs")


@pytest.mark.process
def test_a_rollback_that_does_not_bring_the_build_back_has_failed(elsewhere, run_on):
    """Whatever its command returns: another build runs than before."""
    code, report = run_on(drill_stage.rollback_spec(), Commands(deploy=elsewhere.set_mode("quiet"), rollback=NOTHING))
    assert code is ExitCode.ROLLBACK_FAILED
    assert report.measures["rollback_verified"].value == "0"


@pytest.mark.process
def test_a_release_whose_build_nobody_can_read_is_not_deployed(elsewhere, run_on):
    """Nothing would show that another one runs."""
    code, report = run_on(drill_stage.rollback_spec(), _releases(elsewhere, "bad"), build=None)
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "add spec.build to the target file")
    assert report.ending.rolled_back is RolledBack.NOT_NEEDED


@pytest.mark.process
@pytest.mark.parametrize(
    "instance",
    [
        INSTANCE,
        Instance("/readyz", header="X-Instance"),
        Instance("/v1/status", pointer="/pid"),
        Instance("/metrics", metric="process_start_time_seconds"),
    ],
    ids=["pointer", "header", "number", "metric"],
)
def test_a_crash_drill_works_through_kill_and_restore(elsewhere, run_on, console, instance):
    """A service that is not ours is killed and restored by its owners' commands, and its id shows the restart."""
    commands = Commands(kill=elsewhere.kill, restore=elsewhere.restore)
    code, report = run_on(drill_stage.crash_spec(setup=START), commands, instance=instance)
    assert code is ExitCode.GREEN, console.said
    assert (report.measures["kills"].value, report.measures["recover_s"].samples) == ("1", 1)


@pytest.mark.process
def test_commands_that_do_nothing_kill_nothing(elsewhere, run_on, monkeypatch):
    """The service was never away, so no kill counts and no audit either."""
    monkeypatch.setattr("drills.commanded.GONE_S", 0.5)
    code, report = run_on(drill_stage.crash_spec(setup=START), Commands(kill=NOTHING, restore=NOTHING))
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "the service was not seen to go")


@pytest.mark.process
def test_a_service_that_was_away_and_is_the_same_process_was_not_killed(elsewhere, run_on):
    """A pause, or a switch to 503, tests nothing of what a crash does."""
    commands = Commands(kill=elsewhere.set_mode("down"), restore=elsewhere.set_mode("good"))
    code, report = run_on(drill_stage.crash_spec(setup=START), commands)
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "it is the same process")


@pytest.mark.process
def test_without_an_instance_nothing_is_killed(elsewhere, run_on):
    """Nothing would show that another process answers."""
    commands = Commands(kill=elsewhere.kill, restore=elsewhere.restore)
    code, report = run_on(drill_stage.crash_spec(setup=START), commands, instance=None)
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "add spec.instance to the target file")
    assert report.ending.rolled_back is RolledBack.NOT_NEEDED


@pytest.mark.process
def test_an_id_that_changes_without_a_restart_shows_none(elsewhere, run_on):
    """Such as the time of the request."""
    commands = Commands(kill=elsewhere.kill, restore=elsewhere.restore)
    code, report = run_on(drill_stage.crash_spec(setup=START), commands, instance=Instance("/readyz", header="X-Request"))
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, "spec.instance gave 3 ids in 3 reads")


@pytest.mark.process
@pytest.mark.parametrize(
    ("instance", "place"),
    [
        (Instance("/v1/status", pointer="/absent"), "at /absent"),
        (Instance("/metrics", pointer="/instance"), "/metrics does not return the instance"),
        (Instance("/readyz", header="X-Absent"), "at the header X-Absent"),
        (Instance("/metrics", metric="process_start"), "at the metric process_start"),
    ],
    ids=["pointer", "no JSON", "header", "metric"],
)
def test_an_instance_that_is_not_there_is_named_before_any_load(run_on, instance, place):
    """The field, and where it was looked for."""
    commands = Commands(kill=NOTHING, restore=NOTHING)
    code, report = run_on(drill_stage.crash_spec(setup=START), commands, instance=instance)
    assert code is ExitCode.UNKNOWN
    _nothing_counts(report, place)
    assert "spec.instance cannot be read" in report.detail


@pytest.mark.process
def test_a_command_that_fails_is_reported_with_its_exit_code(run_on):
    """The deployment deviates, and the rollback still runs."""
    code, report = run_on(drill_stage.rollback_spec(), Commands(deploy=("sh", "-c", "exit 9"), rollback=NOTHING))
    assert code is ExitCode.RED
    assert "exit 9" in report.deviations[0]
    assert report.ending.rolled_back is RolledBack.VERIFIED
