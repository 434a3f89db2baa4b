"""Each measure against its limits: those of the shipped gates that read this kind of drill, and those of every drill. Pure."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from drills.measures import CRASH_CHECKS, RAIL_CHECKS
from drills.verdict import Verdict
from gates.evidence.statement import EvidenceKind, Measure
from gates.page.words import counted
from gates.schema.gate import Criterion, Gate, label
from gates.schema.limit import holds
from gates.schema.outcome import Operator, Outcome
from gates.schema.source import EvidenceSource

OVER = "OVER A LIMIT"

_RESTORE_CHECKS = ("losses_unexplained", "restored_odd", "charges_unaccounted", "second_charges")
_NONE_OF = (*CRASH_CHECKS, *RAIL_CHECKS, *_RESTORE_CHECKS, "payments_unaccounted")
_PAGES = ("missing", "off_time", "unexpected", "to_others", "unresolved", "without_runbook")
_REQUIRED: dict[str, tuple[Operator, str]] = {
    **dict.fromkeys(_NONE_OF, (Operator.LTE, "0")),
    **dict.fromkeys((f"pages_{name}" for name in _PAGES), (Operator.LTE, "0")),
    "faults": (Operator.GTE, "1"),
    "steady_state_restored": (Operator.GTE, "1"),
    "rollback_verified": (Operator.GTE, "1"),
}
"""What every drill has to show, where no gate says more."""

_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


class Limit(msgspec.Struct, frozen=True):
    """A criterion, and who requires it."""

    criterion: Criterion
    by: str


Limits = Mapping[str, Sequence[Limit]]
"""The limits of each measure by its name."""


def limits_of(kind: EvidenceKind, gates: Sequence[Gate]) -> dict[str, tuple[Limit, ...]]:
    """The limits of each measure of this kind of drill."""
    found = {name: (Limit(_criterion(kind, name, *rule), "every drill"),) for name, rule in _REQUIRED.items()}
    named: dict[str, list[Limit]] = {}
    for gate in gates:
        for item in gate.criteria:
            if isinstance(item.source, EvidenceSource) and item.source.predicate_type == kind.value:
                named.setdefault(item.source.measure, []).append(Limit(item, f"gate {label(gate.letter, gate.id)}"))
    return found | {name: tuple(items) for name, items in named.items()}


def _criterion(kind: EvidenceKind, name: str, operator: Operator, limit: str) -> Criterion:
    return Criterion(name, name, EvidenceSource(kind.value, name), "count", operator, limit)


def worst_of(measure: Measure, limits: Sequence[Limit]) -> Outcome | None:
    """The measure against all of its limits: the worst of them, unknown without a value, None without a limit."""
    outcomes = [judged(measure, one.criterion) for one in limits]
    if measure.value is None:
        outcomes.append(Outcome.UNKNOWN)
    return next((one for one in _ORDER if one in outcomes), None)


def judged(measure: Measure, criterion: Criterion) -> Outcome:
    """The measure against one criterion; a value with fewer samples than it requires is unknown, unless it fails.

    So is one of another unit or statistic, as for the gates.
    """
    if measure.value is None or (measure.unit, measure.statistic) != (criterion.unit, criterion.statistic):
        return Outcome.UNKNOWN
    if not holds(Fraction(measure.value), criterion):
        return Outcome.FAIL
    return Outcome.PASS if measure.samples >= criterion.min_samples else Outcome.UNKNOWN


def held_to_limits(found: Verdict, measures: Mapping[str, Measure], limits: Limits) -> Verdict:
    """A drill that passed and misses a limit did not pass."""
    if found.word != "PASSED":
        return found
    outcomes = {name: worst_of(measure, limits.get(name, ())) for name, measure in measures.items()}
    over = [name for name, outcome in outcomes.items() if outcome is Outcome.FAIL]
    if over:
        return Verdict(OVER, "fail", f"The drill went as expected, but misses a limit: {', '.join(over)}.")
    short = [name for name, outcome in outcomes.items() if outcome is Outcome.UNKNOWN and measures[name].value is not None]
    more = f" {counted(len(short), 'measure')} with too few samples for a gate: {', '.join(short)}." if short else ""
    return msgspec.structs.replace(found, sentence=found.sentence + more)
