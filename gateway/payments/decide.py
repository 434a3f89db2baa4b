"""Reserve, settle, reverse and expire: plain functions that read, ask the pure core, and say what should be written."""

import datetime as dt
from typing import Literal

import msgspec
from msgspec import UNSET

from gateway.clock import format_utc, later
from gateway.commands import Principal, Reserve, Reverse, Settle
from gateway.errors import Code, Refusal
from gateway.ledger import Movement, movements
from gateway.machines.machine import Transition
from gateway.machines.payment import OPEN_STATES, PAYMENT, REFUSALS, PaymentEffect, PaymentEvent, PaymentState
from gateway.payments.screening import Asked, Screened, screen
from gateway.policy import Outcome, encode_block
from gateway.store.port import Transaction
from gateway.store.rows import PayeeRow, PaymentRow, Vote, WalletRow
from gateway.work import Work

DEFAULT_HOLD_S = 86_400
"""Seconds that a hold lasts when the caller does not say: one day."""

_RESERVES = {
    Outcome.ALLOW: PaymentEvent.RESERVE_ALLOWED,
    Outcome.CHALLENGE: PaymentEvent.RESERVE_ESCALATED,
    Outcome.ESCALATE: PaymentEvent.RESERVE_ESCALATED,
    Outcome.DENY: PaymentEvent.RESERVE_DENIED,
}

Kind = Literal["reserve", "escalation", "denial", "approve", "reject", "settle", "reverse", "expire"]


class Change(msgspec.Struct, frozen=True):
    """What one operation does to one payment; `payments.record` writes it and signs the receipt.

    `payment` is the row after the operation, before its receipt is known. `counted` minor units and `tallied` payments go into
    its counters. `refusal` is set where the policy denies, `introduces` where its payee gets a first hold, `vote` where somebody
    voted.
    """

    payment: PaymentRow
    kind: Kind
    entry_kind: str | None
    amount: int
    moves: tuple[Movement, ...]
    status: int
    is_new: bool = False
    counted: int = 0
    tallied: int = 0
    refusal: Refusal | None = None
    introduces: bool = False
    vote: Vote | None = None


def reserve(tx: Transaction, work: Work, command: Reserve) -> Change | Refusal:
    """Hold the amount if wallet, payee and policy allow it. A denial, and a wait for approval, are payments without movements."""
    principal, now = work.request.principal, work.now
    tenant_id = principal.tenant_id
    if (mode := tx.mode(tenant_id)).mode == "paused":
        return Refusal(Code.PAUSED, f"paused since {mode.at} by {mode.actor}: {mode.reason}")
    found = _parties(tx, tenant_id, command)
    if isinstance(found, Refusal):
        return found
    wallet, payee = found
    amount = int(command.amount)
    screened = screen(tx, Asked(tenant_id, principal.agent_id, wallet.wallet_id, payee, amount, command.currency), now)
    outcome = screened.block.outcome
    if outcome is Outcome.ALLOW and wallet.available < amount:
        return Refusal(
            Code.INSUFFICIENT_FUNDS, f"$.amount: available is {wallet.available}", resource=f"/v1/wallets/{wallet.wallet_id}"
        )
    edge = PAYMENT.edge(None, _RESERVES[outcome])
    assert edge is not None, "a reserve always has an edge"
    payment = _new_payment(principal, command, edge.next, (wallet, payee), screened, now, work.suffix)
    if outcome is Outcome.ALLOW:
        moves = movements(edge.effect, payment.accounts, amount)
        introduces = not payee.known
        return Change(payment, "reserve", "reserve", amount, moves, 201, True, amount, 1, introduces=introduces)
    if outcome is Outcome.DENY:
        reasons, where = screened.block.reasons, f"/v1/payments/{payment.payment_id}"
        refusal = Refusal(Code.POLICY_DENIED, f"denied: {', '.join(reasons)}", reasons, f"opr_{work.suffix}", where)
        return Change(payment, "denial", None, amount, (), 403, is_new=True, refusal=refusal)
    return Change(payment, "escalation", None, amount, (), 202, is_new=True)


def _parties(tx: Transaction, tenant_id: str, command: Reserve) -> tuple[WalletRow, PayeeRow] | Refusal:
    wallet, payee = tx.wallet(tenant_id, command.wallet_id), tx.payee(tenant_id, command.payee_id)
    if wallet is None or payee is None:
        return Refusal(Code.NOT_FOUND, "$.wallet_id: no such wallet" if wallet is None else "$.payee_id: no such payee")
    if not command.currency == wallet.currency == payee.currency:
        detail = f"$.currency: the wallet holds {wallet.currency}, the payee takes {payee.currency}"
        return Refusal(Code.CURRENCY_MISMATCH, detail)
    return wallet, payee


def _new_payment(
    principal: Principal,
    command: Reserve,
    state: PaymentState,
    parties: tuple[WalletRow, PayeeRow],
    screened: Screened,
    now: dt.datetime,
    suffix: str,
) -> PaymentRow:
    wallet, payee = parties
    amount = int(command.amount)
    held = amount if state is PaymentState.RESERVED else 0
    return PaymentRow(  # in order: beyond fifteen names Python makes a dict of them first
        principal.tenant_id,
        f"pay_{suffix}",
        wallet.wallet_id,
        payee.payee_id,
        principal.agent_id,
        state,
        command.currency,
        amount,
        held,  # authorized
        0,  # settled
        0,  # released
        held,  # open
        0,  # refunded
        0,  # charged back
        wallet.available_account,
        wallet.held_account,
        payee.payable_account,
        "\n".join(screened.counters) if held else "",
        int(screened.guarded),
        1,  # operations
        "",  # its receipt, which is written next
        encode_block(screened.block),
        later(now, DEFAULT_HOLD_S if command.expires_in_s is UNSET else command.expires_in_s),
        format_utc(now),
        None if command.client_reference is UNSET else command.client_reference,
        None if command.purpose is UNSET else command.purpose,
    )


def settle(_tx: Transaction, _work: Work, payment: PaymentRow, command: Settle) -> Change | Refusal:
    """Pay the payee out of the open hold; a final settle gives the remainder back."""
    amount = payment.open if command.amount is UNSET else int(command.amount)
    final = command.final is UNSET or command.final
    event = PaymentEvent.SETTLE_REST if final or amount == payment.open else PaymentEvent.SETTLE_PART
    edge = PAYMENT.edge(payment.state, event)
    if edge is None:
        return refused_by_state(payment)
    if amount > payment.open:
        detail = f"$.amount: {amount} is more than the open {payment.open}"
        return Refusal(Code.OVER_SETTLEMENT, detail, resource=f"/v1/payments/{payment.payment_id}")
    remainder = payment.open - amount if event is PaymentEvent.SETTLE_REST else 0
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


def reverse(tx: Transaction, _work: Work, payment: PaymentRow, command: Reverse) -> Change | Refusal:
    """Release the open hold, or refund what was settled, not yet refunded, and not yet paid out to the payee."""
    edge = PAYMENT.edge(payment.state, PaymentEvent.REVERSE)
    if edge is None:
        return refused_by_state(payment)
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
    payee = tx.payee(payment.tenant_id, payment.payee_id)
    assert payee is not None, "payees are never deleted"
    if amount > payee.payable:
        detail = f"$.amount: the payee was paid out and is owed {payee.payable} now"
        return Refusal(Code.INSUFFICIENT_PAYABLE, detail, resource=f"/v1/payees/{payee.payee_id}")
    changed = msgspec.structs.replace(payment, refunded=payment.refunded + amount, operations=payment.operations + 1)
    return Change(changed, "reverse", "refund", amount, movements(edge.effect, payment.accounts, amount), 200)


def expire(payment: PaymentRow, now_text: str) -> Change | None:
    """End a hold, or a wait for approval, whose time is over; None while it may still be used (usable iff now < expires_at)."""
    edge = PAYMENT.edge(payment.state, PaymentEvent.EXPIRE)
    if edge is None or now_text < payment.expires_at:
        return None
    return _released(payment, edge, "expire", "expire" if payment.open else None)


def _released(
    payment: PaymentRow, edge: Transition[PaymentState, PaymentEvent, PaymentEffect], kind: Kind, entry_kind: str | None
) -> Change:
    changed = msgspec.structs.replace(
        payment,
        state=edge.next,
        released=payment.released + payment.open,
        open=0,
        operations=payment.operations + 1,
    )
    moves = movements(edge.effect, payment.accounts, payment.open)
    tallied = -1 if payment.settled == 0 and payment.open else 0  # what was never paid is no payment to the count of payments
    return Change(changed, kind, entry_kind, payment.open, moves, 200, counted=-payment.open, tallied=tallied)


def refused_by_state(payment: PaymentRow) -> Refusal:
    """What an operation gets that finds the payment in a state without an edge for it."""
    code = REFUSALS[PaymentState(payment.state)]
    return Refusal(code, f"the payment is {payment.state}", resource=f"/v1/payments/{payment.payment_id}")
