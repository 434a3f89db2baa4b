"""UTC time as the gateway writes it; the one place in the gateway that reads the wall clock."""

import datetime as dt
from collections.abc import Callable
from functools import lru_cache

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


@lru_cache(maxsize=256)  # all of a batch are decided at one moment
def format_utc(moment: dt.datetime) -> str:
    """`2026-11-23T10:00:00.000Z`: fixed width, so that text order is time order, in SQL too."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


@lru_cache(maxsize=256)
def later(moment: dt.datetime, seconds: int) -> str:
    """`moment` plus `seconds`, formatted."""
    return format_utc(moment + dt.timedelta(seconds=seconds))
