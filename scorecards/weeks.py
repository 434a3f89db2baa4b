"""ISO weeks: when a week begins, when its verdict becomes official, which Friday is next."""

import datetime as dt
import re

from gates.schema.errors import UsageProblem

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_YEARS = range(1970, 9999)  # so that every week has a week before and after it

# The weekly verdict is due on Friday at noon UTC: the first evaluation at or after this moment, within the week, is
# official. Noon, because the committee that reads it meets on Friday afternoon in Europe and on Friday morning in America.
CUTOFF = dt.timedelta(days=4, hours=12)


def monday(week: str) -> dt.datetime:
    """The first instant of the week, in UTC.

    Raises UsageProblem for text that is not an ISO week such as 2026-W48, or a week that the year does not have.
    """
    match = _WEEK.fullmatch(week)
    try:
        day = dt.date.fromisocalendar(int(match[1]), int(match[2]), 1) if match and int(match[1]) in _YEARS else None
    except ValueError:
        day = None
    if day is None:
        raise UsageProblem(f"{week!r} is not an ISO week such as 2026-W48")
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def week_of(moment: dt.datetime) -> str:
    """The ISO week that holds the moment, in UTC."""
    year, number, _ = moment.astimezone(dt.UTC).isocalendar()
    return f"{year}-W{number:02d}"


def plus(week: str, weeks: int) -> str:
    """The week so many weeks later (earlier where negative)."""
    return week_of(monday(week) + dt.timedelta(weeks=weeks))


def cutoff(week: str) -> dt.datetime:
    """From this moment on, the week's first evaluation is its official one."""
    return monday(week) + CUTOFF


def friday(week: str) -> str:
    """The date of the week's Friday, `2026-11-27`: the day of the official scorecard, and of a launch."""
    return (monday(week) + dt.timedelta(days=4)).date().isoformat()


def is_due(week: str, now: dt.datetime) -> bool:
    """Whether an evaluation now may be the official one: at or after the cut-off, and still within the week."""
    return cutoff(week) <= now < monday(plus(week, 1))
