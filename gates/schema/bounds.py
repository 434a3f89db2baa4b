"""Can a criterion fail, and can it hold? Its numbers, and those that are measured, against the values that its unit can take."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import msgspec

from gates.schema.gate import Criterion
from gates.schema.outcome import Operator
from gates.schema.source import EvidenceSource

_MOST = Decimal(2**53 - 1)  # the largest whole number that every JSON reader holds exactly
_YEAR_S = Decimal(366 * 86_400)
_DAY_S = Decimal(86_400)


class _Unit(msgspec.Struct, frozen=True):
    """The values of a unit, from `low` to `high`; `whole` ones only, if it counts. A limit from `most` on is none."""

    low: Decimal
    high: Decimal
    most: Decimal
    text: str
    whole: bool = False


_UNITS = {
    "count": _Unit(Decimal(0), _MOST, Decimal(10**6), f"a count is a whole number from 0 to {_MOST}", whole=True),
    "ratio": _Unit(Decimal(0), Decimal(1), Decimal(1), "a ratio is from 0 to 1"),
    "ms": _Unit(Decimal(0), _YEAR_S * 1000, _YEAR_S * 1000, f"a time in ms is from 0 to {_YEAR_S * 1000}, a year"),
    "s": _Unit(Decimal(0), _YEAR_S, _YEAR_S, f"a time in s is from 0 to {_YEAR_S}, a year"),
}
_LONGEST_RUN = {"ms": _DAY_S * 1000, "s": _DAY_S}
_ANY = _Unit(-_MOST, _MOST, Decimal(10**12), f"a number is from -{_MOST} to {_MOST}")


def bound_faults(criterion: Criterion) -> Iterator[str]:
    """Each number that the unit cannot hold, or else a range that every value, or no value, lies in; all are decimals."""
    unit = _UNITS.get(criterion.unit, _ANY)
    numbers = [name for name in ("threshold", "upper", "warn_threshold") if getattr(criterion, name) is not None]
    outside = [name for name in numbers if not _holds(unit, Decimal(getattr(criterion, name)))]
    yield from (f"{name} {getattr(criterion, name)}: {unit.text}" for name in outside)
    if outside:
        return
    for name in ("threshold", "warn_threshold"):
        if getattr(criterion, name) is not None:
            yield from _range_faults(criterion, unit, name)


def outside(unit: str, number: Fraction, *, above: bool) -> str:
    """What the values of a unit are, if a measured one lies below them, or with `above` beyond them; "" otherwise."""
    known = _UNITS.get(unit)
    if known is None or not (number < Fraction(known.low) or (above and number > Fraction(known.high))):
        return ""
    return known.text


def _range_faults(criterion: Criterion, unit: _Unit, name: str) -> Iterator[str]:
    text = getattr(criterion, name)
    number, upper = Decimal(text), Decimal(criterion.upper or text)
    met = _met(criterion, unit)
    stated = f"{criterion.operator} {name} {text}" + (f" and upper {criterion.upper}" if criterion.upper else "")
    if name == "threshold" and _ALL[criterion.operator](unit, number, upper):
        yield f"{stated} cannot fail: {unit.text}"
    elif name == "threshold" and _ALL[criterion.operator](met, number, upper):
        yield f"{stated} cannot fail: nothing that is measured here as {criterion.unit} reaches it; a limit is below {met.high}"
    if _NONE[criterion.operator](unit, number):
        yield f"{stated} cannot hold: {unit.text}"


def _met(criterion: Criterion, unit: _Unit) -> _Unit:
    """The values that a measurement can really meet: no sum of bad things beyond a million, no run of ours longer than a day."""
    ours = isinstance(criterion.source, EvidenceSource)
    most = _LONGEST_RUN.get(criterion.unit, unit.most) if ours else unit.most
    return msgspec.structs.replace(unit, low=max(unit.low, -most), high=most)


def _holds(unit: _Unit, number: Decimal) -> bool:
    return unit.low <= number <= unit.high and (not unit.whole or number == number.to_integral_value())


_ALL: dict[Operator, Callable[[_Unit, Decimal, Decimal], bool]] = {
    Operator.LT: lambda unit, number, _: number > unit.high,
    Operator.LTE: lambda unit, number, _: number >= unit.high,
    Operator.GT: lambda unit, number, _: number < unit.low,
    Operator.GTE: lambda unit, number, _: number <= unit.low,
    Operator.EQ: lambda unit, _number, _: unit.low == unit.high,
    Operator.BETWEEN: lambda unit, number, upper: number <= unit.low and upper >= unit.high,
}
_NONE: dict[Operator, Callable[[_Unit, Decimal], bool]] = {
    Operator.LT: lambda unit, number: number <= unit.low,
    Operator.LTE: lambda unit, number: number < unit.low,
    Operator.GT: lambda unit, number: number >= unit.high,
    Operator.GTE: lambda unit, number: number > unit.high,
    Operator.EQ: lambda _unit, _number: False,
    Operator.BETWEEN: lambda _unit, _number: False,
}
