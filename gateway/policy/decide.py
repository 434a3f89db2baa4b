"""The decision: pure, without clock, floats, randomness or I/O, so that anybody can make it again from a receipt."""

from gateway.canonical import sha256_hex
from gateway.policy.block import HashedInputs, PolicyBlock, PolicyInputs, encode_block
from gateway.policy.request import PolicyRequest, Tally
from gateway.policy.rules import Check, Counters, Rules
from gateway.policy.schema import PolicyOutcome

_SEVERITY = list(PolicyOutcome)
_NOTHING = Tally(0, 0)


def decide(rules: Rules, request: PolicyRequest, counters: Counters, now: str) -> PolicyBlock:
    """The policy's decision. `counters` holds a tally for each counter that the rules name, `now` the rules' local moment."""
    failing = [check for check in rules.checks if check.fails(request, counters, now)]
    outcome, needed = _weigh(rules, request, failing)
    before = _counter_values(rules, counters, _NOTHING)
    after = _counter_values(rules, counters, Tally(request.amount, 1)) if outcome is PolicyOutcome.ALLOW else before
    inputs = PolicyInputs(
        amount=str(request.amount),
        approvals=request.approvals,
        duplicate_at=request.duplicate_at if rules.duplicate_within_s else None,
        least_approvals=request.least_approvals,
        now=now,
        payee_category=request.payee_category if rules.asks_category else "",
        payee_created_at=request.payee_created_at if rules.asks_age else None,
        payee_known=request.payee_known and rules.asks_age,
    )
    ids = (request.payee_id, rules.policy_sha256, request.wallet_id)
    whole = HashedInputs(request.agent_id, before, request.currency, inputs, *ids)
    return PolicyBlock(
        approvals_needed=needed,
        counters_after=after,
        counters_before=before,
        inputs=inputs,
        inputs_sha256=sha256_hex(encode_block(whole)),
        outcome=outcome,
        policy_sha256=rules.policy_sha256,
        reasons=tuple(dict.fromkeys(check.reason for check in failing)),
    )


def _weigh(rules: Rules, request: PolicyRequest, failing: list[Check]) -> tuple[PolicyOutcome, int]:
    """The worst of the failing limits, and how many approvals lift it; with as many it is allowed after all.

    Never fewer than were needed at the reserve: who may change the policy must not approve alone by changing it.
    """
    worst = max((check.outcome for check in failing), key=_SEVERITY.index, default=PolicyOutcome.ALLOW)
    if worst is PolicyOutcome.DENY:
        return worst, 0
    now = {PolicyOutcome.ALLOW: 0, PolicyOutcome.CHALLENGE: 1, PolicyOutcome.ESCALATE: rules.quorum}[worst]
    needed = max(now, request.least_approvals)
    if len(request.approvals) >= needed:
        return PolicyOutcome.ALLOW, needed
    return (PolicyOutcome.ESCALATE if worst is PolicyOutcome.ALLOW else worst), needed


def _counter_values(rules: Rules, counters: Counters, more: Tally) -> dict[str, str]:
    """The counters as the receipt shows them, in the order of their names."""
    values = {}
    for item in rules.counted:
        tally = counters[item.name]
        if item.amounts:
            values[item.name] = str(tally.amount + more.amount)
        if item.payments:
            values[f"{item.name}_count"] = str(tally.payments + more.payments)
    return values
