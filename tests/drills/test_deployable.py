"""A drill that deploys to a service of others obeys the freeze, by the same check as every other way to production."""

from time import sleep

import drill_stage
import pytest
from freezes import ALWAYS, BUILD, put_exception, put_people, write_calendar

from drills.commands import CommandRunner
from drills.deployable import LetThrough, deploys, require_build, require_let_through
from drills.perform import begin, conclude, make_plan, perform
from drills.schema import load_drill
from gates.schema.errors import RefusedProblem
from gates.schema.outcome import ExitCode
from gates.schema.state import make_state
from gates.schema.target import Commands, load_target

CANDIDATE = "cd" * 32
"""The build of the small service's defective release."""


@pytest.fixture
def frozen(tmp_path, monkeypatch):
    """A working folder whose calendar freezes whenever a test runs, and its state folder with Signers."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    write_calendar(tmp_path / "freeze.yaml", ALWAYS)
    put_people(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def elsewhere(rooms, monkeypatch, tmp_path):
    """A small service that the drill did not start."""
    with drill_stage.elsewhere(tmp_path) as service:
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)
        yield service


@pytest.fixture
def rollback(elsewhere, tmp_path, console):
    """Perform the rollback drill on the service; gives its exit code and report, and whether the deploy command ran."""

    def run():
        deployed = tmp_path / "deployed"
        argv = ("sh", "-c", f"touch {deployed}; {elsewhere.set_mode('bad')[2]}")
        commands = Commands(deploy=argv, rollback=elsewhere.set_mode("good"))
        drill = drill_stage.write_document(tmp_path, "Drill", "small", drill_stage.rollback_spec())
        target = drill_stage.write_document(tmp_path, "Target", "fake", elsewhere.target(commands))
        plan = begin(make_plan(drill, target, 1, 250), tmp_path / "out", console)
        code = perform(plan)
        return code, conclude(plan), deployed.exists()

    return run


def _nothing_counts(report, why):
    assert report.status == "not_run"
    assert why in report.detail, report.detail
    assert {(measure.value, measure.unknown) for measure in report.measures.values()} == {(None, "not_run")}


@pytest.mark.process
def test_in_a_freeze_nothing_is_deployed_and_no_load_starts(frozen, rollback, tmp_path):
    """Exit 5; the measures are unknown, and say why."""
    code, report, deployed = rollback()
    assert (code, deployed) == (ExitCode.REFUSED, False)
    _nothing_counts(report, "freeze: a freeze is in force: release-stop")
    assert not (tmp_path / "out" / "storm").exists()


@pytest.mark.process
def test_without_a_readable_calendar_nothing_is_deployed(frozen, rollback, tmp_path):
    """Taking the calendar away is no way around it."""
    (tmp_path / "freeze.yaml").unlink()
    code, report, deployed = rollback()
    assert (code, deployed) == (ExitCode.REFUSED, False)
    _nothing_counts(report, "no freeze calendar is given")


@pytest.mark.process
def test_the_build_that_a_signed_act_names_is_deployed_and_rehearsed(frozen, rollback, console):
    """An exception of two people lets just this build through."""
    put_exception(frozen, CANDIDATE)
    code, report, deployed = rollback()
    assert (code, deployed, report.builds["candidate"]) == (ExitCode.GREEN, True, CANDIDATE), console.said


@pytest.mark.process
def test_another_build_than_the_named_one_is_taken_back_at_once(frozen, rollback):
    """What the command deploys is seen after it: exit 5, rolled back, and nothing counts as a rehearsal."""
    put_exception(frozen, BUILD)
    code, report, deployed = rollback()
    assert (code, deployed) == (ExitCode.REFUSED, True)
    _nothing_counts(report, f"the build {CANDIDATE[:12]} was deployed, and signed acts name {BUILD[:12]}")
    assert report.ending.rolled_back == "verified"


@pytest.mark.process
def test_a_freeze_that_begins_during_the_drill_stops_the_deployment_itself(frozen, tmp_path):
    """The command is not run; the way back always is."""
    done = tmp_path / "done"
    runner = CommandRunner(Commands(deploy=("touch", str(done)), rollback=("touch", str(done))), tmp_path / "logs", _note, {})
    environ = {"PATH": "/usr/bin:/bin", "GONOGO_HOME": str(frozen)}
    with pytest.raises(RefusedProblem, match="nothing says what is deployed"):
        runner.run("deploy", environ, 30.0, sleep)
    assert not done.exists()
    runner.run("rollback", environ, 30.0, sleep)
    assert done.exists()
    done.unlink()
    write_calendar(tmp_path / "freeze.yaml")
    runner.run("deploy", environ, 30.0, sleep)
    assert (done.exists(), runner.let_through) == (True, LetThrough(any_build=True, builds=()))


@pytest.mark.process
def test_in_a_rehearsal_nothing_is_deployed_to_a_service_of_others(frozen, tmp_path):
    """Its clock can be set, so its answer decides nothing."""
    make_state(tmp_path / "rehearsal", rehearsal=True)
    write_calendar(tmp_path / "freeze.yaml")
    with pytest.raises(RefusedProblem, match="in a rehearsal nothing is deployed"):
        require_let_through({"PATH": "/usr/bin:/bin", "GONOGO_HOME": str(tmp_path / "rehearsal")})


@pytest.mark.process
def test_a_check_that_gives_no_answer_lets_nothing_through(frozen, tmp_path):
    """A damaged state folder, a calendar with a fault: refused, naming the reason."""
    (frozen / "state.json").write_text("{")
    with pytest.raises(RefusedProblem, match=r"state\.json"):
        require_let_through({"PATH": "/usr/bin:/bin", "GONOGO_HOME": str(frozen)})


def test_a_service_that_the_drill_starts_itself_is_no_deployment():
    """The shipped rollback drill on the shipped target deploys nothing; a crash drill nowhere."""
    own, drill = load_target("local").target, load_drill("rollback").spec
    assert (own.process is not None, deploys(drill, own)) == (True, False)
    others = drill_stage.target_of(process=None, commands=Commands(deploy=("true",), rollback=("true",)))
    assert deploys(drill, others)
    assert not deploys(load_drill("crash").spec, others)


@pytest.mark.parametrize(
    ("let_through", "build", "refused"),
    [
        (LetThrough(any_build=True, builds=()), None, False),
        (LetThrough(any_build=False, builds=(BUILD,)), BUILD, False),
        (LetThrough(any_build=False, builds=(BUILD,)), CANDIDATE, True),
        (LetThrough(any_build=False, builds=(BUILD,)), None, True),
        (LetThrough(any_build=False, builds=()), BUILD, True),
    ],
)
def test_the_build_that_runs_after_a_deployment_has_to_be_named(let_through, build, refused):
    """One that nobody can read is not."""
    try:
        require_build(let_through, build)
    except RefusedProblem:
        assert refused
    else:
        assert not refused


def _note(_name: str, _identity: object) -> None:
    """Nothing is journaled here."""
