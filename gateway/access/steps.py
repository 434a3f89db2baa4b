"""What does the funnel count, and when? Its events in their order, and which of them may be written now. Pure."""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum

WINDOW_DAYS = 7
"""Days after a run's start in which its events count; `returned` is counted for as many days after the verified receipt."""


class FunnelEvent(StrEnum):
    """The steps of a new user, in the order of the funnel; `failed` may stand anywhere."""

    STARTED = "started"
    CODE_SENT = "code_sent"
    SIGNED_IN = "signed_in"
    KEY_MADE = "key_made"
    FUNDING_SUBMITTED = "funding_submitted"
    FUNDED = "funded"
    HOST_OK = "host_ok"
    CALL_TRIED = "call_tried"
    RECEIPT_VERIFIED = "receipt_verified"
    RETURNED = "returned"
    FAILED = "failed"


AFTER = {FunnelEvent.CALL_TRIED: FunnelEvent.HOST_OK, FunnelEvent.RECEIPT_VERIFIED: FunnelEvent.HOST_OK}
"""The event that a client must have reported before this one."""


def missing_before(event: FunnelEvent, known: Collection[str]) -> FunnelEvent | None:
    """The event that is missing for this one to be in order."""
    needed = AFTER.get(event)
    return needed if needed is not None and needed not in known else None


def counts_still(started_at: str, now: str) -> bool:
    """Whether an event counts now for a run that started then."""
    begun, moment = dt.datetime.fromisoformat(started_at), dt.datetime.fromisoformat(now)
    return begun <= moment < begun + dt.timedelta(days=WINDOW_DAYS)


def day_of_return(verified_at: str, acted_at: str) -> int | None:
    """The day after the verified receipt on which a user acted, 1 to 7; None for the first 24 hours and for what came later."""
    day = (dt.datetime.fromisoformat(acted_at) - dt.datetime.fromisoformat(verified_at)) // dt.timedelta(days=1)
    return day if 1 <= day <= WINDOW_DAYS else None
