"""The policy's decision: pure, without clock, floats or I/O, so that anybody can make it again from a receipt."""

from enum import StrEnum

import msgspec

from gateway.canonical import canonical, sha256_hex


class Outcome(StrEnum):
    """All that a policy can say."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    DENY = "deny"
    ESCALATE = "escalate"


class Reason(StrEnum):
    """Why not, in the order in which reasons are listed."""

    NO_POLICY = "no_policy"
    CURRENCY_NOT_ALLOWED = "currency_not_allowed"
    PER_PAYMENT_LIMIT = "per_payment_limit"
    DAILY_LIMIT = "daily_limit"
    PAYEE_NOT_ALLOWED = "payee_not_allowed"


class Policy(msgspec.Struct, frozen=True):
    """A tenant's limits in minor units of `currency`, as decimal strings; None means no such limit."""

    allowed_payees: tuple[str, ...] | None
    currency: str
    daily_limit: str | None
    per_payment_max: str | None


class PolicyRequest(msgspec.Struct, frozen=True):
    """What the policy is asked about. `day` is the UTC day that the daily limit counts."""

    agent_id: str
    amount: int
    currency: str
    day: str
    payee_id: str
    wallet_id: str


class PolicyBlock(msgspec.Struct, frozen=True):
    """The decision as receipts carry it; members in alphabetical order, which makes its encoding canonical."""

    counters_after: dict[str, str]
    counters_before: dict[str, str]
    inputs_sha256: str
    outcome: Outcome
    policy_sha256: str
    reasons: tuple[Reason, ...]


NO_POLICY_SHA256 = sha256_hex(b"")
"""The policy hash of a tenant that has set none; every reserve of such a tenant is denied."""


def policy_sha256(policy: Policy) -> str:
    """The hash by which receipts name a policy."""
    return sha256_hex(canonical(policy))


def decide(policy: Policy | None, digest: str, request: PolicyRequest, spent_today: int) -> PolicyBlock:
    """Allow or deny. `spent_today` is what the tenant has reserved on `request.day` and not given back, in minor units."""
    reasons = _reasons(policy, request, spent_today)
    after = spent_today if reasons else spent_today + request.amount
    before_counters = {"day": request.day, "tenant_day": str(spent_today)}
    inputs = {
        "agent_id": request.agent_id,
        "amount": str(request.amount),
        "counters": before_counters,
        "currency": request.currency,
        "payee_id": request.payee_id,
        "policy_sha256": digest,
        "wallet_id": request.wallet_id,
    }
    return PolicyBlock(
        counters_after={"day": request.day, "tenant_day": str(after)},
        counters_before=before_counters,
        inputs_sha256=sha256_hex(canonical(inputs)),
        outcome=Outcome.DENY if reasons else Outcome.ALLOW,
        policy_sha256=digest,
        reasons=reasons,
    )


def _reasons(policy: Policy | None, request: PolicyRequest, spent_today: int) -> tuple[Reason, ...]:
    if policy is None:
        return (Reason.NO_POLICY,)
    found = (
        (Reason.CURRENCY_NOT_ALLOWED, request.currency != policy.currency),
        (Reason.PER_PAYMENT_LIMIT, policy.per_payment_max is not None and request.amount > int(policy.per_payment_max)),
        (Reason.DAILY_LIMIT, policy.daily_limit is not None and spent_today + request.amount > int(policy.daily_limit)),
        (Reason.PAYEE_NOT_ALLOWED, policy.allowed_payees is not None and request.payee_id not in policy.allowed_payees),
    )
    return tuple(reason for reason, holds in found if holds)
