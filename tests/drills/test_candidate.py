"""The rollback drill on a service that it starts itself: the target's file states how another release starts."""

import drill_stage
import msgspec
import pytest

from drills.control import CandidateControl, choose_control
from drills.journal import End, Ending, RolledBack
from drills.observed import Unobserved
from drills.perform import begin, conclude, make_plan, perform
from drills.schema import load_drill
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.target import load_target
from scorecards.plan import STEPS, why_not

ROLLBACK = next(step for step in STEPS if step.name == "rollback")


def _target(candidate, **changes):
    target = drill_stage.target_of(**changes)
    same = ("--build", "ab" * 32) if candidate == "serve" else ()
    argv = drill_stage.service_argv(candidate, "--port", "{port}", "--db", "{db}", *same) if candidate else ()
    return msgspec.structs.replace(target, process=msgspec.structs.replace(target.process, candidate=argv))


@pytest.fixture
def rehearse(rooms, tmp_path, console):
    """Perform the small rollback drill with a candidate; returns the exit code and the report."""

    def run(candidate, payments=250):
        setup = [{"action": "make_release", "release": "candidate"}, {"action": "seed"}]
        spec = drill_stage.rollback_spec()
        if candidate == "mute":  # it never gets ready: how long that is waited for shows nothing
            spec["method"] = [step | ({"within": "3s"} if "release" in step else {}) for step in spec["method"]]
        drill = drill_stage.write_document(tmp_path, "Drill", "small", {**spec, "setup": [*setup, *spec["setup"]]})
        target = drill_stage.write_document(tmp_path, "Target", "fake", _target(candidate))
        plan = begin(make_plan(drill, target, 1, payments), tmp_path / "out", console)
        code = perform(plan)
        return code, conclude(plan)

    return run


@pytest.mark.process
def test_a_candidate_is_noticed_and_taken_back(rehearse, console, tmp_path):
    """On the same port and database; the evidence is about the release that `start` runs, and no folder of releases is made."""
    code, report = rehearse("bad")
    assert code is ExitCode.GREEN, console.said
    assert (report.build, report.builds["candidate"]) == ("ab" * 32, "cd" * 32)
    assert report.measures["rollback_verified"].value == "1"
    assert all(measure.value is not None for measure in report.measures.values())
    assert not (tmp_path / "out" / "releases").exists()


@pytest.mark.process
def test_a_candidate_that_does_not_fail_proves_nothing_about_noticing(rehearse):
    """Red: what watches the service saw nothing; how long a rollback takes from there is unknown."""
    code, report = rehearse("quiet", 400)
    assert code is ExitCode.RED
    assert report.ending == Ending(End.COMPLETED, deviated=True, rolled_back=RolledBack.VERIFIED)
    assert report.measures["recover_s"].value is None


@pytest.mark.process
@pytest.mark.parametrize(("candidate", "code"), [("serve", ExitCode.UNKNOWN), ("fail", ExitCode.RED), ("mute", ExitCode.RED)])
def test_a_candidate_of_the_same_build_or_one_that_does_not_start_is_no_rehearsal(rehearse, tmp_path, candidate, code):
    """The service is back in either case."""
    found, report = rehearse(candidate)
    assert found is code
    assert report.measures["recover_s"].value is None


def test_a_candidate_needs_a_build_and_is_taken_before_commands():
    """Nothing else would show which release runs."""
    drill = load_drill("rollback").spec
    assert choose_control(drill, "x", _target("bad")) is CandidateControl
    with pytest.raises(Unobserved, match="does not report its build"):
        choose_control(drill, "x", _target("bad", build=None))


def test_a_review_says_what_a_rollback_would_need():
    """A step of the review, unless neither a candidate nor commands are there."""
    assert why_not(ROLLBACK, _target("bad")) == ""
    assert "has no `process.candidate`, and no `commands` with `deploy` and `rollback`" in why_not(ROLLBACK, _target(""))


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (drill_stage.target_of().process.start, "spec.process.candidate: is the same as `start`"),
        (("./candidate", "--db", "{db}"), "spec.process.candidate: has no {port}, which `start` has"),
        (("./candidate", "--port", "{port}"), "spec.process.candidate: has no {db}, which `start` has"),
    ],
)
def test_a_candidate_that_could_not_take_the_place_of_the_service_is_refused(tmp_path, argv, text):
    """With exit code 2, and the member."""
    target = drill_stage.target_of()
    spec = msgspec.structs.replace(target, process=msgspec.structs.replace(target.process, candidate=argv))
    with pytest.raises(UsageProblem) as raised:
        load_target(drill_stage.write_document(tmp_path, "Target", "fake", spec))
    assert text in raised.value.message
