"""The calendar of a named time zone.

What a zone's clock shows depends on the machine's zone data, so it is an input: receipts carry the local moment with its offset,
and everything else about the time follows from that text alone.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from gateway.commands import Hours

_OF_THE_MACHINE = frozenset({"Factory", "localtime", "posixrules"})
"""Files among the zones that are whatever the machine's administrator chose."""


def zone_exists(name: str) -> bool:
    """Whether the time zone is one of IANA's that this machine knows: the same clock on every machine."""
    return name not in _OF_THE_MACHINE and name in _zone_names()


@lru_cache(maxsize=1)  # reading the folder takes 50 ms
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=256)  # all of a batch are decided at one moment
def local_moment(now: dt.datetime, zone: str) -> str:
    """`2026-11-23T11:00:00.000+01:00`: the moment as the zone's clocks show it."""
    return (now if zone == "UTC" else now.astimezone(ZoneInfo(zone))).isoformat(timespec="milliseconds")


def stamp(window: str, local: str) -> str:
    """The calendar window in which a local moment lies. The hour carries the offset: once a year an hour comes twice."""
    if window == "day":
        return local[:10]
    return local[:7] if window == "month" else local[:13] + local[23:]


def is_within(hours: Hours, local: str) -> bool:
    """Whether a local moment lies in the hours: from `opens` on, before `closes`; over midnight where that is earlier."""
    time = local[11:16]
    if hours.opens < hours.closes:
        return hours.opens <= time < hours.closes
    return time >= hours.opens or time < hours.closes


def is_recent(then: str, seconds: int, now: str) -> bool:
    """Whether less than `seconds` have passed since `then`; both are moments with an offset."""
    passed = dt.datetime.fromisoformat(now) - dt.datetime.fromisoformat(then)
    return passed < dt.timedelta(seconds=seconds)
