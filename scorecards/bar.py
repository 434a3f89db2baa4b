"""The bar that gates set: its digest, and whether a change of a gate loosened it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.gate import Criterion
from gates.schema.outcome import Operator, Priority
from gates.schema.time import parse_duration_s
from gates.schema.verdict import GateVerdict
from scorecards.weekly import BarChange, BarEffect

_COUNTED = (Priority.P0, Priority.P1)
_HIGHER_IS_STRICTER = (Operator.GT, Operator.GTE)
_LOWER_IS_STRICTER = (Operator.LT, Operator.LTE)

# The bar is every member of a criterion except these; a member without a row below is neither stricter nor looser.
_NOT_THE_BAR = ("title", "source", "produced_by")
_LIMITS = ("threshold", "upper", "warn_threshold")
_STRICTNESS: dict[str, Callable[[str], Decimal]] = {
    "min_samples": Decimal,
    "confidence": Decimal,
    "max_age": lambda text: -Decimal(str(parse_duration_s(text))),
    "on_no_data": lambda text: Decimal(text == "fail"),
    "automatic_no_go": lambda text: Decimal(text == "true"),
    "exhaustive": lambda text: Decimal(text == "false"),
}


def bar_sha256(gates: Sequence[GateVerdict]) -> str:
    """The digest of all requirements of P0 and P1 gates; titles, owners and runbooks may change under the same bar."""
    requirements = [_of_gate(gate) for gate in sorted(gates, key=lambda gate: gate.id) if gate.priority in _COUNTED]
    return sha256_hex(canonical_json(requirements))


def compare_bars(before: Sequence[GateVerdict], now: Sequence[GateVerdict]) -> tuple[BarChange, ...]:
    """Every difference in the requirements, gate by gate; loosened and removed ones first, since they are findings."""
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


def _of_gate(gate: GateVerdict) -> Json:
    criteria = sorted(gate.criteria, key=lambda item: (item.criterion.id, item.target))
    return {"id": gate.id, "priority": gate.priority.value, "criteria": [_requirements(item.criterion) for item in criteria]}


def _requirements(criterion: Criterion) -> dict[str, Json]:
    """What a criterion requires, by member; those of its source among them."""
    members = {**msgspec.to_builtins(criterion), **msgspec.to_builtins(criterion.source)}
    return {name: value for name, value in members.items() if name not in _NOT_THE_BAR}


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
    before, now = ({item.criterion.id: item.criterion for item in gate.criteria} for gate in (old, new))
    for item_id in sorted(before.keys() | now.keys()):
        was, is_now = before.get(item_id), now.get(item_id)
        if was is None or is_now is None:
            effect = BarEffect.ADDED if was is None else BarEffect.REMOVED
            yield BarChange(gate_id, item_id, effect, "the criterion", None, None)
            continue
        yield from _compare_criterion(gate_id, was, is_now)


def _compare_criterion(gate_id: str, old: Criterion, new: Criterion) -> Iterator[BarChange]:
    before, now = _requirements(old), _requirements(new)
    for what in before:
        was, is_now = _text(before[what]), _text(now[what])
        if was != is_now:
            yield BarChange(gate_id, old.id, _effect(what, old, new, was, is_now), what, was, is_now)


def _effect(what: str, old: Criterion, new: Criterion, before: str | None, now: str | None) -> BarEffect:
    if what in _LIMITS and (old.operator, old.unit) == (new.operator, new.unit):
        return _limit_effect(what, new.operator, before, now)
    if what not in _STRICTNESS:
        return BarEffect.CHANGED
    was, is_now = (Decimal(0) if text is None else _STRICTNESS[what](text) for text in (before, now))
    return BarEffect.TIGHTENED if is_now > was else BarEffect.LOOSENED


def _limit_effect(what: str, operator: Operator, before: str | None, now: str | None) -> BarEffect:
    """Loosened where more values pass than before; a warning line that is gone lets more values pass unnoticed."""
    if before is None or now is None:
        return BarEffect.LOOSENED if now is None else BarEffect.TIGHTENED
    rises = Decimal(now) > Decimal(before)
    if operator in _LOWER_IS_STRICTER or (operator is Operator.BETWEEN and what == "upper"):
        return BarEffect.LOOSENED if rises else BarEffect.TIGHTENED
    if operator in _HIGHER_IS_STRICTER or (operator is Operator.BETWEEN and what == "threshold"):
        return BarEffect.TIGHTENED if rises else BarEffect.LOOSENED
    return BarEffect.CHANGED


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
