"""A criterion that reads a register: what is open fails it, and without a recent review it is unknown."""

import datetime as dt

import pytest
from statements import reviewed

from gates.judge import Judging, judge_criterion
from gates.schema.gate import Criterion, Gate
from gates.schema.gateset import load_gates
from gates.schema.outcome import Operator, Outcome, Priority, UnknownReason
from gates.schema.register import OpenItem, Register, RegisterState
from gates.schema.soundness import faults
from gates.schema.source import RegisterSource
from gates.schema.time import format_utc
from gates.selection import Shelf

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
SOURCE = RegisterSource(Register.SECURITY)
CRITERION = Criterion("x", "x", SOURCE, "count", Operator.LTE, "0", exhaustive=True)


def item(severity: Priority = Priority.P0, number: int = 1) -> OpenItem:
    """An open finding."""
    return OpenItem(f"F-{number:010d}", severity, "a token is logged", "backend", format_utc(NOW), "ada")


def state(*items: OpenItem, ago: dt.timedelta | None = dt.timedelta(days=1), ever: int = 0, looked_at: int = 2) -> RegisterState:
    """A register with these open items, reviewed so long ago; None for one that nobody reviewed."""
    at = "" if ago is None else format_utc(NOW - ago)
    return RegisterState(
        Register.SECURITY,
        ever or len(items),
        "e" * 64,
        "" if ago is None else "f" * 64,
        at,
        "" if ago is None else "grace",
        0 if ago is None else looked_at,
        items,
    )


def verdict(found: RegisterState | None, criterion: Criterion = CRITERION):
    """The verdict by a register; None where it has no entry."""
    registers = {} if found is None else {Register.SECURITY: found}
    judging = Judging(Shelf([]), {"local": reviewed("b" * 64)}, NOW, registers=registers)
    return judge_criterion(Gate("x", "", Priority.P0, "", "", "", (criterion,)), criterion, judging)


def test_a_reviewed_register_without_an_open_item_passes():
    """The opportunities to fail are its items and what the reviewer looked at."""
    found = verdict(state(ever=5))
    assert (found.outcome, found.value, found.samples, found.evidence) == (Outcome.PASS, "0", 7, "f" * 64)
    assert (found.bound_text, found.age_s) == ("none in all 7", 86_400)


def test_an_empty_register_passes_by_what_its_reviewer_looked_at():
    """Two sources are two opportunities."""
    assert (verdict(state()).outcome, verdict(state()).samples) == (Outcome.PASS, 2)


@pytest.mark.parametrize("ago", [None, dt.timedelta(days=1), dt.timedelta(days=30)])
def test_an_open_item_fails_whoever_reviewed_the_register_when(ago):
    """What is open is a fact."""
    found = verdict(state(item(), ago=ago))
    assert (found.outcome, found.value, found.detail) == (Outcome.FAIL, "1", "1, threshold at most 0: F-0000000001")
    assert found.evidence == ("e" * 64 if ago is None else "f" * 64)


def test_a_register_that_nobody_ever_reviewed_is_unknown():
    """With and without entries; the command that reviews it is named."""
    for found in (verdict(None), verdict(state(item(Priority.P1), ago=None))):
        assert (found.outcome, found.unknown) == (Outcome.UNKNOWN, UnknownReason.MISSING)
        assert "nobody has reviewed the register security: gonogo finding review" in found.detail


def test_a_register_that_nobody_reviewed_for_seven_days_is_unknown():
    """To the second; and one that is reviewed in the future too."""
    assert verdict(state(ago=dt.timedelta(days=7))).outcome is Outcome.PASS
    found = verdict(state(ago=dt.timedelta(days=7, seconds=1)))
    assert (found.outcome, found.unknown) == (Outcome.UNKNOWN, UnknownReason.STALE)
    assert "by grace, and by nobody for more than 7d since: gonogo finding review" in found.detail
    assert verdict(state(ago=dt.timedelta(seconds=-60))).outcome is Outcome.PASS
    ahead = verdict(state(ago=dt.timedelta(seconds=-61)))
    assert (ahead.unknown, "after the moment of the judgement" in ahead.detail) == (UnknownReason.STALE, True)


def test_a_severity_counts_itself_and_worse_ones():
    """P1 counts P0 too; P0 alone no P1."""
    found = state(item(Priority.P0, 1), item(Priority.P1, 2), item(Priority.P2, 3))
    counts = [verdict(found, _of(Priority(name))).value for name in ("P0", "P1", "P2", "P3")]
    assert counts == ["1", "2", "3", "3"]


def _of(severity: Priority) -> Criterion:
    return Criterion("x", "x", RegisterSource(Register.SECURITY, severity), "count", Operator.LTE, "0")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"max_age": "8d"}, "max_age 8d: a register that nobody reviewed for 7d is unknown"),
        ({"max_age": "soon"}, "max_age 'soon' is not a duration"),
        ({"unit": "ratio", "threshold": "0.1"}, "the unit is ratio: the number of open items is a count"),
        ({"operator": Operator.GTE, "threshold": "1"}, "the count is that of open items"),
        ({"statistic": "max"}, "a register has neither a statistic nor a cohort"),
        ({"cohort": "external"}, "a register has neither a statistic nor a cohort"),
    ],
)
def test_a_criterion_that_reads_a_register_otherwise_is_refused(changes, fault):
    """Before anything is judged."""
    import msgspec

    gate = next(gate for gate in load_gates() if gate.letter == "E")
    odd = msgspec.structs.replace(gate, criteria=(msgspec.structs.replace(CRITERION, **changes),))
    assert any(fault in found for found in faults([odd])), list(faults([odd]))


def test_the_launch_plan_reads_every_register():
    """Gate A the defects of the onboarding, gate E security findings and incidents: P0 items, none allowed, within 7 days."""
    found = {
        (gate.letter, one.source.register): (one.source.severity, one.threshold, one.max_age)
        for gate in load_gates()
        for one in gate.criteria
        if isinstance(one.source, RegisterSource)
    }
    letters = {Register.ONBOARDING: "A", Register.SECURITY: "E", Register.INCIDENTS: "E"}
    assert found == {(letter, register): (Priority.P0, "0", "7d") for register, letter in letters.items()}
