"""The hours of a week: from days and wall times to minutes since Monday 00:00, and what is covered twice or not at all. Pure."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DAY_MIN = 24 * 60
WEEK_MIN = 7 * _DAY_MIN


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


ALL_DAYS = tuple(Day)


class Span(NamedTuple):
    """Minutes of a week from Monday 00:00, the end excluded; none reaches beyond the week's end."""

    begin: int
    end: int


def clock_minutes(text: str) -> int | None:
    """Minutes since midnight of `HH:MM`, up to `24:00`; None for anything else."""
    if not _CLOCK.fullmatch(text):
        return None
    return int(text[:2]) * 60 + int(text[3:])


def spans(days: Iterable[Day], begin: str, until: str) -> tuple[Span, ...]:
    """The spans of a shift that begins on each of these days; one that ends at or before its beginning ends on the next day.

    Both times are `HH:MM`, as `clock_minutes` reads them.
    """
    first, last = clock_minutes(begin), clock_minutes(until)
    assert first is not None, "the caller has checked the times"
    assert last is not None, "the caller has checked the times"
    length = last - first if last > first else last - first + _DAY_MIN
    found = []
    for day in days:
        start = ALL_DAYS.index(day) * _DAY_MIN + first
        found.append(Span(start, min(start + length, WEEK_MIN)))
        if start + length > WEEK_MIN:
            found.append(Span(0, start + length - WEEK_MIN))
    return tuple(sorted(found))


def gaps(covered: Iterable[Span]) -> Iterator[Span]:
    """The spans of the week that none of these covers."""
    at = 0
    for span in sorted(covered):
        if span.begin > at:
            yield Span(at, span.begin)
        at = max(at, span.end)
    if at < WEEK_MIN:
        yield Span(at, WEEK_MIN)


def overlaps(covered: Iterable[Span]) -> Iterator[Span]:
    """The spans of the week that more than one of these covers."""
    ends = 0
    for span in sorted(covered):
        if span.begin < ends:
            yield Span(span.begin, min(ends, span.end))
        ends = max(ends, span.end)


def in_words(span: Span) -> str:
    """`Mon 08:00 to Tue 20:00`."""
    return f"{_moment(span.begin)} to {_moment(span.end)}"


def _moment(minutes: int) -> str:
    day, minute = divmod(minutes % WEEK_MIN, _DAY_MIN)
    return f"{ALL_DAYS[day].title()} {minute // 60:02d}:{minute % 60:02d}"
