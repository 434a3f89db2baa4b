"""The bar that gates set: its digest, and whether a change of a gate loosened it. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.outcome import Operator, Priority
from gates.schema.time import parse_duration_s
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards.weekly import BarChange, BarEffect

_COUNTED = (Priority.P0, Priority.P1)
_HIGHER_IS_STRICTER = (Operator.GT, Operator.GTE)
_LOWER_IS_STRICTER = (Operator.LT, Operator.LTE)


def bar_sha256(gates: Sequence[GateVerdict]) -> str:
    """The digest of all that P0 and P1 gates ask for; titles, owners and runbooks may change under the same bar."""
    asked = [_gate_asks(gate) for gate in sorted(gates, key=lambda gate: gate.id) if gate.priority in _COUNTED]
    return sha256_hex(canonical_json(asked))


def compare_bars(before: Sequence[GateVerdict], now: Sequence[GateVerdict]) -> tuple[BarChange, ...]:
    """Every difference in what is asked, gate by gate; the loosened and removed first, since they are findings."""
    old, new = {gate.id: gate for gate in before}, {gate.id: gate for gate in now}
    changes: list[BarChange] = []
    for gate_id in sorted(old.keys() | new.keys()):
        changes.extend(_compare_gate(gate_id, old.get(gate_id), new.get(gate_id)))
    order = list(BarEffect)
    return tuple(sorted(changes, key=lambda change: (_urgency(change.effect), order.index(change.effect))))


def describe(change: BarChange) -> str:
    """One change in one line: `C double-settles: loosened, threshold 0 -> 5`."""
    where = change.gate if change.criterion is None else f"{change.gate} {change.criterion}"
    if change.before is None or change.now is None:
        return f"{where}: {change.effect.value} ({change.what})"
    return f"{where}: {change.effect.value}, {change.what} {change.before} -> {change.now}"


def _urgency(effect: BarEffect) -> int:
    return 0 if effect in (BarEffect.LOOSENED, BarEffect.REMOVED) else 1


def _gate_asks(gate: GateVerdict) -> Json:
    criteria = sorted(gate.criteria, key=lambda item: (item.id, item.target))
    return {"id": gate.id, "priority": gate.priority.value, "criteria": [_criterion_asks(item) for item in criteria]}


def _criterion_asks(item: CriterionVerdict) -> Json:
    return {
        "id": item.id,
        "source": [item.source.predicate_type, item.source.measure],
        "unit": item.unit,
        "operator": item.operator.value,
        "threshold": item.threshold,
        "upper": item.upper,
        "warn_threshold": item.warn_threshold,
        "statistic": item.statistic,
        "min_samples": item.min_samples,
        "confidence": item.confidence,
        "max_age": item.max_age,
        "automatic_no_go": item.automatic_no_go,
    }


def _compare_gate(gate_id: str, old: GateVerdict | None, new: GateVerdict | None) -> Iterator[BarChange]:
    if old is None or new is None:
        effect = BarEffect.ADDED if old is None else BarEffect.REMOVED
        gate = new or old
        assert gate is not None, "the id came from one of the two"
        yield BarChange(gate_id, None, effect, f"the {gate.priority.value} gate", None, None)
        return
    if old.priority is not new.priority:
        effect = BarEffect.LOOSENED if new.priority > old.priority else BarEffect.TIGHTENED
        yield BarChange(gate_id, None, effect, "priority", old.priority.value, new.priority.value)
    before, now = {item.id: item for item in old.criteria}, {item.id: item for item in new.criteria}
    for item_id in sorted(before.keys() | now.keys()):
        was, is_now = before.get(item_id), now.get(item_id)
        if was is None or is_now is None:
            effect = BarEffect.ADDED if was is None else BarEffect.REMOVED
            yield BarChange(gate_id, item_id, effect, "the criterion", None, None)
            continue
        yield from _compare_criterion(gate_id, was, is_now)


def _compare_criterion(gate_id: str, old: CriterionVerdict, new: CriterionVerdict) -> Iterator[BarChange]:
    def changed(what: str, effect: BarEffect, before: object, now: object) -> BarChange:
        return BarChange(gate_id, old.id, effect, what, _text(before), _text(now))

    same_kind = (old.operator, old.unit) == (new.operator, new.unit)
    for what in ("operator", "unit", "statistic"):
        before, now = getattr(old, what), getattr(new, what)
        if before != now:
            yield changed(what, BarEffect.CHANGED, before, now)
    if (old.source.predicate_type, old.source.measure) != (new.source.predicate_type, new.source.measure):
        yield changed("source", BarEffect.CHANGED, old.source.measure, new.source.measure)
    for what in ("threshold", "upper", "warn_threshold"):
        before, now = getattr(old, what), getattr(new, what)
        if before != now:
            effect = _threshold_effect(what, new.operator, before, now) if same_kind else BarEffect.CHANGED
            yield changed(what, effect, before, now)
    for what in ("min_samples", "confidence", "max_age", "automatic_no_go"):
        before, now = getattr(old, what), getattr(new, what)
        if before != now:
            stricter = _strictness(what, now) > _strictness(what, before)
            yield changed(what, BarEffect.TIGHTENED if stricter else BarEffect.LOOSENED, before, now)


def _threshold_effect(what: str, operator: Operator, before: str | None, now: str | None) -> BarEffect:
    """Loosened where more values pass than before; a warning line that is gone lets more values pass unnoticed."""
    if before is None or now is None:
        return BarEffect.LOOSENED if now is None else BarEffect.TIGHTENED
    rises = Decimal(now) > Decimal(before)
    if operator in _LOWER_IS_STRICTER or (operator is Operator.BETWEEN and what == "upper"):
        return BarEffect.LOOSENED if rises else BarEffect.TIGHTENED
    if operator in _HIGHER_IS_STRICTER or (operator is Operator.BETWEEN and what == "threshold"):
        return BarEffect.TIGHTENED if rises else BarEffect.LOOSENED
    return BarEffect.CHANGED


def _strictness(what: str, value: object) -> Decimal:
    """A number that is larger where the criterion asks for more."""
    if what == "max_age":
        return -Decimal(str(parse_duration_s(str(value))))
    if what == "automatic_no_go":
        return Decimal(int(bool(value)))
    return Decimal(0) if value is None else Decimal(str(value))


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
