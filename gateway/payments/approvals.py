"""Approve and reject: one vote a person; the policy is asked again with every approval, and may deny by now."""

import msgspec

from gateway.commands import Approve, Principal, Reject
from gateway.errors import Code, Refusal
from gateway.ledger import movements
from gateway.machines.payment import PAYMENT, PaymentEvent
from gateway.payments.decide import Change, refused_by_state
from gateway.payments.screening import Asked, Screened, screen
from gateway.policy import Outcome, encode_block
from gateway.store.port import Transaction
from gateway.store.rows import PaymentRow, Vote
from gateway.work import Work

_EVENTS = {
    Outcome.ALLOW: PaymentEvent.APPROVE_LAST,
    Outcome.CHALLENGE: PaymentEvent.APPROVE_PART,
    Outcome.ESCALATE: PaymentEvent.APPROVE_PART,
    Outcome.DENY: PaymentEvent.APPROVE_DENIED,
}


def approve(tx: Transaction, work: Work, payment: PaymentRow, command: Approve) -> Change | Refusal:
    """Count one approval. The last one that is needed makes the hold, if policy and wallet allow it by now."""
    principal, now = work.request.principal, work.now
    votes = tx.votes(payment.tenant_id, payment.payment_id)
    refusal = _may_not_vote(payment, principal, votes)
    if refusal is not None:
        return refusal
    mode = tx.mode(payment.tenant_id)
    if mode.mode == "paused":
        return Refusal(Code.PAUSED, f"paused since {mode.at} by {mode.actor}: {mode.reason}")
    vote = Vote(principal.agent_id, principal.key_id, "approve", command.reason, work.now_text)
    people = tuple(sorted((*(item.agent_id for item in votes), principal.agent_id)))
    payee = tx.payee(payment.tenant_id, payment.payee_id)
    assert payee is not None, "payees are never deleted"
    whose = (payment.tenant_id, payment.agent_id, payment.wallet_id)
    screened = screen(tx, Asked(*whose, payee, payment.requested, payment.currency, payment.payment_id), now, people)
    if screened.block.outcome is not Outcome.ALLOW:
        return _not_yet(payment, vote, screened)
    wallet = tx.wallet(payment.tenant_id, payment.wallet_id)
    assert wallet is not None, "wallets are never deleted"
    if wallet.available < payment.requested:
        detail = f"the payment is for {payment.requested}, available is {wallet.available}"
        return Refusal(Code.INSUFFICIENT_FUNDS, detail, resource=f"/v1/wallets/{wallet.wallet_id}")
    return _held(payment, vote, screened, introduces=not payee.known)


def reject(tx: Transaction, work: Work, payment: PaymentRow, command: Reject) -> Change | Refusal:
    """One person's no ends the wait."""
    principal = work.request.principal
    refusal = _may_not_vote(payment, principal, tx.votes(payment.tenant_id, payment.payment_id))
    if refusal is not None:
        return refusal
    edge = PAYMENT.edge(payment.state, PaymentEvent.REJECT)
    assert edge is not None, "what waits can be rejected"
    vote = Vote(principal.agent_id, principal.key_id, "reject", command.reason, work.now_text)
    changed = msgspec.structs.replace(payment, state=edge.next, operations=payment.operations + 1)
    return Change(changed, "reject", None, payment.requested, (), 200, vote=vote)


def _may_not_vote(payment: PaymentRow, principal: Principal, votes: list[Vote]) -> Refusal | None:
    where = f"/v1/payments/{payment.payment_id}"
    if PAYMENT.edge(payment.state, PaymentEvent.REJECT) is None:
        return refused_by_state(payment)
    if principal.agent_id == payment.agent_id:
        return Refusal(Code.APPROVER_NOT_DISTINCT, f"{principal.agent_id} asked for this payment", resource=where)
    if any(principal.agent_id == vote.agent_id or principal.key_id == vote.key_id for vote in votes):
        return Refusal(Code.APPROVER_NOT_DISTINCT, f"{principal.agent_id} has voted on this payment already", resource=where)
    return None


def _not_yet(payment: PaymentRow, vote: Vote, screened: Screened) -> Change:
    """The approval counts but is not the last, or the policy denies the payment by now."""
    block = screened.block
    edge = PAYMENT.edge(payment.state, _EVENTS[block.outcome])
    assert edge is not None, "what waits can be approved"
    changed = msgspec.structs.replace(
        payment, state=edge.next, operations=payment.operations + 1, policy=encode_block(block), guarded=int(screened.guarded)
    )
    if block.outcome is not Outcome.DENY:
        return Change(changed, "approve", None, payment.requested, (), 200, vote=vote)
    where = f"/v1/payments/{payment.payment_id}"
    refusal = Refusal(Code.POLICY_DENIED, f"denied: {', '.join(block.reasons)}", block.reasons, resource=where)
    return Change(changed, "denial", None, payment.requested, (), 403, refusal=refusal, vote=vote)


def _held(payment: PaymentRow, vote: Vote, screened: Screened, *, introduces: bool) -> Change:
    edge = PAYMENT.edge(payment.state, PaymentEvent.APPROVE_LAST)
    assert edge is not None, "what waits can be approved"
    amount = payment.requested
    changed = msgspec.structs.replace(
        payment,
        state=edge.next,
        authorized=amount,
        open=amount,
        counters="\n".join(screened.counters),
        guarded=int(screened.guarded),
        policy=encode_block(screened.block),
        operations=payment.operations + 1,
    )
    moves = movements(edge.effect, payment.accounts, amount)
    return Change(changed, "approve", "reserve", amount, moves, 200, counted=amount, tallied=1, introduces=introduces, vote=vote)
