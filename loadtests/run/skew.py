"""Do the clock of the service and this machine's show the same time? By the `Date` header of an answer."""

import datetime as dt
import os
from email.utils import parsedate_to_datetime

from gates.schema.errors import UnknownProblem
from gates.schema.time import REHEARSAL_CLOCK, Clock
from loadtests.storm.wire import Answer

MOST = dt.timedelta(seconds=60)
"""As much as evidence may be in the future (gates/shelf.py); a `Date` header has whole seconds."""


def comparable(clock: Clock) -> Clock | None:
    """The clock, None in a rehearsal: an HTTP server dates its answers by the real time."""
    return None if REHEARSAL_CLOCK in os.environ else clock


def skew_of(answer: Answer, now: dt.datetime) -> dt.timedelta | None:
    """How far the service's clock is ahead of `now`, negative if it is behind; None where the answer has no date to read."""
    try:
        there = parsedate_to_datetime(answer.date or "")
    except (ValueError, OverflowError):
        return None
    return None if there.tzinfo is None else there - now


def require_same_time(answer: Answer, now: dt.datetime, url: str) -> None:
    """Raise UnknownProblem if the two clocks differ by more than MOST: no time of either could be compared with the other's."""
    skew = skew_of(answer, now)
    if skew is not None and abs(skew) > MOST:
        seconds = round(abs(skew).total_seconds())
        way = "ahead of" if skew > dt.timedelta() else "behind"
        raise UnknownProblem(
            f"{url}: the clock of the service is {seconds} s {way} this machine's (its Date is {answer.date})",
            next_step="synchronise both clocks (NTP), and run again",
        )
