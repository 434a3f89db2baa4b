"""The decision in one sentence. Pure."""

from collections.abc import Sequence

from gates.schema.gate import label
from gates.schema.outcome import Decision, Outcome, Priority
from gates.schema.verdict import GateVerdict, Review

REHEARSAL = "REHEARSAL, which decides nothing. "
"""What stands before the sentence of a scorecard that a rehearsal made."""


def sentence(review: Review) -> str:
    """The decision and what it comes down to: `NO GO: nothing failed, but 2 of 5 P0 gates could not be judged (A, C)`."""
    decision = review.decision
    if decision.decision is Decision.NO_GO:
        return f"{decision.decision.value}: {_why_not(review)}."
    conditions = _not_clean(review)
    if decision.decision is Decision.CONDITIONAL_GO:
        conditions = f"{_last_week(review)}; every P1 gate that does not has an owned mitigation"
    p1 = f" and {decision.p1_passed} of {decision.p1_total} P1 gates" if decision.p1_total else ""
    return f"{decision.decision.value}: all {decision.p0_total} P0 gates{p1} pass{conditions}."


def _not_clean(review: Review) -> str:
    """Why a GO is not shown in plain green: the P0 and P1 gates that do not pass cleanly; "" where all do."""
    counted = (*_of(review, Priority.P0), *_of(review, Priority.P1))
    parts = []
    for outcome, words in ((Outcome.WARN, "with a warning"), (Outcome.FAIL, "failing"), (Outcome.UNKNOWN, "not judged")):
        some = _with(counted, outcome)
        parts += [f"{words}: {_letters(some)}"] if some else []
    return f", not all of them cleanly ({'; '.join(parts)})" if parts else ""


def _why_not(review: Review) -> str:
    p0, p1 = _of(review, Priority.P0), _of(review, Priority.P1)
    failing, unknown = _with(p0, Outcome.FAIL), _with(p0, Outcome.UNKNOWN)
    automatic = review.decision.automatic_no_go
    parts = []
    if automatic:
        parts.append(f'{_titled(review, automatic[0].gate)} fails on "{automatic[0].title}", which alone stops a launch')
    if blocked := len(review.decision.blocked_by):
        times = "" if blocked == 1 else f" {blocked} times"
        parts.append(f"the bar was lowered{times} without authority")
    if failing:
        parts.append(f"{_share(failing, p0, 'P0')} {_plural(failing, 'fails', 'fail')} ({_letters(failing)})")
    if unknown:
        lead = "" if parts else "nothing failed, but " if not _with(p1, Outcome.FAIL) else "no P0 gate failed, but "
        parts.append(f"{lead}{_share(unknown, p0, 'P0')} could not be judged ({_letters(unknown)})")
    if not parts:
        last, now = review.decision.p1_last_week, review.decision
        these = f"{now.p1_passed} of {now.p1_total} P1 gates"
        if last is not None and (not now.p1_total or last.passed * now.p1_total < now.p1_passed * last.total):
            these = f"{last.passed} of the {last.total} P1 gates of {last.week}"
        parts.append(f"every P0 gate passes, but only {these} do")
    return "; ".join(parts)


def _last_week(review: Review) -> str:
    """The share of last week's P1 gates, where that is not this week's."""
    share, decision = review.decision.p1_last_week, review.decision
    if share is None or (share.passed, share.total) == (decision.p1_passed, decision.p1_total):
        return ""
    return f" (of those of {share.week}: {share.passed} of {share.total})"


def _of(review: Review, priority: Priority) -> list[GateVerdict]:
    return [gate for gate in review.gates if gate.priority is priority]


def _with(gates: Sequence[GateVerdict], outcome: Outcome) -> list[GateVerdict]:
    return [gate for gate in gates if gate.outcome is outcome]


def _titled(review: Review, gate_id: str) -> str:
    """The gate by name; by its id alone where it is in the gate set no more."""
    titled = (f"gate {label(gate.letter, gate.id)}, {gate.title}," for gate in review.gates if gate.id == gate_id)
    return next(titled, f"gate {gate_id}")


def _letters(gates: Sequence[GateVerdict]) -> str:
    return ", ".join(label(gate.letter, gate.id) for gate in gates)


def _share(some: Sequence[GateVerdict], gates: Sequence[GateVerdict], priority: str) -> str:
    return f"{len(some)} of {len(gates)} {priority} gates"


def _plural(some: Sequence[GateVerdict], one: str, many: str) -> str:
    return one if len(some) == 1 else many
