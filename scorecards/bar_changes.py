"""Was the bar lowered? Every difference between two bars, by value, and what it does to the bar. Pure."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import msgspec

from gates.page.words import short
from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate
from gates.schema.outcome import Operator
from gates.schema.time import parse_duration_s
from gates.schema.verdict import GateVerdict
from scorecards.bar import BarParts, Required, as_written, number, required, requirements
from scorecards.weekly import BarChange, BarEffect, BarMove

_HIGHER_IS_STRICTER = (Operator.GT, Operator.GTE)
_LOWER_IS_STRICTER = (Operator.LT, Operator.LTE)
_LIMITS = ("threshold", "upper", "warn_threshold")
_PARTS = {"target": "the rules of the target file", "profile": "the load profile", "tables": "the tables of the probes"}

# How strict a value of a member is, more being stricter; a member without a row is neither, so that the two cannot be compared.
_STRICTNESS: dict[str, Callable[[Json], Fraction]] = {
    "min_samples": lambda value: number(value) or Fraction(0),
    "confidence": lambda value: number(value) or Fraction(0),
    "max_age": lambda value: -_seconds(value),
    "on_no_data": lambda value: Fraction(value == "fail"),
    "automatic_no_go": lambda value: Fraction(value is True),
    "exhaustive": lambda value: Fraction(value is False),
}


def compare_bars(before: Sequence[Gate | GateVerdict], now: Sequence[Gate | GateVerdict]) -> tuple[BarChange, ...]:
    """Every difference in the requirements, gate by gate; loosened and removed ones first, since they are findings."""
    old, new = ({gate.id: required(gate) for gate in gates} for gates in (before, now))
    changes: list[BarChange] = []
    for gate_id in sorted(old.keys() | new.keys()):
        changes.extend(_compare_gate(gate_id, old.get(gate_id), new.get(gate_id)))
    order = list(BarEffect)
    return tuple(sorted(changes, key=lambda change: order.index(change.effect)))


def compare_parts(before: BarParts, now: BarParts) -> tuple[BarChange, ...]:
    """What the evidence is collected with: whether another target file or profile is stricter cannot be seen from digests."""
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(now)
    return tuple(
        BarChange(None, None, BarEffect.CHANGED, what, short(old[name]) or "none", short(new[name]) or "none")
        for name, what in _PARTS.items()
        if old[name] != new[name]
    )


def move_of(changes: Sequence[BarChange]) -> BarMove:
    """What all changes together do to the bar: one that lowers it, or that cannot be compared, is not outweighed by others."""
    effects = {change.effect for change in changes}
    if effects & {BarEffect.LOOSENED, BarEffect.REMOVED}:
        return BarMove.LOOSENED
    if BarEffect.CHANGED in effects:
        return BarMove.CHANGED
    return BarMove.TIGHTENED if effects else BarMove.SAME


def describe(change: BarChange) -> str:
    """One change in one line: `C double-settles: loosened, threshold 0 -> 5`."""
    where = " ".join(part for part in (change.gate, change.criterion) if part is not None)
    if change.before is None and change.now is None:
        return f"{where}: {change.effect.value} ({change.what})"
    values = f"{change.before or 'none'} -> {change.now or 'none'}"
    return (
        f"{where}: {change.effect.value}, {change.what} {values}" if where else f"{change.what}: {change.effect.value}, {values}"
    )


def compare_criterion(gate_id: str, old: Criterion, new: Criterion) -> Iterator[BarChange]:
    """Every member that requires something else than before."""
    before, now = requirements(old), requirements(new)
    for what in sorted(before.keys() | now.keys(), key=list({**before, **now}).index):
        was, is_now = before.get(what), now.get(what)
        if was != is_now:
            effect = _effect(what, old, new, was, is_now)
            yield BarChange(gate_id, old.id, effect, what, _text(as_written(old).get(what)), _text(as_written(new).get(what)))


def compare_standing(gate_id: str, old: Required, new: Required) -> Iterator[BarChange]:
    """How much the gate counts: its priority, and whether it can be waived."""
    if old.priority is not new.priority:
        effect = BarEffect.LOOSENED if new.priority > old.priority else BarEffect.TIGHTENED
        yield BarChange(gate_id, None, effect, "priority", old.priority.value, new.priority.value)
    if old.waivable is not new.waivable:
        effect = BarEffect.LOOSENED if new.waivable else BarEffect.TIGHTENED
        yield BarChange(gate_id, None, effect, "waivable", _text(old.waivable), _text(new.waivable))


def _compare_gate(gate_id: str, old: Required | None, new: Required | None) -> Iterator[BarChange]:
    if old is None or new is None:
        effect = BarEffect.ADDED if old is None else BarEffect.REMOVED
        gate = new or old
        assert gate is not None, "the id came from one of the two"
        yield BarChange(gate_id, None, effect, f"the {gate.priority.value} gate", None, None)
        return
    yield from compare_standing(gate_id, old, new)
    before, now = ({item.id: item for item in gate.criteria} for gate in (old, new))
    for item_id in sorted(before.keys() | now.keys()):
        was, is_now = before.get(item_id), now.get(item_id)
        if was is None or is_now is None:
            effect = BarEffect.ADDED if was is None else BarEffect.REMOVED
            yield BarChange(gate_id, item_id, effect, "the criterion", None, None)
            continue
        yield from compare_criterion(gate_id, was, is_now)


def _effect(what: str, old: Criterion, new: Criterion, before: Json, now: Json) -> BarEffect:
    if what in _LIMITS and (old.operator, old.unit) == (new.operator, new.unit):
        return _limit_effect(what, new.operator, before, now)
    if what == "needs" and isinstance(before, dict) and isinstance(now, dict):
        return _needs_effect(before, now)
    if what == "cohort" and (before is None or now is None):
        return BarEffect.TIGHTENED if before is None else BarEffect.LOOSENED
    if what not in _STRICTNESS:
        return BarEffect.CHANGED
    was, is_now = (Fraction(0) if value is None else _STRICTNESS[what](value) for value in (before, now))
    return BarEffect.TIGHTENED if is_now > was else BarEffect.LOOSENED


def _limit_effect(what: str, operator: Operator, before: Json, now: Json) -> BarEffect:
    """Loosened where more values pass than before; a warning line that is gone lets more values pass unnoticed."""
    if before is None or now is None:
        return BarEffect.LOOSENED if now is None else BarEffect.TIGHTENED
    was, is_now = number(before), number(now)
    if was is None or is_now is None:
        return BarEffect.CHANGED
    if operator in _LOWER_IS_STRICTER or (operator is Operator.BETWEEN and what == "upper"):
        return BarEffect.LOOSENED if is_now > was else BarEffect.TIGHTENED
    if operator in _HIGHER_IS_STRICTER or (operator is Operator.BETWEEN and what == "threshold"):
        return BarEffect.TIGHTENED if is_now > was else BarEffect.LOOSENED
    return BarEffect.CHANGED


def _needs_effect(before: dict[str, Json], now: dict[str, Json]) -> BarEffect:
    """Least counts of parts: one that is not named needs none."""
    rises = [(number(now.get(name, 0)) or 0) - (number(before.get(name, 0)) or 0) for name in before.keys() | now.keys()]
    if all(rise >= 0 for rise in rises):
        return BarEffect.TIGHTENED
    return BarEffect.LOOSENED if all(rise <= 0 for rise in rises) else BarEffect.CHANGED


def _seconds(value: Json) -> Fraction:
    """The seconds of a duration; for one that cannot be read the longest: nothing is looser."""
    try:
        return Fraction(parse_duration_s(str(value)))
    except UsageProblem:
        return Fraction(2**63)


def _text(value: Json) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in sorted(value.items())) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
