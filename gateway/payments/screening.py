"""Evaluates the policy for a payment, with the facts and the counters as this transaction finds them."""

import datetime as dt

import msgspec

from gateway.clock import later
from gateway.policy import PolicyBlock, PolicyRequest, Rules, decide
from gateway.policy.windows import local_moment, stamp
from gateway.store.port import Transaction
from gateway.store.rows import Like, PayeeRow


class ProposedPayment(msgspec.Struct, frozen=True):
    """A payment that is requested, or that waits for approval; `payment_id` is empty before it exists.

    `approvals` are the people who have approved, `least_approvals` how many were needed at the reserve.
    """

    tenant_id: str
    agent_id: str
    wallet_id: str
    payee: PayeeRow
    amount: int
    currency: str
    payment_id: str = ""
    approvals: tuple[str, ...] = ()
    least_approvals: int = 0


class Screened(msgspec.Struct, frozen=True):
    """The decision, the counters in which the payment counts if it is made, and whether the policy checked for duplicates."""

    block: PolicyBlock
    counters: tuple[str, ...]
    guarded: bool


def screen(tx: Transaction, proposed: ProposedPayment, now: dt.datetime) -> Screened:
    """The decision of the tenant's policy in force on this payment now. Writes nothing: a dry run is this and no more."""
    rules = tx.rules(proposed.tenant_id)
    local = local_moment(now, rules.zone)
    names = tuple(_counter(item.scope, item.window, proposed, local) for item in rules.counted)
    tallies = tx.counters(proposed.tenant_id, names)
    payee = proposed.payee
    request = PolicyRequest(
        agent_id=proposed.agent_id,
        amount=proposed.amount,
        approvals=proposed.approvals,
        currency=proposed.currency,
        duplicate_at=_last_like(tx, rules, proposed, now),
        least_approvals=proposed.least_approvals,
        payee_category=payee.category,
        payee_created_at=payee.created_at,
        payee_id=payee.payee_id,
        payee_known=bool(payee.known),
        wallet_id=proposed.wallet_id,
    )
    counters = {item.name: tallies[name] for item, name in zip(rules.counted, names, strict=True)}
    return Screened(decide(rules, request, counters, local), names, rules.duplicate_within_s > 0)


def _counter(scope: str, window: str, proposed: ProposedPayment, local: str) -> str:
    """The counter's name in the database; what an agent is called may hold a slash, a window and its stamp may not."""
    whose = {"tenant": "tenant", "agent": f"agent/{proposed.agent_id}", "wallet": f"wallet/{proposed.wallet_id}"}[scope]
    return f"{whose}/{window}/{stamp(window, local)}"


def _last_like(tx: Transaction, rules: Rules, proposed: ProposedPayment, now: dt.datetime) -> str | None:
    if not rules.duplicate_within_s:
        return None
    like = Like(proposed.tenant_id, proposed.agent_id, proposed.payee.payee_id, proposed.amount)
    return tx.last_like(like, later(now, -rules.duplicate_within_s), proposed.payment_id)
