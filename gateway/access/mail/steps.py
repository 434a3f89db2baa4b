"""What the mail worker reads and writes: each step is a transaction of its own, and no mail is sent inside of one.

A try is counted before the mail leaves, under a lease: a process that dies with a mail in its hands has used one up, and whoever
looks after the lease goes on.
"""

import msgspec

from gateway.access.funnel import note
from gateway.access.mail.delivery import Delivered, MailCode, Outcome
from gateway.access.steps import FunnelEvent
from gateway.clock import later
from gateway.mailing import MailCounts
from gateway.store.access_rows import MailRow
from gateway.store.port import Transaction
from gateway.work import Context

TRIES = 3
"""How often a mail is tried within the lifetime of its code."""

LEASE_S = 30
"""Longer than a try may take."""

_AGAIN_S = (5, 30)
"""How long after its first and its second try a mail is due again."""


class Taken(msgspec.Struct, frozen=True):
    """Mails to send now, and how many were given up instead: their code is spent, or their tries are."""

    mails: tuple[MailRow, ...]
    given_up: int


def take(tx: Transaction, ctx: Context, *, limit: int) -> Taken:
    """Take over mails that are due."""
    taken: list[MailRow] = []
    given_up = 0
    for row in tx.access.mails.due(ctx.now_text, limit):
        why = _pointless(tx, ctx, row)
        if why is None:
            tx.access.mails.take(row.mail_id, later(ctx.now, LEASE_S))
            taken.append(row)
        else:
            tx.access.mails.failed(row.mail_id, why)
            given_up += 1
    return Taken(tuple(taken), given_up)


def _pointless(tx: Transaction, ctx: Context, row: MailRow) -> str | None:
    """Why a mail need not be sent any more."""
    if row.expires_at <= ctx.now_text:
        return MailCode.CODE_EXPIRED
    sign_in = tx.access.sign_ins.find(row.sign_in_id)
    if sign_in is None or sign_in.used_at is not None:
        return MailCode.CODE_USED
    return (row.last_code or MailCode.NO_RESULT) if row.tries >= TRIES else None


def write_result(tx: Transaction, ctx: Context, *, held: MailRow, delivered: Delivered) -> MailCounts:
    """Store what came of a try; what to add to the counts."""
    if delivered.outcome is Outcome.SENT:
        tx.access.mails.sent(held.mail_id)
        sign_in = tx.access.sign_ins.find(held.sign_in_id)
        if sign_in is not None:
            note(tx, ctx.now_text, FunnelEvent.CODE_SENT, run=sign_in.run)
        return MailCounts(tries=1, sent=1)
    if delivered.outcome is Outcome.REFUSED or held.tries + 1 >= TRIES:
        tx.access.mails.failed(held.mail_id, delivered.code)
        return MailCounts(tries=1, failed=1)
    tx.access.mails.again(held.mail_id, later(ctx.now, _AGAIN_S[held.tries]), delivered.code)
    return MailCounts(tries=1)
