"""How many codes somebody may request and guess: pure rules over the moments at which it happened before."""

import datetime as dt

import msgspec

from gateway.clock import format_utc
from gateway.errors import Code, Refusal
from gateway.store.access_port import Throttles
from gateway.store.access_rows import Counted

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
RESEND_AFTER = dt.timedelta(seconds=30)


class Limit(msgspec.Struct, frozen=True):
    """At most so many events of a kind within a window that slides with the clock."""

    kind: Counted
    most: int
    window: dt.timedelta


MAILS = (Limit("sent", 5, HOUR), Limit("sent", 10, DAY))
"""Codes that are mailed to one address, resends among them."""

STARTS = Limit("started", 20, HOUR)
"""Sign-ins that one network begins, and codes that one person requests in sessions, for whatever addresses."""

GUESSED = Limit("failed", 20, DAY)
AFTER_GUESSES = Limit("started", 1, HOUR)
"""From so many wrong codes a day on, an address has one challenge an hour (NIST SP 800-63B)."""

MOST_IN_ROW = 100
"""Wrong codes without a right one, after which an address has no more challenges (NIST SP 800-63B)."""


def wait(newest: list[str], limit: Limit, now: dt.datetime) -> dt.timedelta:
    """How long until one more event fits; `newest` are moments within the window, newest first, at least `most` if there are."""
    if len(newest) < limit.most:
        return dt.timedelta()
    return max(dt.timedelta(), dt.datetime.fromisoformat(newest[limit.most - 1]) + limit.window - now)


def of_address(throttles: Throttles, address_hash: str, now: dt.datetime, *, starts: bool) -> Refusal | None:
    """Why this address gets no code now, whoever it belongs to; None where it gets one. A resend is no start."""
    if throttles.failures_in_row(address_hash) >= MOST_IN_ROW:
        detail = f"{MOST_IN_ROW} wrong codes in a row were typed for this address; only the operator can let it in again."
        return Refusal(Code.OTP_THROTTLED, detail, after_ms=_ms(DAY))
    limits = [*MAILS]
    if _left(throttles, address_hash, GUESSED, now) and starts:
        limits.append(AFTER_GUESSES)
    return _refusal([_left(throttles, address_hash, limit, now) for limit in limits], "this address")


def of_caller(throttles: Throttles, by: str, now: dt.datetime) -> Refusal | None:
    """Why this network, or this person in a session, may not request another code now."""
    return _refusal([_left(throttles, by, STARTS, now)], "this caller")


def too_soon(sent_at: str, now: dt.datetime) -> Refusal | None:
    """That the last mail is too young for a resend."""
    return _refusal([dt.datetime.fromisoformat(sent_at) + RESEND_AFTER - now], "this sign-in")


def _left(throttles: Throttles, subject: str, limit: Limit, now: dt.datetime) -> dt.timedelta:
    return wait(throttles.newest(subject, limit.kind, format_utc(now - limit.window), limit.most), limit, now)


def _refusal(waits: list[dt.timedelta], whose: str) -> Refusal | None:
    longest = max(waits)
    if longest <= dt.timedelta():
        return None
    return Refusal(Code.OTP_THROTTLED, f"Codes for {whose} are limited.", after_ms=_ms(longest))


def _ms(span: dt.timedelta) -> int:
    return -(-span // dt.timedelta(milliseconds=1))
