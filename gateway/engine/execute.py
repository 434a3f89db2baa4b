"""The one decision point: claim the key, then let state and policy decide. Knows neither HTTP nor asyncio.

At the end of this file stand its two tables: who decides which command, and who writes which decision.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gateway.access.handlers import ACCESS_HANDLERS
from gateway.access.live_keys import key_fault
from gateway.access.user import or_in_session
from gateway.commands import (
    Approve,
    Command,
    CreatePayee,
    CreatePayout,
    CreateWallet,
    Pause,
    PutPolicy,
    Reject,
    Reserve,
    Resume,
    Reverse,
    ReviewPayout,
    Settle,
)
from gateway.control import create_payee, create_wallet, pause, put_policy, resume
from gateway.errors import CATALOGUE, Code, Refusal, problem
from gateway.idempotency.claim import Claim, Mutation, claim, differing_fields, expires_at, resource_path
from gateway.journal import Answer, refuse, repeat, repeat_secret, store
from gateway.machines.payment import PaymentState
from gateway.payments.approvals import approve, reject
from gateway.payments.decide import Change, expire, reserve, reverse, settle
from gateway.payments.record import record
from gateway.payouts.decide import PayoutChange, create_payout, review_payout
from gateway.payouts.record import record_payout
from gateway.store.port import Batch, Transaction
from gateway.store.rows import PaymentRow, StoredAnswer
from gateway.work import Chore, Context, Made, Work

Decided = Change | PayoutChange | Made | Refusal

Handler = Callable[[Transaction, Work, Any], Decided]
"""Decides one command of its own type; reads what it needs, and validates everything before it writes anything."""

PaymentHandler = Callable[[Transaction, Work, PaymentRow, Any], Decided]
"""The same for a command on a payment that is there."""

_NEVER_STORED = frozenset(
    {
        Code.UNAUTHENTICATED,
        Code.RATE_LIMITED,
        Code.OTP_THROTTLED,
        Code.OTP_LOCKED,
        Code.OTP_EXPIRED,
        Code.OTP_USED,
        Code.SESSION_EXPIRED,
        Code.SESSION_REVOKED,
        Code.STEP_UP_REQUIRED,
        Code.TENANT_DISABLED,
        Code.TENANT_CHOICE_REQUIRED,
        Code.SIGNUP_CLOSED,
        Code.SIGNUP_WAITLISTED,
        Code.BOOTSTRAP_KEY_INVALID,
        Code.BOOTSTRAP_KEY_USED,
        Code.BOOTSTRAP_KEY_EXPIRED,
    }
)
"""Refusals that are a state of the caller, not a decision on the request. Anybody can provoke some of them without end, so that
storing them would let the journal grow without end, too."""

_EXPIRED = {
    PaymentState.RESERVED: (Code.RESERVATION_EXPIRED, "the reservation"),
    PaymentState.PARTIALLY_SETTLED: (Code.RESERVATION_EXPIRED, "the reservation"),
    PaymentState.APPROVAL_REQUIRED: (Code.APPROVAL_EXPIRED, "the wait for approval"),
}


def execute_batch(tx: Batch, requests: Sequence[Mutation | Chore], ctx: Context) -> list[object]:
    """Decide requests one after another inside the open transaction; each sees what those before it did."""
    key = ctx.access.key if ctx.access else None
    claims = [claim(request, key) if isinstance(request, Mutation) else None for request in requests]
    keys = [(item.tenant_key, item.route_hash) for item in claims if item]
    tx.open(keys, [payment for request in requests for payment in _named_payment(request)], ctx.signer)
    answers = [_run(tx, request, item, ctx) for request, item in zip(requests, claims, strict=True)]
    tx.flush()
    return answers


def _run(tx: Batch, request: Mutation | Chore, wanted: Claim | None, ctx: Context) -> object:
    if isinstance(request, Mutation):
        assert wanted is not None, "a mutation claims its key"
        return execute(tx, request, wanted, ctx)
    return request(tx, ctx)


def _named_payment(request: Mutation | Chore) -> Iterator[tuple[str, str]]:
    if isinstance(request, Mutation) and request.path_ids:
        yield request.principal.tenant_id, request.path_ids[0]


def execute(tx: Transaction, mutation: Mutation, wanted: Claim, ctx: Context) -> Answer:
    """Decide one request inside the open transaction, if its key still counts: it may have ended since the request was admitted.

    Everything is validated before the first write, so a refusal leaves nothing behind but its own stored answer.
    """
    ended = key_fault(tx, mutation.principal)
    if ended is not None:
        return refuse(ended, mutation.request_id)
    stored = tx.stored_answer(wanted.tenant_key, wanted.route_hash)
    if stored is not None:
        return _repeat(mutation, wanted, stored, ctx)
    work = ctx.work(mutation, wanted)
    decided = HANDLERS[type(mutation.command)](tx, work, mutation.command)
    if mutation.route.revokes:
        tx.forget_settings()
    return RECORDERS[type(decided)](tx, work, decided)


def _on_payment(decide: PaymentHandler, *, needs_hold: bool = False) -> Handler:
    """Find the payment first, and record its expiry if that is due.

    An expired payment is still decided on if some of it was settled, unless the command `needs_hold`.
    """

    def decide_on_payment(tx: Transaction, work: Work, command: Command) -> Decided:
        tenant_id, payment_id = work.request.principal.tenant_id, work.request.path_ids[0]
        payment = tx.payment(tenant_id, payment_id)
        if payment is None:
            return Refusal(Code.NOT_FOUND, "no such payment")
        if expire_if_due(tx, payment, work.now_text, work.own):
            if needs_hold or payment.amounts.settled == 0:
                code, what = _EXPIRED[payment.state]
                return Refusal(code, f"{what} expired at {payment.identity.expires_at}", resource=payment.path)
            payment = tx.payment(tenant_id, payment_id)
            assert payment is not None, "it was there a statement ago"
        return decide(tx, work, payment, command)

    return decide_on_payment


def expire_if_due(tx: Transaction, payment: PaymentRow, now_text: str, new_work: Callable[[], Work]) -> bool:
    """Record the payment's expiry if its time is over; whether it was."""
    due = expire(payment, now_text)
    if due is None:
        return False
    record(tx, new_work(), due)
    return True


def _record_payout(tx: Transaction, work: Work, decided: PayoutChange) -> Answer:
    answer = record_payout(tx, work, decided)
    assert answer is not None, "its lease was read in this transaction"
    return answer


def _record_made(tx: Transaction, work: Work, decided: Made) -> Answer:
    return store(tx, work, decided.status, decided.view, decided.location)


def _record_refusal(tx: Transaction, work: Work, decided: Refusal) -> Answer:
    status, request_id = CATALOGUE[decided.code].status, work.request.request_id
    if status >= 500 or decided.code in _NEVER_STORED:  # the same key resumes
        return refuse(decided, request_id)
    named = msgspec.structs.replace(decided, operation=f"opr_{work.suffix}")
    return store(tx, work, status, problem(named, request_id), None, decided.code)


def _repeat(mutation: Mutation, wanted: Claim, stored: StoredAnswer, ctx: Context) -> Answer:
    operation = f"opr_{stored.suffix}"
    if stored.fingerprint != wanted.fingerprint:
        same_agent = stored.actor == mutation.principal.agent_id
        fields = ", ".join(differing_fields(stored.request, wanted.request, same_agent=same_agent))
        detail = f"this key was used for a request that differs in {fields}"
        return refuse(Refusal(Code.IDEMPOTENCY_KEY_REUSED, detail, operation=operation), mutation.request_id)
    if stored.body is None or ctx.now_text >= expires_at(stored.at):
        detail = f"the answer of {stored.at} is no longer kept"
        resource = resource_path(stored.location, stored.resource_kind, stored.resource_id)
        refusal = Refusal(Code.IDEMPOTENCY_KEY_EXPIRED, detail, operation=operation, resource=resource)
        return refuse(refusal, mutation.request_id)
    if mutation.route.secret and stored.status < 400:
        return _repeat_secret(mutation, stored, ctx)
    return repeat(stored.at, stored.status, stored.body, stored.location)


def _repeat_secret(mutation: Mutation, stored: StoredAnswer, ctx: Context) -> Answer:
    """A secret is shown again for minutes only: whoever finds a key and its body in a log later gets nothing."""
    until = expires_at(stored.at, secret=True)
    if ctx.now_text >= until:
        detail = f"the answer of {stored.at} held a secret, which was repeated until {until}"
        return refuse(Refusal(Code.IDEMPOTENCY_KEY_EXPIRED, detail, operation=f"opr_{stored.suffix}"), mutation.request_id)
    assert ctx.access is not None, "it was made with an access key"
    return repeat_secret(stored, mutation.route.kind, ctx.access.key)


HANDLERS: Mapping[type[Command], Handler] = {
    Reserve: reserve,
    Settle: _on_payment(settle, needs_hold=True),
    Reverse: _on_payment(reverse),
    Approve: _on_payment(approve),
    Reject: _on_payment(reject),
    CreatePayout: create_payout,
    ReviewPayout: review_payout,
    CreateWallet: or_in_session(create_wallet),
    CreatePayee: or_in_session(create_payee),
    PutPolicy: or_in_session(put_policy),
    Pause: pause,
    Resume: resume,
    **ACCESS_HANDLERS,
}
"""Who decides which command."""

RECORDERS: Mapping[type[Decided], Callable[[Transaction, Work, Any], Answer]] = {
    Change: record,
    PayoutChange: _record_payout,
    Made: _record_made,
    Refusal: _record_refusal,
}
"""Who writes which decision, with the answer that its replays repeat."""
