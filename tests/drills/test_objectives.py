"""RTO and RPO follow from the marks that clients wrote through the service."""

import pytest

from drills.faults import Fault
from drills.markers import Marker, read_markers
from drills.objectives import NONE, Lives, objectives
from drills.record import Check, Finding
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason

S = 1_000_000_000


def mark(begun, ended, answer="ok", operation="settle", payment=None):
    """One attempt, in seconds."""
    return Marker(operation, payment, int(begun * S), int(ended * S), answer == "ok", answer == "bad")


def fault(at, seen, detected=None, cleared=None, name="kill"):
    """One fault, in seconds."""
    ns = [None if moment is None else int(moment * S) for moment in (at, seen, detected, cleared)]
    return Fault(name, ns[0], ns[1], "gone", ns[2], ns[3])


def check(*lost, samples=9, value=None):
    """The audit's check with these lost payments."""
    measure = Measure(str(len(lost)) if value is None else value, "count", samples=samples)
    return Check({"lost_settles": measure}, tuple(Finding("lost_settle", payment) for payment in lost))


def measured(faults, markers, audit=None, again=20.0, operation="settle", detecting=False):
    """The measures of these faults and marks."""
    lives = Lives(tuple(faults), tuple(markers), operation, None if again is None else int(again * S))
    return objectives(lives, audit, UnknownReason.NOT_RUN, detecting=detecting)


def test_rto_ends_with_the_first_mark_after_the_last_one_that_failed():
    """One that was sent before the fault was seen does not count, and neither does one between two failures."""
    marks = [
        mark(10.0, 10.1),
        mark(10.2, 10.9),
        mark(10.4, 10.4, "bad"),
        mark(10.6, 10.7),
        mark(11.0, 13.0, "bad"),
        mark(12, 12.5),
    ]
    assert measured([fault(10.05, 10.3)], marks)["rto_s"].value == "2.450"


def test_a_failure_after_the_steady_state_is_back_is_not_the_faults():
    """Clients can fail for reasons of their own."""
    marks = [mark(10.5, 10.5, "bad"), mark(10.6, 10.7), mark(21.0, 23.0, "bad"), mark(24.0, 24.1)]
    assert measured([fault(10.0, 10.1)], marks, again=20.0)["rto_s"].value == "0.700"


def test_two_faults_have_two_times_and_the_slowest_counts():
    """The failures of the first end with the second."""
    marks = [mark(10.2, 10.2, "bad"), mark(10.5, 10.6), mark(12.2, 12.2, "bad"), mark(13.0, 13.5)]
    rto = measured([fault(10.0, 10.1), fault(12.0, 12.1)], marks)["rto_s"]
    assert (rto.value, rto.samples, rto.statistic) == ("1.500", 2, "max")
    assert "0.600 s, 1.500 s" in rto.detail


def test_a_mark_that_the_next_fault_caught_does_not_prolong_the_one_before_it():
    """It was sent after the end of the first fault and failed in the second; one that was sent in the first is the first's."""
    faults = [fault(10.0, 10.1, cleared=11.0), fault(14.0, 14.1, cleared=16.0)]
    marks = [mark(10.5, 12.5, "bad"), mark(11.2, 11.4), mark(13.5, 15.5, "bad"), mark(14.5, 16.1, "bad"), mark(16.5, 16.7)]
    assert "1.400 s, 2.700 s" in measured(faults, marks)["rto_s"].detail
    late = [mark(10.5, 10.6), mark(10.9, 14.9, "bad"), mark(11.2, 11.4), mark(16.5, 16.7)]
    assert "1.400 s, 2.700 s" in measured(faults, late)["rto_s"].detail


@pytest.mark.parametrize(
    ("marks", "again"),
    [([mark(9.0, 9.1)], 20.0), ([mark(11.0, 11.1)], None), ([mark(11.0, 11.1, operation="reserve")], 20.0)],
    ids=["no mark after it", "the steady state did not return", "marks of another operation"],
)
def test_a_service_that_did_not_come_back_has_no_rto(marks, again):
    """Unknown, never a time."""
    rto = measured([fault(10.0, 10.1)], marks, again=again)["rto_s"]
    assert (rto.value, rto.unknown) == (None, UnknownReason.MISSING)
    assert "seen for 0 of 1 faults" in rto.detail


def test_rpo_is_what_was_acknowledged_and_cannot_be_read_back():
    """Counted, and as old as the oldest of them was at the next fault."""
    marks = [mark(7.0, 8.0, payment="p1"), mark(8.0, 9.5, payment="p2"), mark(9.0, 9.9, payment="p3"), mark(11, 12, payment="p4")]
    found = measured([fault(10.0, 10.1)], marks, check("p2", "p3"))
    assert (found["rpo_settles"].value, found["rpo_settles"].samples) == ("2", 3)
    assert found["rpo_s"].value == "0.500"
    assert measured([fault(10.0, 10.1)], marks, check())["rpo_s"].value == "0.000"


def test_nothing_acknowledged_before_the_fault_is_no_proof_that_nothing_was_lost():
    """Zero opportunities are unknown."""
    found = measured([fault(10.0, 10.1)], [mark(11.0, 11.1)], check())
    assert {found[name].unknown for name in ("rpo_s", "rpo_settles")} == {UnknownReason.TOO_FEW_SAMPLES}


def test_rpo_is_unknown_where_the_books_cannot_be_read():
    """For the audit's own reason; and where no audit was made."""
    blind = Check({"lost_settles": Measure(None, "count", unknown=UnknownReason.ADAPTER_ERROR, detail="no ledger")}, ())
    assert measured([fault(10.0, 10.1)], [mark(1, 2)], blind)["rpo_settles"].detail == "no ledger"
    assert measured([fault(10.0, 10.1)], [mark(1, 2)])["rpo_s"].unknown == UnknownReason.NOT_RUN


def test_detection_and_mitigation_are_measured_where_the_method_looks():
    """From the fault to its detection, and from there to its end; a fault that was not detected leaves both unknown."""
    found = measured([fault(10.0, 10.1, 10.5, 13.0)], [], detecting=True)
    assert (found["detect_s"].value, found["mitigate_s"].value) == ("0.500", "2.500")
    assert measured([fault(10.0, 10.1)], [], detecting=True)["detect_s"].value is None
    assert "detect_s" not in measured([fault(10.0, 10.1)], [])


def test_a_run_without_faults_has_measured_nothing():
    """Every measure is unknown for the run's reason."""
    found = objectives(NONE, None, UnknownReason.DRY_RUN, detecting=True)
    assert {measure.unknown for measure in found.values()} == {UnknownReason.DRY_RUN}


def test_a_history_gives_marks_without_abandoned_replies_and_replays(tmp_path):
    """A torn last line is left out; without a file there are none."""
    line = '{"process":1,"operation":"settle","payment":1,"start_ns":5,'
    line += '"type":"%s","end_ns":%d,"status":%d,"error":%s,"phase":"%s"}\n'
    rows = [
        line % ("invoke", 5, 0, "null", "storm"),
        line % ("info", 9, 503, "null", "storm"),
        line % ("ok", 7, 200, "null", "storm"),
        line % ("info", 8, 0, '"abandoned"', "storm"),
        line % ("ok", 8, 200, "null", "replay"),
    ]
    history = tmp_path / "history.jsonl"
    history.write_text("".join(rows) + '{"process"')
    found = read_markers(history)
    assert [(one.ended_ns, one.acknowledged, one.bad) for one in found] == [(7, True, False), (9, False, True)]
    assert read_markers(tmp_path / "absent") == ()
