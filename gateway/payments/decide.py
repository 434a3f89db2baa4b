"""Reserve, settle, reverse and expire: plain functions that read, call the pure core, and say what should be written."""

import datetime as dt
from typing import Literal

import msgspec
from msgspec import UNSET

from gateway.clock import format_utc, later
from gateway.commands import Principal, Reserve, Reverse, Settle
from gateway.errors import Code, Refusal
from gateway.kinds import EntryKind
from gateway.ledger import Movement, PaymentAccounts, movements
from gateway.machines.machine import Transition
from gateway.machines.payment import OPEN_STATES, PAYMENT, REFUSALS, PaymentEffect, PaymentEvent, PaymentState
from gateway.payments.screening import ProposedPayment, Screened, screen
from gateway.policy import PolicyOutcome, encode_block
from gateway.store.port import Transaction
from gateway.store.rows import PayeeRow, PaymentAmounts, PaymentIdentity, PaymentRow, Vote, WalletRow
from gateway.work import Work

DEFAULT_HOLD_S = 86_400
"""Seconds that a hold lasts when the caller does not say: one day."""

_RESERVES = {
    PolicyOutcome.ALLOW: PaymentEvent.RESERVE_ALLOWED,
    PolicyOutcome.CHALLENGE: PaymentEvent.RESERVE_ESCALATED,
    PolicyOutcome.ESCALATE: PaymentEvent.RESERVE_ESCALATED,
    PolicyOutcome.DENY: PaymentEvent.RESERVE_DENIED,
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
    entry_kind: EntryKind | None
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
    found = _wallet_and_payee(tx, tenant_id, command)
    if isinstance(found, Refusal):
        return found
    wallet, payee = found
    amount = int(command.amount)
    screened = screen(tx, ProposedPayment(tenant_id, principal.agent_id, wallet.wallet_id, payee, amount, command.currency), now)
    outcome = screened.block.outcome
    if outcome is PolicyOutcome.ALLOW and wallet.available < amount:
        return Refusal(
            Code.INSUFFICIENT_FUNDS, f"$.amount: available is {wallet.available}", resource=f"/v1/wallets/{wallet.wallet_id}"
        )
    edge = PAYMENT.edge(None, _RESERVES[outcome])
    assert edge is not None, "a reserve always has an edge"
    payment = _new_payment(principal, command, edge.next, (wallet, payee), screened, now, work.suffix)
    if outcome is PolicyOutcome.ALLOW:
        moves = movements(edge.effect, payment.accounts, amount)
        introduces = not payee.known
        return Change(payment, "reserve", "reserve", amount, moves, 201, True, amount, 1, introduces=introduces)
    if outcome is PolicyOutcome.DENY:
        reasons = screened.block.reasons
        refusal = Refusal(Code.POLICY_DENIED, f"denied: {', '.join(reasons)}", reasons, f"opr_{work.suffix}", payment.path)
        return Change(payment, "denial", None, amount, (), 403, is_new=True, refusal=refusal)
    return Change(payment, "escalation", None, amount, (), 202, is_new=True)


def _wallet_and_payee(tx: Transaction, tenant_id: str, command: Reserve) -> tuple[WalletRow, PayeeRow] | Refusal:
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
    identity = PaymentIdentity(
        tenant_id=principal.tenant_id,
        payment_id=f"pay_{suffix}",
        wallet_id=wallet.wallet_id,
        payee_id=payee.payee_id,
        agent_id=principal.agent_id,
        currency=command.currency,
        requested=amount,
        expires_at=later(now, DEFAULT_HOLD_S if command.expires_in_s is UNSET else command.expires_in_s),
        created_at=format_utc(now),
        client_reference=None if command.client_reference is UNSET else command.client_reference,
        purpose=None if command.purpose is UNSET else command.purpose,
    )
    payable = payee.payable_account
    return PaymentRow(
        identity=identity,
        accounts=PaymentAccounts(available=wallet.available_account, held=wallet.held_account, payable=payable),
        amounts=PaymentAmounts(authorized=held, settled=0, released=0, open=held, refunded=0, charged_back=0),
        state=state,
        counters="\n".join(screened.counters) if held else "",
        guarded=int(screened.guarded),
        operations=1,
        last_receipt_sha256="",  # its first receipt is written next
        policy=encode_block(screened.block),
    )


def settle(_tx: Transaction, _work: Work, payment: PaymentRow, command: Settle) -> Change | Refusal:
    """Pay the payee out of the open hold; a final settle gives the remainder back."""
    amount = payment.amounts.open if command.amount is UNSET else int(command.amount)
    was = payment.amounts
    final = command.final is UNSET or command.final
    event = PaymentEvent.SETTLE_REST if final or amount == was.open else PaymentEvent.SETTLE_PART
    edge = PAYMENT.edge(payment.state, event)
    if edge is None:
        return refused_by_state(payment)
    if amount > was.open:
        detail = f"$.amount: {amount} is more than the open {was.open}"
        return Refusal(Code.OVER_SETTLEMENT, detail, resource=payment.path)
    remainder = was.open - amount if event is PaymentEvent.SETTLE_REST else 0
    amounts = msgspec.structs.replace(
        was, settled=was.settled + amount, released=was.released + remainder, open=was.open - amount - remainder
    )
    changed = _stepped(payment, edge.next, amounts)
    moves = movements(edge.effect, payment.accounts, amount, remainder)
    return Change(changed, "settle", "settle", amount, moves, 200, counted=-remainder)


def reverse(tx: Transaction, _work: Work, payment: PaymentRow, command: Reverse) -> Change | Refusal:
    """Release the open hold, or refund what was settled, not yet refunded, and not yet paid out to the payee."""
    edge = PAYMENT.edge(payment.state, PaymentEvent.REVERSE)
    if edge is None:
        return refused_by_state(payment)
    if payment.state in OPEN_STATES:
        if command.amount is not UNSET and int(command.amount) != payment.amounts.open:
            detail = f"$.amount: an open hold is released whole; leave the amount out, or say {payment.amounts.open}"
            return Refusal(Code.PARTIAL_RELEASE, detail, resource=payment.path)
        return _released(payment, edge, "reverse", "release")
    was = payment.amounts
    left = was.settled - was.charged_back - was.refunded
    amount = left if command.amount is UNSET else int(command.amount)
    if amount > left or amount == 0:
        detail = f"$.amount: {left} of {was.settled} settled can still be refunded"
        return Refusal(Code.REFUND_EXCEEDS_SETTLED, detail, resource=payment.path)
    payee = tx.payee(payment.identity.tenant_id, payment.identity.payee_id)
    assert payee is not None, "payees are never deleted"
    if amount > payee.payable:
        detail = f"$.amount: the payee was paid out and is owed {payee.payable} now"
        return Refusal(Code.INSUFFICIENT_PAYABLE, detail, resource=f"/v1/payees/{payee.payee_id}")
    changed = _stepped(payment, edge.next, msgspec.structs.replace(was, refunded=was.refunded + amount))
    return Change(changed, "reverse", "refund", amount, movements(edge.effect, payment.accounts, amount), 200)


def expire(payment: PaymentRow, now_text: str) -> Change | None:
    """End a hold, or a wait for approval, whose time is over; None while it may still be used (usable iff now < expires_at)."""
    edge = PAYMENT.edge(payment.state, PaymentEvent.EXPIRE)
    if edge is None or now_text < payment.identity.expires_at:
        return None
    return _released(payment, edge, "expire", "expire" if payment.amounts.open else None)


def _stepped(payment: PaymentRow, state: PaymentState, amounts: PaymentAmounts) -> PaymentRow:
    """The payment one operation later."""
    return msgspec.structs.replace(payment, state=state, amounts=amounts, operations=payment.operations + 1)


def _released(
    payment: PaymentRow, edge: Transition[PaymentState, PaymentEvent, PaymentEffect], kind: Kind, entry_kind: EntryKind | None
) -> Change:
    was = payment.amounts
    changed = _stepped(payment, edge.next, msgspec.structs.replace(was, released=was.released + was.open, open=0))
    moves = movements(edge.effect, payment.accounts, was.open)
    tallied = -1 if was.settled == 0 and was.open else 0  # what was never paid is no payment to the count of payments
    return Change(changed, kind, entry_kind, was.open, moves, 200, counted=-was.open, tallied=tallied)


def refused_by_state(payment: PaymentRow) -> Refusal:
    """What an operation gets that finds the payment in a state without an edge for it."""
    code = REFUSALS[PaymentState(payment.state)]
    return Refusal(code, f"the payment is {payment.state}", resource=payment.path)
