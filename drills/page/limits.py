"""Each measure against its limits: those of the shipped gates that read this kind of drill, and those of every drill. Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from markupsafe import Markup

from drills.measures import CRASH_CHECKS, RAIL_CHECKS
from drills.page.model import MeasureRow
from gates.evidence.statement import EvidenceKind, Measure
from gates.page.charts import limit_bar
from gates.page.words import LABELS, SYMBOLS, counted, quantity, threshold
from gates.schema.gate import Criterion, Gate, label
from gates.schema.outcome import Operator, Outcome
from gates.schema.source import EvidenceSource

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


def measure_row(name: str, measure: Measure, limits: Sequence[Limit]) -> MeasureRow:
    """One measure; the worst of its limits is its mark, and one without a limit has none."""
    outcomes = [judged(measure, one.criterion) for one in limits]
    if measure.value is None:
        outcomes.append(Outcome.UNKNOWN)
    outcome = next((one for one in _ORDER if one in outcomes), None)
    style = "" if outcome is None else outcome.value
    words = "unknown" if measure.unknown is None else f"unknown: {measure.unknown.value.replace('_', ' ')}"
    charts = [limit_bar(one.criterion, measure.value, judged(measure, one.criterion)) for one in limits]
    return MeasureRow(
        style=style,
        sign=SYMBOLS.get(style, ""),
        label=LABELS.get(style, "no limit"),
        name=name,
        detail=measure.detail,
        value=words if measure.value is None else quantity(measure.value, measure.unit),
        chart=next((chart for chart in charts if chart), Markup("")),
        samples=f"{measure.samples:,}" if measure.samples else "none",
        limits=tuple(dict.fromkeys(map(_words, limits))),
    )


def judged(measure: Measure, criterion: Criterion) -> Outcome:
    """The measure against one criterion; a value with fewer samples than it requires is unknown, unless it fails."""
    if measure.value is None or measure.unit != criterion.unit:
        return Outcome.UNKNOWN
    if not _holds(Decimal(measure.value), criterion):
        return Outcome.FAIL
    return Outcome.PASS if measure.samples >= criterion.min_samples else Outcome.UNKNOWN


def _holds(value: Decimal, criterion: Criterion) -> bool:
    limit = Decimal(criterion.threshold)
    match criterion.operator:
        case Operator.LT:
            return value < limit
        case Operator.LTE:
            return value <= limit
        case Operator.GT:
            return value > limit
        case Operator.GTE:
            return value >= limit
        case Operator.EQ:
            return value == limit
        case Operator.BETWEEN:
            return limit <= value <= Decimal(criterion.upper or criterion.threshold)


def _words(limit: Limit) -> str:
    samples = limit.criterion.min_samples
    needed = f", at least {counted(samples, 'sample')}" if samples > 1 else ""
    return f"{threshold(limit.criterion)} ({limit.by}{needed})"
