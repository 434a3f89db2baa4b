"""The one decision point: claim the key, then let state and policy decide. Knows neither HTTP nor asyncio."""

import datetime as dt

import msgspec

from gateway.clock import format_utc
from gateway.commands import Reserve, Reverse, Settle
from gateway.control import HANDLERS, Made
from gateway.errors import CATALOGUE, Code, Refusal, problem
from gateway.idempotency import Claim, Mutation, claim, differing_fields, expires_at
from gateway.ids import Ids
from gateway.journal import Answer, Work, record, refuse, repeat, store
from gateway.payments import Change, expire, reserve, reverse, settle
from gateway.receipts import ReceiptSigner
from gateway.store.rows import PaymentRow, StoredAnswer
from gateway.store.store import Transaction
from gateway.store.tenants import TenantStore


class Context(msgspec.Struct, frozen=True):
    """Clock, ids and key of one batch: everything that a decision needs besides the database and the request."""

    now: dt.datetime
    now_text: str
    ids: Ids
    signer: ReceiptSigner

    @classmethod
    def at(cls, now: dt.datetime, ids: Ids, signer: ReceiptSigner) -> "Context":
        """The context of a batch that begins at `now`."""
        return cls(now, format_utc(now), ids, signer)

    def work(self, mutation: Mutation | None = None, wanted: Claim | None = None) -> Work:
        """A new operation with a new name."""
        return Work(self.now, self.now_text, self.ids, self.signer, self.ids.suffix(), mutation, wanted)


def execute(tx: Transaction, tenants: TenantStore, mutation: Mutation, ctx: Context) -> Answer:
    """Decide one request inside the open transaction.

    Everything is validated before the first write, so a refusal leaves nothing behind but its own stored answer.
    """
    wanted = claim(mutation)
    stored = tx.stored_answer(wanted.key_hash, wanted.route_hash)
    if stored is not None:
        return _repeat(mutation, wanted, stored, ctx)
    work = ctx.work(mutation, wanted)
    decided = _decide(tx, tenants, work, ctx)
    if isinstance(decided, Change):
        return record(tx, work, decided)
    if isinstance(decided, Made):
        return store(tx, work, decided.status, decided.view, decided.location)
    status = CATALOGUE[decided.code].status
    if status >= 500:  # never stored: the same key resumes
        return refuse(decided, mutation.request_id)
    named = msgspec.structs.replace(decided, operation=f"opr_{work.suffix}")
    return store(tx, work, status, problem(named, mutation.request_id), None, decided.code)


def sweep_expired(tx: Transaction, ctx: Context, limit: int) -> int:
    """Give back up to `limit` holds whose time is over; returns how many. Only tidies: operations decide expiry themselves."""
    due = tx.expired_holds(ctx.now_text, limit)
    for tenant_id, payment_id in due:
        payment = tx.payment(tenant_id, payment_id)
        assert payment is not None, "the index names stored payments"
        _expire_if_due(tx, payment, ctx)
    return len(due)


def _decide(tx: Transaction, tenants: TenantStore, work: Work, ctx: Context) -> Change | Made | Refusal:
    assert work.mutation is not None, "a request is being decided"
    command, principal = work.mutation.command, work.mutation.principal
    if isinstance(command, Reserve):
        return reserve(tx, principal, command, ctx.now, work.suffix)
    if isinstance(command, Settle | Reverse):
        return _decide_on_payment(tx, work.mutation, command, ctx)
    return HANDLERS[type(command)](tenants, principal, command, ctx.now_text, work.suffix)


def _decide_on_payment(tx: Transaction, mutation: Mutation, command: Settle | Reverse, ctx: Context) -> Change | Refusal:
    payment = tx.payment(mutation.principal.tenant_id, mutation.path_ids[0])
    if payment is None:
        return Refusal(Code.NOT_FOUND, "no such payment")
    if _expire_if_due(tx, payment, ctx):
        if isinstance(command, Settle) or payment.settled == 0:
            detail = f"the reservation expired at {payment.expires_at}"
            return Refusal(Code.RESERVATION_EXPIRED, detail, resource=f"/v1/payments/{payment.payment_id}")
        payment = tx.payment(payment.tenant_id, payment.payment_id)
        assert payment is not None, "it was there a statement ago"
    return settle(payment, command) if isinstance(command, Settle) else reverse(payment, command)


def _expire_if_due(tx: Transaction, payment: PaymentRow, ctx: Context) -> bool:
    due = expire(payment, ctx.now_text)
    if due is None:
        return False
    record(tx, ctx.work(), due)
    return True


def _repeat(mutation: Mutation, wanted: Claim, stored: StoredAnswer, ctx: Context) -> Answer:
    operation = f"opr_{stored.suffix}"
    if stored.fingerprint != wanted.fingerprint:
        fields = ", ".join(differing_fields(stored.request, wanted.request))
        detail = f"this key was used for a request that differs in {fields}"
        return refuse(Refusal(Code.IDEMPOTENCY_KEY_REUSED, detail, operation=operation), mutation.request_id)
    if ctx.now_text >= expires_at(stored.at):
        detail = f"the answer of {stored.at} is no longer kept"
        refusal = Refusal(Code.IDEMPOTENCY_KEY_EXPIRED, detail, operation=operation, resource=stored.location)
        return refuse(refusal, mutation.request_id)
    return repeat(mutation, stored.at, stored.status, stored.body, stored.location)
