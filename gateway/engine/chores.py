"""What the engine does between requests: gives expired holds back, and deletes stored answers once their time is over."""

import datetime as dt

from gateway.access.throttles import MOST_IN_ROW
from gateway.clock import format_utc
from gateway.engine.execute import expire_if_due
from gateway.idempotency.claim import KEY_LIFETIME_DAYS
from gateway.store.port import Transaction
from gateway.work import Context


def purge_answers(tx: Transaction, ctx: Context, limit: int) -> int:
    """Let go of up to `limit` answers whose time is over, oldest first; returns how many went.

    Only saves room: a replay looks at the clock itself, so it is refused from the same moment on, worker or none.
    """
    return tx.purge_answers(format_utc(ctx.now - dt.timedelta(days=KEY_LIFETIME_DAYS)), limit)


ROW_KEPT = dt.timedelta(days=90)
"""Days after which wrong codes in a row are forgotten, unless they were so many that they lock the address."""


def purge_access(tx: Transaction, ctx: Context, limit: int) -> int:
    """Forget challenges, their mails, counted events and sessions a day after their end; returns the most of one kind."""
    until = format_utc(ctx.now - dt.timedelta(days=1))
    access, months_ago = tx.access, format_utc(ctx.now - ROW_KEPT)
    access.throttles.purge_rows(months_ago, MOST_IN_ROW, limit)
    return max(access.sign_ins.purge(until, limit), access.throttles.purge(until, limit), access.sessions.purge(until, limit))


def sweep_expired(tx: Transaction, ctx: Context, limit: int) -> int:
    """Give back up to `limit` holds whose time is over; returns how many. Only tidies: operations decide expiry themselves."""
    due = tx.expired_holds(ctx.now_text, limit)
    for tenant_id, payment_id in due:
        payment = tx.payment(tenant_id, payment_id)
        assert payment is not None, "the index names stored payments"
        expire_if_due(tx, payment, ctx.now_text, ctx.work)
    return len(due)
