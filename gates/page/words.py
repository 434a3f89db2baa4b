"""How pages write numbers, times and outcomes; the same in every locale and time zone. Pure."""

import datetime as dt
from decimal import Decimal

from gates.schema.gate import Criterion
from gates.schema.outcome import Operator
from gates.schema.time import parse_utc

# A symbol next to every colour, for those who do not see the colour, and for paper.
SYMBOLS: dict[str, str] = {"pass": "✓", "warn": "!", "fail": "✕", "unknown": "?"}
LABELS: dict[str, str] = {"pass": "pass", "warn": "warning", "fail": "fail", "unknown": "not judged"}
_OPERATORS: dict[Operator, str] = {
    Operator.LT: "<",
    Operator.LTE: "≤",
    Operator.GT: ">",
    Operator.GTE: "≥",
    Operator.EQ: "=",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(text: str) -> str:
    """`2026-11-27T12:05:00.000Z` as `Fri 27 Nov 2026, 12:05 UTC`."""
    at = parse_utc(text)
    return f"{day(at.date())}, {at:%H:%M} UTC"


def day(at: dt.date) -> str:
    """A date with its weekday, in English whatever the locale."""
    return f"{_DAYS[at.weekday()]} {short_day(at)} {at.year}"


def short_day(at: dt.date) -> str:
    """A date without its year: `27 Nov`."""
    return f"{at.day} {_MONTHS[at.month - 1]}"


def clock(at_ms: int) -> str:
    """A moment of a drill in seconds: `4.850 s`."""
    return f"{at_ms // 1000}.{at_ms % 1000:03d} s"


def quantity(value: str, unit: str) -> str:
    """`0.9995` ratio as `99.95 %`, `187.4` ms as `187.4 ms`, a count as the bare number."""
    if unit == "ratio":
        return f"{plain(Decimal(value) * 100)} %"
    return grouped(value) if unit == "count" else f"{grouped(value)} {unit}"


def grouped(value: str) -> str:
    """A decimal with a comma between the thousands of its whole part."""
    whole, dot, rest = plain(Decimal(value)).partition(".")
    return f"{int(whole):,}{dot}{rest}" if abs(int(whole)) > 0 else f"{whole}{dot}{rest}"


def plain(value: Decimal) -> str:
    """A decimal without exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def threshold(criterion: Criterion) -> str:
    """The threshold of a criterion: `< 300 ms`, `= 0`, `1 to 5 s`."""
    limit = quantity(criterion.threshold, criterion.unit)
    if criterion.operator is Operator.BETWEEN:
        return f"{limit} to {quantity(criterion.upper or criterion.threshold, criterion.unit)}"
    return f"{_OPERATORS[criterion.operator]} {limit}"


def short(digest: str) -> str:
    """The first twelve characters of a digest: enough to find it where the whole one is near."""
    return digest[:12]


def size(count: int) -> str:
    """How long a file is: `812 bytes`, `96 kB`, `1.4 MB`."""
    if count < 1000:
        return counted(count, "byte")
    return f"{count // 1000:,} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def counted(number: int, noun: str) -> str:
    """`1 sample`, `2,240 samples`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
