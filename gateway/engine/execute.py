"""The one decision point: claim the key, then let state and policy decide. Knows neither HTTP nor asyncio."""

from collections.abc import Iterator, Sequence

import msgspec

from gateway.commands import Approve, CreatePayout, Reject, Reserve, Reverse, ReviewPayout, Settle
from gateway.control import HANDLERS
from gateway.errors import CATALOGUE, Code, Refusal, problem
from gateway.idempotency.claim import Claim, Mutation, claim, differing_fields, expires_at, resource_path
from gateway.journal import Answer, refuse, repeat, store
from gateway.machines.payment import PaymentState
from gateway.payments.approvals import approve, reject
from gateway.payments.decide import Change, expire, reserve, reverse, settle
from gateway.payments.record import record
from gateway.payouts.decide import PayoutChange, create_payout, review_payout
from gateway.payouts.record import record_payout
from gateway.store.batch import Batch
from gateway.store.rows import PaymentRow, StoredAnswer
from gateway.store.tenants import TenantStore
from gateway.store.transaction import Transaction
from gateway.work import Chore, Context, Made, Work

OnPayment = Settle | Reverse | Approve | Reject

_EXPIRED = {
    PaymentState.RESERVED: (Code.RESERVATION_EXPIRED, "the reservation"),
    PaymentState.PARTIALLY_SETTLED: (Code.RESERVATION_EXPIRED, "the reservation"),
    PaymentState.APPROVAL_REQUIRED: (Code.APPROVAL_EXPIRED, "the wait for approval"),
}


def execute_batch(tx: Batch, tenants: TenantStore, requests: Sequence[Mutation | Chore], ctx: Context) -> list[object]:
    """Decide requests one after another inside the open transaction; each sees what those before it did."""
    claims = [claim(request) if isinstance(request, Mutation) else None for request in requests]
    keys = [(item.tenant_key, item.route_hash) for item in claims if item]
    tx.open(keys, [payment for request in requests for payment in _named_payment(request)], ctx.signer)
    answers = [_run(tx, tenants, request, item, ctx) for request, item in zip(requests, claims, strict=True)]
    tx.flush()
    return answers


def _run(tx: Batch, tenants: TenantStore, request: Mutation | Chore, wanted: Claim | None, ctx: Context) -> object:
    if isinstance(request, Mutation):
        assert wanted is not None, "a mutation claims its key"
        return execute(tx, tenants, request, wanted, ctx)
    return request(tx, ctx)


def _named_payment(request: Mutation | Chore) -> Iterator[tuple[str, str]]:
    if isinstance(request, Mutation) and request.path_ids:
        yield request.principal.tenant_id, request.path_ids[0]


def execute(tx: Transaction, tenants: TenantStore, mutation: Mutation, wanted: Claim, ctx: Context) -> Answer:
    """Decide one request inside the open transaction.

    Everything is validated before the first write, so a refusal leaves nothing behind but its own stored answer.
    """
    stored = tx.stored_answer(wanted.tenant_key, wanted.route_hash)
    if stored is not None:
        return _repeat(mutation, wanted, stored, ctx)
    work = ctx.work(mutation, wanted)
    decided = _decide(tx, tenants, work, ctx)
    if isinstance(decided, Change):
        return record(tx, work, decided)
    if isinstance(decided, PayoutChange):
        told = record_payout(tx, work, decided)
        assert told is not None, "its lease was read in this transaction"
        return told
    if isinstance(decided, Made):
        return store(tx, work, decided.status, decided.view, decided.location)
    status = CATALOGUE[decided.code].status
    if status >= 500:  # never stored: the same key resumes
        return refuse(decided, mutation.request_id)
    named = msgspec.structs.replace(decided, operation=f"opr_{work.suffix}")
    return store(tx, work, status, problem(named, mutation.request_id), None, decided.code)


def _decide(tx: Transaction, tenants: TenantStore, work: Work, ctx: Context) -> Change | PayoutChange | Made | Refusal:
    assert work.mutation is not None, "a request is being decided"
    command, principal = work.mutation.command, work.mutation.principal
    if isinstance(command, Reserve):
        return reserve(tx, principal, command, ctx.now, work.suffix)
    if isinstance(command, OnPayment):
        return _decide_on_payment(tx, work.mutation, command, ctx)
    if isinstance(command, CreatePayout):
        return create_payout(tx, principal, command, ctx.now_text, work.suffix, has_rail=ctx.has_rail)
    if isinstance(command, ReviewPayout):
        return review_payout(tx, principal, work.mutation.path_ids[0], command, ctx.now_text, work.suffix)
    made = HANDLERS[type(command)](tenants, principal, command, ctx.now_text, work.suffix)
    tx.forget_settings()
    return made


def _decide_on_payment(tx: Transaction, mutation: Mutation, command: OnPayment, ctx: Context) -> Change | Refusal:
    payment = tx.payment(mutation.principal.tenant_id, mutation.path_ids[0])
    if payment is None:
        return Refusal(Code.NOT_FOUND, "no such payment")
    if expire_if_due(tx, payment, ctx):
        if isinstance(command, Settle) or payment.settled == 0:
            code, what = _EXPIRED[payment.state]
            return Refusal(code, f"{what} expired at {payment.expires_at}", resource=f"/v1/payments/{payment.payment_id}")
        payment = tx.payment(payment.tenant_id, payment.payment_id)
        assert payment is not None, "it was there a statement ago"
    match command:
        case Settle():
            return settle(payment, command)
        case Reverse():
            return reverse(tx, payment, command)
        case Approve():
            return approve(tx, payment, mutation.principal, command, ctx.now)
        case Reject():
            return reject(tx, payment, mutation.principal, command, ctx.now)


def expire_if_due(tx: Transaction, payment: PaymentRow, ctx: Context) -> bool:
    """Record the payment's expiry if its time is over; whether it was."""
    due = expire(payment, ctx.now_text)
    if due is None:
        return False
    record(tx, ctx.work(), due)
    return True


def _repeat(mutation: Mutation, wanted: Claim, stored: StoredAnswer, ctx: Context) -> Answer:
    operation = f"opr_{stored.suffix}"
    if stored.fingerprint != wanted.fingerprint:
        same_agent = stored.actor == mutation.principal.agent_id
        fields = ", ".join(differing_fields(stored.request, wanted.request, same_agent=same_agent))
        detail = f"this key was used for a request that differs in {fields}"
        return refuse(Refusal(Code.IDEMPOTENCY_KEY_REUSED, detail, operation=operation), mutation.request_id)
    if stored.body is None or ctx.now_text >= expires_at(stored.at):
        detail = f"the answer of {stored.at} is no longer kept"
        resource = resource_path(stored.location, stored.payment_id)
        refusal = Refusal(Code.IDEMPOTENCY_KEY_EXPIRED, detail, operation=operation, resource=resource)
        return refuse(refusal, mutation.request_id)
    return repeat(stored.at, stored.status, stored.body, stored.location)
