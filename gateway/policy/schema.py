"""The policy document: typed limits, stored and hashed in canonical form, and the outcomes and reasons of a decision."""

from enum import StrEnum
from typing import Literal

import msgspec

from gateway.canonical import canonical, sha256_hex
from gateway.commands import ApprovalRule, Budget, DuplicateGuard, Hours


class PolicyOutcome(StrEnum):
    """The outcome of a policy decision. Where several limits fail deny wins, then escalate, then challenge."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    ESCALATE = "escalate"
    DENY = "deny"


class Reason(StrEnum):
    """Why not, in the order in which reasons are listed."""

    NO_POLICY = "no_policy"
    CURRENCY_NOT_ALLOWED = "currency_not_allowed"
    PER_PAYMENT_MINIMUM = "per_payment_minimum"
    PER_PAYMENT_LIMIT = "per_payment_limit"
    HOURLY_LIMIT = "hourly_limit"
    DAILY_LIMIT = "daily_limit"
    MONTHLY_LIMIT = "monthly_limit"
    VELOCITY = "velocity"
    AGENT_HOURLY_LIMIT = "agent_hourly_limit"
    AGENT_DAILY_LIMIT = "agent_daily_limit"
    AGENT_MONTHLY_LIMIT = "agent_monthly_limit"
    AGENT_VELOCITY = "agent_velocity"
    WALLET_HOURLY_LIMIT = "wallet_hourly_limit"
    WALLET_DAILY_LIMIT = "wallet_daily_limit"
    WALLET_MONTHLY_LIMIT = "wallet_monthly_limit"
    WALLET_VELOCITY = "wallet_velocity"
    PAYEE_NOT_ALLOWED = "payee_not_allowed"
    PAYEE_BLOCKED = "payee_blocked"
    CATEGORY_NOT_ALLOWED = "category_not_allowed"
    CATEGORY_BLOCKED = "category_blocked"
    OUTSIDE_HOURS = "outside_hours"
    DUPLICATE = "duplicate"
    APPROVAL_THRESHOLD = "approval_threshold"
    NEW_PAYEE = "new_payee"


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A tenant's limits in minor units of `currency`, as decimal strings; what is absent is no limit.

    An allow list that is empty allows nothing. A payee without a category has the category "".
    """

    version: Literal["1"]
    currency: str
    allowed_categories: tuple[str, ...] | None = None
    allowed_payees: tuple[str, ...] | None = None
    approval: ApprovalRule | None = None
    blocked_categories: tuple[str, ...] = ()
    blocked_payees: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = ()
    duplicate: DuplicateGuard | None = None
    hours: Hours | None = None
    new_payee_s: int | None = None
    per_payment_max: str | None = None
    per_payment_min: str | None = None
    time_zone: str = "UTC"


NO_POLICY_SHA256 = sha256_hex(b"")
"""The policy hash of a tenant that has set none; every reserve of such a tenant is denied."""


def policy_sha256(policy: Policy) -> str:
    """The hash by which receipts name a policy."""
    return sha256_hex(canonical(policy))
