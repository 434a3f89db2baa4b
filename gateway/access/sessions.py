"""How long a session counts, and what it may do: rules over its row and the clock."""

import datetime as dt

from gateway.clock import format_utc
from gateway.commands import HOUSE, NOBODY, SESSION, Principal
from gateway.errors import Code, Refusal
from gateway.rate_limit import RateLimit, limit_of
from gateway.store.access_rows import SessionRow

ABSOLUTE = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=30)
FRESH = dt.timedelta(minutes=10)
"""How long after a code a session may do what needs a fresh one."""

MOST_SESSIONS = 5
"""Sessions of one person at a time; a sixth ends the oldest."""

SEEN_EVERY = dt.timedelta(seconds=60)
"""How often at most a session's last use is written: a session may end so much too early by its idle time, never too late."""

_ENDED = {
    "logout": "It was logged out.",
    "address": "The address of its user was changed.",
    "tenant": "Its tenant was disabled, or its user belongs to it no longer.",
    "limit": f"Its user began more than {MOST_SESSIONS} sessions; the oldest ends.",
    "erased": "Its user was erased.",
}


def shifted(moment: str, by: dt.timedelta) -> str:
    """A moment of the store, so much later."""
    return format_utc(dt.datetime.fromisoformat(moment) + by)


def fault(session: SessionRow, now: str) -> Refusal | None:
    """Why the session does not count now; None while it does."""
    if session.ended_by is not None:
        return Refusal(Code.SESSION_REVOKED, _ENDED[session.ended_by])
    if now >= session.expires_at:
        return Refusal(Code.SESSION_EXPIRED, f"The session ended at {session.expires_at}, 12 hours after its sign-in.")
    idle_at = shifted(session.seen_at, IDLE)
    if now >= idle_at:
        return Refusal(Code.SESSION_EXPIRED, f"The session ended at {idle_at}, after 30 minutes without a request.")
    if session.disabled:
        return Refusal(Code.TENANT_DISABLED, f"The tenant {session.tenant_id} is disabled.")
    return None


def fresh_until(session: SessionRow) -> str:
    """Until when the session may do what needs a fresh code."""
    return shifted(session.fresh_at, FRESH)


def stale(session: SessionRow, now: str) -> Refusal | None:
    """That a fresh code is needed; None while the last one is fresh."""
    until = fresh_until(session)
    return Refusal(Code.STEP_UP_REQUIRED, f"The last code counted until {until}.") if now >= until else None


def is_due_to_be_seen(session: SessionRow, now: str) -> bool:
    """Whether this use of the session is to be written."""
    return now >= shifted(session.seen_at, SEEN_EVERY)


def principal_of(session: SessionRow, default: RateLimit | None) -> Principal:
    """Who calls with this session: its person, in the tenant that it acts in, or for the house."""
    tenant_id = HOUSE if session.house_role else session.tenant_id or NOBODY
    limit = limit_of(session.rate_per_s, session.burst, default)
    role = session.house_role or SESSION
    return Principal(tenant_id, session.session_id, role, session.person_id, limit, session.person_id)
