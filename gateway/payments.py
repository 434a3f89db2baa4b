"""Reserve, settle, reverse and expire: plain functions that read, ask the pure core, and say what should be written."""

import datetime as dt
from typing import Literal

import msgspec
from msgspec import UNSET

from gateway.canonical import canonical
from gateway.clock import format_utc, later
from gateway.commands import Principal, Reserve, Reverse, Settle
from gateway.errors import Code, Refusal
from gateway.ledger import Movement, movements
from gateway.machines import OPEN_STATES, REFUSALS, Event, State, Transition, transition
from gateway.policy import NO_POLICY_SHA256, Outcome, Policy, PolicyBlock, PolicyRequest, decide
from gateway.store.rows import PaymentRow
from gateway.store.store import Transaction

DEFAULT_HOLD_S = 86_400
"""Seconds that a hold lasts when the caller does not say: one day."""

COUNTER_SCOPE = "tenant_day"


class Change(msgspec.Struct, frozen=True):
    """What one operation does to one payment; `execute.record` writes it and signs the receipt.

    `payment` is the row after the operation, before its receipt is known. `refusal` is set for a denied reserve.
    """

    payment: PaymentRow
    kind: Literal["reserve", "settle", "reverse", "denial", "expire"]
    entry_kind: str | None
    amount: int
    moves: tuple[Movement, ...]
    status: int
    is_new: bool = False
    counted: int = 0
    refusal: Refusal | None = None


def policy_block(tx: Transaction, principal: Principal, command: Reserve, now: dt.datetime) -> PolicyBlock:
    """What the tenant's policy in force says to this reserve, with the counters as they are in this transaction."""
    stored = tx.policy(principal.tenant_id)
    digest, document = stored or (NO_POLICY_SHA256, None)
    policy = msgspec.json.decode(document, type=Policy) if document else None
    day = format_utc(now)[:10]
    request = PolicyRequest(
        agent_id=principal.agent_id,
        amount=int(command.amount),
        currency=command.currency,
        day=day,
        payee_id=command.payee_id,
        wallet_id=command.wallet_id,
    )
    return decide(policy, digest, request, tx.counter(principal.tenant_id, COUNTER_SCOPE, day))


def reserve(tx: Transaction, principal: Principal, command: Reserve, now: dt.datetime, suffix: str) -> Change | Refusal:
    """Hold the amount if wallet, payee and policy allow it; a denial is recorded as a payment too, without movements."""
    tenant_id = principal.tenant_id
    if (mode := tx.mode(tenant_id)).mode == "paused":
        return Refusal(Code.PAUSED, f"paused since {mode.at} by {mode.actor}: {mode.reason}")
    wallet, payee = tx.wallet(tenant_id, command.wallet_id), tx.payee(tenant_id, command.payee_id)
    if wallet is None or payee is None:
        return Refusal(Code.NOT_FOUND, "$.wallet_id: no such wallet" if wallet is None else "$.payee_id: no such payee")
    if not command.currency == wallet.currency == payee.currency:
        detail = f"$.currency: the wallet holds {wallet.currency}, the payee takes {payee.currency}"
        return Refusal(Code.CURRENCY_MISMATCH, detail)
    block = policy_block(tx, principal, command, now)
    allowed = block.outcome is Outcome.ALLOW
    amount = int(command.amount)
    if allowed and wallet.available < amount:
        return Refusal(
            Code.INSUFFICIENT_FUNDS, f"$.amount: available is {wallet.available}", resource=f"/v1/wallets/{wallet.wallet_id}"
        )
    edge = transition(None, Event.RESERVE_ALLOWED if allowed else Event.RESERVE_DENIED)
    assert edge is not None, "a reserve always has an edge"
    held = amount if allowed else 0
    seconds = DEFAULT_HOLD_S if command.expires_in_s is UNSET else command.expires_in_s
    payment = PaymentRow(
        tenant_id=tenant_id,
        payment_id=f"pay_{suffix}",
        wallet_id=wallet.wallet_id,
        payee_id=payee.payee_id,
        agent_id=principal.agent_id,
        state=edge.next,
        currency=command.currency,
        authorized=held,
        settled=0,
        released=0,
        open=held,
        refunded=0,
        charged_back=0,
        available_account=wallet.available_account,
        held_account=wallet.held_account,
        payable_account=payee.payable_account,
        counter_window=block.counters_before["day"],
        operations=1,
        last_receipt_sha256="",
        policy=canonical(block),
        expires_at=later(now, seconds),
        created_at=format_utc(now),
        client_reference=None if command.client_reference is UNSET else command.client_reference,
        purpose=None if command.purpose is UNSET else command.purpose,
    )
    moves = movements(edge.effect, payment.accounts, amount)
    if not allowed:
        where = f"/v1/payments/{payment.payment_id}"
        refusal = Refusal(Code.POLICY_DENIED, f"denied: {', '.join(block.reasons)}", block.reasons, f"opr_{suffix}", where)
        return Change(payment, "denial", None, amount, moves, 403, is_new=True, refusal=refusal)
    return Change(payment, "reserve", "reserve", amount, moves, 201, is_new=True, counted=amount)


def settle(payment: PaymentRow, command: Settle) -> Change | Refusal:
    """Pay the payee out of the open hold; a final settle gives the remainder back."""
    amount = payment.open if command.amount is UNSET else int(command.amount)
    final = command.final is UNSET or command.final
    event = Event.SETTLE_REST if final or amount == payment.open else Event.SETTLE_PART
    edge = transition(payment.state, event)
    if edge is None:
        return _refused(payment)
    if amount > payment.open:
        detail = f"$.amount: {amount} is more than the open {payment.open}"
        return Refusal(Code.OVER_SETTLEMENT, detail, resource=f"/v1/payments/{payment.payment_id}")
    remainder = payment.open - amount if event is Event.SETTLE_REST else 0
    changed = msgspec.structs.replace(
        payment,
        state=edge.next,
        settled=payment.settled + amount,
        released=payment.released + remainder,
        open=payment.open - amount - remainder,
        operations=payment.operations + 1,
    )
    moves = movements(edge.effect, payment.accounts, amount, remainder)
    return Change(changed, "settle", "settle", amount, moves, 200, counted=-remainder)


def reverse(payment: PaymentRow, command: Reverse) -> Change | Refusal:
    """Release the open hold, or refund what was settled and not yet refunded."""
    edge = transition(payment.state, Event.REVERSE)
    if edge is None:
        return _refused(payment)
    if payment.state in OPEN_STATES:
        if command.amount is not UNSET and int(command.amount) != payment.open:
            detail = f"$.amount: an open hold is released whole; leave the amount out, or say {payment.open}"
            return Refusal(Code.PARTIAL_RELEASE, detail, resource=f"/v1/payments/{payment.payment_id}")
        return _released(payment, edge, "reverse", "release")
    left = payment.settled - payment.charged_back - payment.refunded
    amount = left if command.amount is UNSET else int(command.amount)
    if amount > left or amount == 0:
        detail = f"$.amount: {left} of {payment.settled} settled can still be refunded"
        return Refusal(Code.REFUND_EXCEEDS_SETTLED, detail, resource=f"/v1/payments/{payment.payment_id}")
    changed = msgspec.structs.replace(payment, refunded=payment.refunded + amount, operations=payment.operations + 1)
    return Change(changed, "reverse", "refund", amount, movements(edge.effect, payment.accounts, amount), 200)


def expire(payment: PaymentRow, now_text: str) -> Change | None:
    """Give back a hold whose time is over; None while it may still be used (usable iff now < expires_at)."""
    edge = transition(payment.state, Event.EXPIRE)
    if edge is None or now_text < payment.expires_at:
        return None
    return _released(payment, edge, "expire", "expire")


def _released(payment: PaymentRow, edge: Transition, kind: Literal["reverse", "expire"], entry_kind: str) -> Change:
    changed = msgspec.structs.replace(
        payment,
        state=edge.next,
        released=payment.released + payment.open,
        open=0,
        operations=payment.operations + 1,
    )
    moves = movements(edge.effect, payment.accounts, payment.open)
    return Change(changed, kind, entry_kind, payment.open, moves, 200, counted=-payment.open)


def _refused(payment: PaymentRow) -> Refusal:
    code = REFUSALS[State(payment.state)]
    return Refusal(code, f"the payment is {payment.state}", resource=f"/v1/payments/{payment.payment_id}")
