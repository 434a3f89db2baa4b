"""Which entries of a log were written by a clock that had gone backwards? Pure."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from gates.log.entry import Line
from gates.schema.time import format_utc, parse_utc

STEP = dt.timedelta(seconds=2)
"""How much earlier than the entry before it an entry may be: two processes of one machine, and a clock that is being adjusted."""


class SetBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry that is dated `at`, and stands after one of the later moment `after`: it was written then, or after it."""

    seq: int
    object: str
    at: str
    after: str


def set_back(lines: Iterable[Line]) -> tuple[SetBack, ...]:
    """The entries from one that is more than two seconds earlier than the latest before it, until the clock has caught up."""
    found: list[SetBack] = []
    latest: dt.datetime | None = None
    for line in lines:
        entry = line.entry
        at = parse_utc(entry.at)
        if latest is not None and at < latest - STEP:
            found.append(SetBack(entry.seq, entry.object, entry.at, format_utc(latest)))
        latest = max(at, latest or at)
    return tuple(found)
