"""The worker that sends queued mails: `run_once` style, so that waiting is the loop's business and a test's clock decides."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import cast

import msgspec

from gateway.access.mail.delivery import Delivered, Delivery, MailCode, Outcome
from gateway.access.mail.health import MailHealth
from gateway.access.mail.message import BadAddress, Wanted, compose
from gateway.access.mail.steps import Taken, take, write_result
from gateway.access_key import AccessKey
from gateway.clock import Clock
from gateway.mailing import MailCounts
from gateway.store.access_rows import MailRow
from gateway.work import Chore

BATCH = 8
"""The most mails that are under way at once: each is a connection to the mail server."""

RunChore = Callable[[Chore], Awaitable[object]]

_log = logging.getLogger(__name__)


class MailContext(msgspec.Struct, frozen=True):
    """What the worker needs: the delivery and its health, the way to a transaction, and what mails are composed from."""

    delivery: Delivery
    health: MailHealth
    run_chore: RunChore
    key: AccessKey
    sender: str
    clock: Clock


async def begin(context: MailContext, limit: int = BATCH) -> tuple[Sequence[Coroutine[object, object, MailCounts]], MailCounts]:
    """Take over mails that are due; the calls send one each and store what came of it. Also what was given up unsent."""
    taken = cast("Taken", await context.run_chore(partial(take, limit=limit)))
    return [_send(context, row) for row in taken.mails], MailCounts(failed=taken.given_up)


async def run_once(context: MailContext, limit: int = BATCH) -> MailCounts:
    """Send what is due, all of it at the same time; what was done."""
    calls, counts = await begin(context, limit)
    for done in await asyncio.gather(*calls):
        counts += done
    return counts


async def _send(context: MailContext, row: MailRow) -> MailCounts:
    """One mail. A defect is logged without its text, which may name the address, and the mail is due again after its lease."""
    try:
        delivered = await _deliver(context, row)
        return cast("MailCounts", await context.run_chore(partial(write_result, held=row, delivered=delivered)))
    except Exception as error:  # noqa: BLE001  # whatever it is, the mail stays in the outbox
        _log.error("a mail could not be worked on: %s; it is tried again", type(error).__name__)  # its text may name the address
        return MailCounts()


async def _deliver(context: MailContext, row: MailRow) -> Delivered:
    wanted = Wanted(
        row.mail_id, row.address, row.kind, context.key.code(row.sign_in_id), dt.datetime.fromisoformat(row.expires_at)
    )
    try:
        mail = compose(wanted, context.sender, context.clock())
    except BadAddress:
        return Delivered(Outcome.REFUSED, MailCode.ADDRESS_UNUSABLE)
    delivered = await context.delivery.send(mail)
    context.health.tried(delivered)
    return delivered
