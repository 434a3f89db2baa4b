"""How long answers are kept: 30 days, then their bytes go and the key's tombstone stays as long as the ledger."""

import datetime as dt

from gateway.clock import format_utc
from gateway.engine.execute import Context
from gateway.idempotency.claim import KEY_LIFETIME_DAYS
from gateway.store.transaction import Transaction


def run_once(tx: Transaction, ctx: Context, limit: int) -> int:
    """Let go of up to `limit` answers whose time is over, oldest first; returns how many went.

    Only saves room: a replay looks at the clock itself, so it is refused from the same moment on, worker or none.
    """
    return tx.purge_answers(format_utc(ctx.now - dt.timedelta(days=KEY_LIFETIME_DAYS)), limit)
