"""A drill of one's own says what it injects; the rest follows from it."""

import msgspec
import pytest

from drills.complete import complete
from drills.perform import make_plan
from drills.schema import Drill, drill_names, load_drill
from drills.steps.base import action_of
from gates.schema.errors import UsageProblem


def whole(**parts):
    """The completed drill of these parts."""
    return complete(msgspec.convert(parts, Drill), "my-drill.yaml")


def names(steps):
    """The actions of steps."""
    return [action_of(step) for step in steps]


def test_a_method_alone_is_a_drill():
    """Setup, rollback and audit follow from its steps; its evidence is its own kind."""
    drill = whole(method=[{"action": "sigkill"}, {"action": "restart"}])
    assert names(drill.setup) == ["seed", "start_service", "start_storm"]
    assert names(drill.rollback) == ["restore_service"]
    assert names(drill.verify) == ["wait_storm", "audit", "check_database"]
    assert drill.evidence == "own-drill"


def test_a_fault_that_needs_a_disk_gets_one_before_the_seed():
    """The seed writes the database."""
    drill = whole(method=[{"action": "cut_power", "unsynced": "lost"}])
    assert names(drill.setup) == ["mount_disk", "seed", "start_service", "start_storm"]


def test_a_stolen_key_is_revoked_in_any_case_and_its_receipts_are_verified():
    """Whatever state the drill was stopped in."""
    drill = whole(method=[{"action": "pin_keys"}, {"action": "steal_key"}])
    assert names(drill.rollback) == ["revoke_key", "restore_service"]
    assert names(drill.verify) == ["wait_storm", "audit", "check_database", "verify_receipts"]


def test_a_setup_that_lacks_what_a_fault_needs_is_refused():
    """Before anything is started, naming both."""
    with pytest.raises(UsageProblem, match=r"my-drill.yaml: \$.spec.setup: cut_power needs mount_disk there"):
        whole(setup=[{"action": "seed"}], method=[{"action": "cut_power", "unsynced": "lost"}])


def test_a_deployment_that_nothing_takes_back_is_refused():
    """Only the document knows which release to return to."""
    with pytest.raises(UsageProblem, match="nothing takes deploy_release back"):
        whole(method=[{"action": "deploy_release", "release": "candidate"}])


def test_a_rollback_as_written_is_kept_and_completed():
    """What it undoes already is not undone twice."""
    drill = whole(method=[{"action": "sigkill"}], rollback=[{"action": "restore_service", "within": "5s"}])
    assert [(action_of(step), step.within) for step in drill.rollback] == [("restore_service", "5s")]


def test_a_method_without_a_step_is_refused(tmp_path):
    """It would inject nothing."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"method": []}, Drill)


JUDGED = [name for name in drill_names() if load_drill(name).spec.evidence != "own-drill"]


@pytest.mark.parametrize("name", JUDGED)
def test_a_shipped_drill_states_all_of_its_parts(name):
    """What is judged by gates stands in its document, not in defaults."""
    drill = load_drill(name).spec
    assert complete(drill, name) == drill


def test_a_weaker_drill_cannot_take_the_name_of_a_shipped_ones_evidence(tmp_path):
    """A gate that reads `crash-drill` reads the shipped crash drill."""
    own = tmp_path / "crash.yaml"
    spec = {"evidence": "crash-drill", "method": [{"action": "sigkill"}, {"action": "restart"}]}
    document = {"apiVersion": "gonogo/v1", "kind": "Drill", "metadata": {"name": "crash"}, "spec": spec}
    own.write_bytes(msgspec.yaml.encode(document))
    with pytest.raises(UsageProblem, match=r"\$.spec.evidence: crash-drill is the evidence of a shipped drill"):
        make_plan(str(own), "local", 1, None)
