"""Approve and reject: one vote a person; the policy is evaluated again with every approval, and may deny by now."""

import msgspec

from gateway.commands import Approve, Principal, Reject, folded, is_same
from gateway.errors import Code, Refusal
from gateway.errors.callers import NO_PERSON
from gateway.ledger import movements
from gateway.machines.payment import PAYMENT, PaymentEvent
from gateway.payments.decide import Change, refused_by_state
from gateway.payments.screening import ProposedPayment, Screened, screen
from gateway.policy import PolicyBlock, PolicyOutcome, encode_block
from gateway.store.port import Transaction
from gateway.store.rows import PaymentIdentity, PaymentRow, Vote
from gateway.work import Work

_EVENTS = {
    PolicyOutcome.ALLOW: PaymentEvent.APPROVE_LAST,
    PolicyOutcome.CHALLENGE: PaymentEvent.APPROVE_PART,
    PolicyOutcome.ESCALATE: PaymentEvent.APPROVE_PART,
    PolicyOutcome.DENY: PaymentEvent.APPROVE_DENIED,
}


def approve(tx: Transaction, work: Work, payment: PaymentRow, command: Approve) -> Change | Refusal:
    """Count one approval. The last one that is needed makes the hold, if policy and wallet allow it by now."""
    principal, identity, votes = work.request.principal, payment.identity, tx.votes(*payment.key)
    refusal = _may_not_vote(tx, payment, principal, votes)
    if refusal is not None:
        return refusal
    mode = tx.mode(identity.tenant_id)
    if mode.mode == "paused":
        return Refusal(Code.PAUSED, f"paused since {mode.at} by {mode.actor}: {mode.reason}")
    people = tuple(sorted((*(item.agent_id for item in votes), principal.agent_id)))
    payee = tx.payee(identity.tenant_id, identity.payee_id)
    assert payee is not None, "payees are never deleted"
    whose = (identity.tenant_id, identity.agent_id, identity.wallet_id)
    about = (identity.requested, identity.currency, identity.payment_id)
    screened = screen(tx, ProposedPayment(*whose, payee, *about, people, _needed_at_reserve(payment)), work.now)
    vote = _vote(principal, "approve", command.reason, work.now_text)
    if screened.block.outcome is not PolicyOutcome.ALLOW:
        return _not_yet(payment, vote, screened)
    wallet = tx.wallet(identity.tenant_id, identity.wallet_id)
    assert wallet is not None, "wallets are never deleted"
    if wallet.available < identity.requested:
        detail = f"the payment is for {identity.requested}, available is {wallet.available}"
        return Refusal(Code.INSUFFICIENT_FUNDS, detail, resource=f"/v1/wallets/{wallet.wallet_id}")
    return _held(payment, vote, screened, introduces=not payee.known)


def reject(tx: Transaction, work: Work, payment: PaymentRow, command: Reject) -> Change | Refusal:
    """One person's no ends the wait."""
    principal = work.request.principal
    refusal = _may_not_vote(tx, payment, principal, tx.votes(*payment.key))
    if refusal is not None:
        return refusal
    edge = PAYMENT.edge(payment.state, PaymentEvent.REJECT)
    assert edge is not None, "what waits can be rejected"
    vote = _vote(principal, "reject", command.reason, work.now_text)
    changed = msgspec.structs.replace(payment, state=edge.next, operations=payment.operations + 1)
    return Change(changed, "reject", None, payment.identity.requested, (), 200, vote=vote)


def _needed_at_reserve(payment: PaymentRow) -> int:
    """How many approvals the policy required when the payment was reserved; every decision since then carries the number."""
    block = msgspec.json.decode(payment.policy, type=PolicyBlock)
    return block.inputs.least_approvals or block.approvals_needed


def _vote(principal: Principal, vote: str, reason: str, at: str) -> Vote:
    return Vote(
        agent_id=principal.agent_id,
        key_id=principal.key_id,
        person_id=principal.person_id,
        vote=vote,
        reason=reason,
        at=at,
    )


def _may_not_vote(tx: Transaction, payment: PaymentRow, principal: Principal, votes: list[Vote]) -> Refusal | None:
    if PAYMENT.edge(payment.state, PaymentEvent.REJECT) is None:
        return refused_by_state(payment)
    if principal.person_id is None:
        return NO_PERSON
    if folded(payment.identity.agent_id) in _names(tx, payment.identity, principal):
        return Refusal(Code.APPROVER_NOT_DISTINCT, f"{principal.agent_id} requested this payment", resource=payment.path)
    if any(_has_voted(principal, vote) for vote in votes):
        detail = f"{principal.agent_id} has voted on this payment already"
        return Refusal(Code.APPROVER_NOT_DISTINCT, detail, resource=payment.path)
    return None


def _names(tx: Transaction, identity: PaymentIdentity, principal: Principal) -> frozenset[str]:
    """All the names under which the caller acts, without case: a second key of the same person may have another one."""
    known = tx.names_of(identity.tenant_id, principal.person_id) if principal.person_id else frozenset()
    return frozenset(folded(name) for name in (*known, principal.agent_id))


def _has_voted(principal: Principal, vote: Vote) -> bool:
    same_person = is_same(principal.person_id, vote.person_id) or is_same(principal.agent_id, vote.agent_id)
    return same_person or principal.key_id == vote.key_id


def _not_yet(payment: PaymentRow, vote: Vote, screened: Screened) -> Change:
    """The approval counts but is not the last, or the policy denies the payment by now."""
    block, requested = screened.block, payment.identity.requested
    edge = PAYMENT.edge(payment.state, _EVENTS[block.outcome])
    assert edge is not None, "what waits can be approved"
    changed = msgspec.structs.replace(
        payment, state=edge.next, operations=payment.operations + 1, policy=encode_block(block), guarded=int(screened.guarded)
    )
    if block.outcome is not PolicyOutcome.DENY:
        return Change(changed, "approve", None, requested, (), 200, vote=vote)
    refusal = Refusal(Code.POLICY_DENIED, f"denied: {', '.join(block.reasons)}", block.reasons, resource=payment.path)
    return Change(changed, "denial", None, requested, (), 403, refusal=refusal, vote=vote)


def _held(payment: PaymentRow, vote: Vote, screened: Screened, *, introduces: bool) -> Change:
    edge = PAYMENT.edge(payment.state, PaymentEvent.APPROVE_LAST)
    assert edge is not None, "what waits can be approved"
    amount = payment.identity.requested
    changed = msgspec.structs.replace(
        payment,
        state=edge.next,
        amounts=msgspec.structs.replace(payment.amounts, authorized=amount, open=amount),
        counters="\n".join(screened.counters),
        guarded=int(screened.guarded),
        policy=encode_block(screened.block),
        operations=payment.operations + 1,
    )
    moves = movements(edge.effect, payment.accounts, amount)
    return Change(changed, "approve", "reserve", amount, moves, 200, counted=amount, tallied=1, introduces=introduces, vote=vote)
