"""The report of a drill as text: what it says of one that came to its end, and of one that did not."""

import pytest

from drills.journal import End, Ending, RolledBack
from drills.report import FILES, Report, text, why_unmeasured
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from loadtests.run.folder import RunFolder


def report(end, *, deviated=False, **measures):
    """A report that ended in this way."""
    ending = Ending(end, deviated, RolledBack.VERIFIED)
    return Report(
        drill="power",
        evidence="power-drill",
        target="shop",
        build=None,
        builds={},
        seed=3,
        payments=10,
        started_at="2026-11-29T10:00:00.000Z",
        finished_at="2026-11-29T10:01:00.000Z",
        duration_ms=60_000,
        status="complete",
        detail="",
        ending=ending,
        measures=measures,
        deviations=(),
        integrity=None,
        timeline=(),
        digests={},
    )


@pytest.mark.parametrize(
    ("end", "deviated", "said"),
    [
        (End.COMPLETED, False, "completed, as expected, rollback verified"),
        (End.COMPLETED, True, "completed, deviated, rollback verified"),
        (End.FAILED, False, "failed, rollback verified"),
        (End.INTERRUPTED, False, "interrupted, rollback verified"),
    ],
)
def test_only_a_drill_that_came_to_its_end_went_as_expected(end, deviated, said):
    """One that failed or was interrupted has shown nothing that could be expected."""
    assert text(report(end, deviated=deviated)).splitlines()[1] == said


def test_a_long_reason_is_apart_from_its_detail():
    """The columns of a table run into one another where a value is longer than its column."""
    measure = Measure(
        value=None, unit="count", samples=0, unknown=UnknownReason.ADAPTER_ERROR, detail="the ledger cannot be read"
    )
    assert "unknown: adapter_error the ledger" in text(report(End.FAILED, lost_settles=measure))


def test_a_drill_keeps_every_file_that_its_storm_is_measured_from(tmp_path):
    """Also the answers of a list of settlements, which only some targets have."""
    storm = RunFolder(tmp_path / "storm")
    storm.folder.mkdir()
    storm.readback.touch()
    assert {path.relative_to(tmp_path).as_posix() for path in storm.measured} <= set(FILES.values())


def test_a_measure_without_a_value_says_that_the_rollback_failed_and_what_to_do():
    """With the first thing that went wrong, one line of it; a deviation alone is given too, and nothing where there is none."""
    deviations = ("the service did not come back after the kill: exit 1\n  its log", "another")
    failed = why_unmeasured(Ending(End.COMPLETED, True, RolledBack.FAILED), deviations)
    assert failed == (
        "not measured, because the drill's rollback failed (the service did not come back after the kill: exit 1): "
        "see that the service runs well, then repeat the drill"
    )
    slow = why_unmeasured(Ending(End.COMPLETED, False, RolledBack.FAILED), (), "the steady state did not hold\nmore")
    assert "failed (the steady state did not hold): see" in slow
    verified = Ending(End.COMPLETED, True, RolledBack.VERIFIED)
    assert why_unmeasured(verified, deviations) == "not measured: the service did not come back after the kill: exit 1"
    assert why_unmeasured(verified, ()) == ""
