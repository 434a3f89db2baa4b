"""From a run's record to its measures."""

import pytest

from drills.measures import measures_of
from drills.record import Check, Finding, Kill, Record
from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.outcome import UnknownReason

ZERO = Measure("0", "count", samples=300)
RULES = ("double_settles", "lost_settles", "stuck_credits", "unknown_outcome_violations", "balance_mismatches")


def _check(*findings, **replaced):
    return Check({**dict.fromkeys(RULES, ZERO), **replaced}, findings)


def _rollback(**record):
    return measures_of(EvidenceKind.ROLLBACK_DRILL, Record(**record), True, UnknownReason.MISSING)


def test_the_slowest_recovery_counts():
    """Three kills, the largest time, and all of them told."""
    kills = [Kill(10.0, 30, 0.5), Kill(20.0, 60, 1.25), Kill(30.0, 90, 0.75)]
    measures = measures_of(EvidenceKind.CRASH_DRILL, Record(kills=kills, in_flight=[3, 0, 2]), True, UnknownReason.MISSING)
    recover = measures["recover_s"]
    assert (recover.value, recover.statistic, recover.samples) == ("1.250", "max", 3)
    assert "0.500 s, 1.250 s, 0.750 s" in recover.detail
    assert measures["kills"].value == "3"
    assert measures["in_flight_at_kill"].value == "5"


def _power(*unsynced):
    kills = [Kill(10.0, 30, 0.5, unsynced=count) for count in unsynced]
    return measures_of(EvidenceKind.POWER_DRILL, Record(kills=kills), True, UnknownReason.NOT_RUN)


def test_each_power_loss_tells_what_was_not_synced():
    """A cut that took nothing with it has shown nothing, so it is told and not counted."""
    measures = _power(12, 0)
    assert [measures[name].value for name in ("power_losses", "unsynced_writes", "recover_s")] == ["1", "12", "0.500"]
    assert measures["unsynced_writes"].detail.endswith(": 12, 0")
    assert measures["lost_settles"].value is None


def test_power_that_took_nothing_with_it_is_no_proof():
    """Gate C asks for one loss at least, and gets an unknown that says why."""
    losses = _power(0, 0)["power_losses"]
    assert (losses.value, losses.unknown) == (None, UnknownReason.MISSING)
    assert "everything was synced" in losses.detail


def test_a_kill_without_a_recovery_leaves_the_recovery_time_unknown():
    """The largest of the others would be a lie."""
    kills = [Kill(10.0, 30, 0.5), Kill(20.0, 60)]
    measures = measures_of(EvidenceKind.CRASH_DRILL, Record(kills=kills), False, UnknownReason.MISSING)
    assert measures["recover_s"].value is None


@pytest.mark.parametrize("kind", [EvidenceKind.CRASH_DRILL, EvidenceKind.POWER_DRILL, EvidenceKind.ROLLBACK_DRILL])
def test_what_a_run_did_not_get_to_is_unknown_for_the_runs_reason(kind):
    """Nothing defaults to zero."""
    measures = measures_of(kind, Record(), False, UnknownReason.NOT_RUN)
    assert {measure.value for measure in measures.values()} == {None}
    assert {measure.unknown for measure in measures.values()} == {UnknownReason.NOT_RUN}


def test_detection_and_recovery_are_told_from_both_starting_points():
    """Detection from the moment the candidate serves; recovery from detection, and from the deployment."""
    measures = _rollback(deploy_s=10.0, serving_s=11.0, detected_s=11.5, steady_again_s=15.0)
    assert measures["detect_s"].value == "0.500"
    assert measures["recover_s"].value == "3.500"
    assert "5.000 s from the start of the deployment" in measures["recover_s"].detail
    assert measures["steady_state_restored"].value == "1"


def test_a_rollback_that_did_not_hold_is_zero_not_unknown():
    """It was tried, and it failed."""
    measures = measures_of(EvidenceKind.ROLLBACK_DRILL, Record(deploy_s=10.0), False, UnknownReason.MISSING)
    assert measures["steady_state_restored"].value == "0"
    assert measures["rollback_verified"].value == "0"


def test_a_payment_with_two_findings_is_unaccounted_once():
    """Payments are counted, not findings."""
    findings = [Finding("lost_settle", "pay_1"), Finding("stuck_credit", "pay_1"), Finding("balance_mismatch", None)]
    assert _rollback(check=_check(*findings))["payments_unaccounted"].value == "2"
    assert _rollback(check=_check())["payments_unaccounted"] == Measure("0", "count", samples=300)


def test_accounting_is_unknown_where_a_rule_could_not_judge():
    """Without the ledger nobody can say that every payment is accounted for."""
    blind = Measure(None, "count", unknown=UnknownReason.ADAPTER_ERROR)
    measure = _rollback(check=_check(lost_settles=blind))["payments_unaccounted"]
    assert measure.value is None
    assert measure.detail == "lost_settles"
