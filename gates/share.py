"""Which share of the P1 gates passes? Of this week's and of last week's gates: the lower one decides."""

from collections.abc import Sequence
from fractions import Fraction

from gates.schema.outcome import Outcome, Priority
from gates.schema.verdict import GateVerdict, LastWeek, P1Share

PASSED = (Outcome.PASS, Outcome.WARN)  # a warning holds its threshold; it makes the review yellow, not red


def passed(gates: Sequence[GateVerdict]) -> int:
    """How many of these gates pass, with or without a warning."""
    return sum(gate.outcome in PASSED for gate in gates)


def not_passed(gates: Sequence[GateVerdict]) -> list[GateVerdict]:
    """Those of these gates that fail or could not be judged."""
    return [gate for gate in gates if gate.outcome not in PASSED]


def last_weeks_share(gates: Sequence[GateVerdict], last: LastWeek | None) -> P1Share | None:
    """How last week's P1 gates stand now, whatever their priority is now; None where last week had none."""
    if last is None or not last.p1_gates:
        return None
    there = [gate for gate in gates if gate.id in last.p1_gates]
    gone = set(last.p1_gates) - {gate.id for gate in there}
    return P1Share(last.week, passed(there), len(set(last.p1_gates)), tuple(sorted(gone)))


def counted(gates: Sequence[GateVerdict], last: LastWeek | None) -> list[GateVerdict]:
    """The gates whose share is taken: this week's P1 gates, and last week's that are P2 or P3 now."""
    before = last.p1_gates if last else ()
    return [gate for gate in gates if gate.priority is Priority.P1 or (gate.priority is not Priority.P0 and gate.id in before)]


def deciding_ratio(p1: Sequence[GateVerdict], last: P1Share | None) -> Fraction | None:
    """The lower of the two shares; None where neither week has a P1 gate."""
    shares = [Fraction(passed(p1), len(p1))] if p1 else []
    shares += [Fraction(last.passed, last.total)] if last else []
    return min(shares, default=None)


def share_text(p1: Sequence[GateVerdict], last: P1Share | None) -> str:
    """How last week's P1 gates stand, where that decides or one is gone; "" where it adds nothing."""
    if last is None:
        return ""
    lower = not p1 or Fraction(last.passed, last.total) < Fraction(passed(p1), len(p1))
    if not lower and not last.gone:
        return ""
    gone = f"; no longer in the gate set, so not passed: {', '.join(last.gone)}" if last.gone else ""
    decides = ". This share is the lower one and decides" if lower else ""
    return f"{last.passed} of the {last.total} P1 gates of {last.week} pass{gone}{decides}."
