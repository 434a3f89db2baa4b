"""Compiled policies: a row for each limit, made once for each document, because every reserve is evaluated."""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import UNSET

from gateway.commands import Budget
from gateway.policy.request import PolicyRequest, Tally
from gateway.policy.schema import NO_POLICY_SHA256, Policy, PolicyOutcome, Reason
from gateway.policy.windows import is_recent, is_within

Counters = Mapping[str, Tally]
Fails = Callable[[PolicyRequest, Counters, str], bool]

_WINDOWS = {"hour": "hourly", "day": "daily", "month": "monthly"}


class Check(msgspec.Struct, frozen=True):
    """One limit: why it refuses, with which outcome, and when."""

    reason: Reason
    outcome: PolicyOutcome
    fails: Fails


class Counted(msgspec.Struct, frozen=True):
    """One counter that the policy looks at, and which of its two numbers."""

    name: str
    scope: str
    window: str
    amounts: bool
    payments: bool


class Rules(msgspec.Struct, frozen=True):
    """A compiled policy. `checks` are in the order of their reasons, `counted` in the order of their names."""

    policy_sha256: str
    checks: tuple[Check, ...]
    counted: tuple[Counted, ...] = ()
    zone: str = "UTC"
    quorum: int = 0
    duplicate_within_s: int = 0
    asks_category: bool = False
    asks_age: bool = False


NO_RULES = Rules(NO_POLICY_SHA256, (Check(Reason.NO_POLICY, PolicyOutcome.DENY, lambda _request, _counters, _now: True),))
"""What holds for a tenant that has set no policy: no policy context, no payment."""


def compile_rules(digest: str, document: bytes) -> Rules:
    """The rules of a stored document, whose sha256 is `digest`."""
    policy = msgspec.json.decode(document, type=Policy)
    order = list(Reason)
    checks = [*_payment_checks(policy), *_budget_checks(policy), *_list_checks(policy), *_soft_checks(policy)]
    checks.sort(key=lambda check: order.index(check.reason))
    return Rules(
        policy_sha256=digest,
        checks=tuple(checks),
        counted=_counted(policy.budgets),
        zone=policy.time_zone,
        quorum=policy.approval.quorum if policy.approval else 0,
        duplicate_within_s=policy.duplicate.within_s if policy.duplicate else 0,
        asks_category=policy.allowed_categories is not None or bool(policy.blocked_categories),
        asks_age=policy.new_payee_s is not None,
    )


def _payment_checks(policy: Policy) -> Iterator[Check]:
    currency = policy.currency
    yield Check(Reason.CURRENCY_NOT_ALLOWED, PolicyOutcome.DENY, lambda request, _counters, _now: request.currency != currency)
    if policy.per_payment_min is not None:
        least = int(policy.per_payment_min)
        yield Check(Reason.PER_PAYMENT_MINIMUM, PolicyOutcome.DENY, lambda request, _counters, _now: request.amount < least)
    if policy.per_payment_max is not None:
        most = int(policy.per_payment_max)
        yield Check(Reason.PER_PAYMENT_LIMIT, PolicyOutcome.DENY, lambda request, _counters, _now: request.amount > most)


def _budget_checks(policy: Policy) -> Iterator[Check]:
    for budget in policy.budgets:
        prefix = "" if budget.scope == "tenant" else f"{budget.scope}_"
        if budget.max_amount is not UNSET:
            reason = Reason(f"{prefix}{_WINDOWS[budget.window]}_limit")
            yield Check(reason, PolicyOutcome.DENY, _amount_exceeded(budget, int(budget.max_amount)))
        if budget.max_payments is not UNSET:
            yield Check(Reason(f"{prefix}velocity"), PolicyOutcome.DENY, _payments_exceeded(budget, budget.max_payments))


def _amount_exceeded(budget: Budget, most: int) -> Fails:
    name, concerns = _name(budget), _concerns(budget)
    if concerns is None:
        return lambda request, counters, _now: counters[name].amount + request.amount > most
    return lambda request, counters, _now: concerns(request) and counters[name].amount + request.amount > most


def _payments_exceeded(budget: Budget, most: int) -> Fails:
    name, concerns = _name(budget), _concerns(budget)
    if concerns is None:
        return lambda _request, counters, _now: counters[name].payments >= most
    return lambda request, counters, _now: concerns(request) and counters[name].payments >= most


def _concerns(budget: Budget) -> Callable[[PolicyRequest], bool] | None:
    """Whom a budget is about; None is everybody."""
    only = budget.only
    if only is UNSET:
        return None
    return (lambda request: request.agent_id == only) if budget.scope == "agent" else (lambda request: request.wallet_id == only)


def _list_checks(policy: Policy) -> Iterator[Check]:
    if policy.allowed_payees is not None:
        payees = frozenset(policy.allowed_payees)
        yield Check(Reason.PAYEE_NOT_ALLOWED, PolicyOutcome.DENY, lambda request, _counters, _now: request.payee_id not in payees)
    if policy.blocked_payees:
        blocked = frozenset(policy.blocked_payees)
        yield Check(Reason.PAYEE_BLOCKED, PolicyOutcome.DENY, lambda request, _counters, _now: request.payee_id in blocked)
    if policy.allowed_categories is not None:
        sold = frozenset(policy.allowed_categories)
        yield Check(Reason.CATEGORY_NOT_ALLOWED, PolicyOutcome.DENY, lambda it, _counters, _now: it.payee_category not in sold)
    if policy.blocked_categories:
        unsold = frozenset(policy.blocked_categories)
        yield Check(Reason.CATEGORY_BLOCKED, PolicyOutcome.DENY, lambda it, _counters, _now: it.payee_category in unsold)
    if policy.hours is not None:
        hours = policy.hours
        yield Check(Reason.OUTSIDE_HOURS, PolicyOutcome.DENY, lambda _request, _counters, now: not is_within(hours, now))


def _soft_checks(policy: Policy) -> Iterator[Check]:
    """Limits that people may lift; the duplicate guard may also be hard."""
    if policy.duplicate is not None:
        yield Check(Reason.DUPLICATE, PolicyOutcome(policy.duplicate.outcome), _is_duplicate(policy.duplicate.within_s))
    if policy.approval is not None:
        above = int(policy.approval.above)
        yield Check(Reason.APPROVAL_THRESHOLD, PolicyOutcome.ESCALATE, lambda request, _counters, _now: request.amount > above)
    if policy.new_payee_s is not None:
        yield Check(Reason.NEW_PAYEE, PolicyOutcome.CHALLENGE, _is_new_payee(policy.new_payee_s))


def _is_duplicate(within_s: int) -> Fails:
    return lambda request, _counters, now: request.duplicate_at is not None and is_recent(request.duplicate_at, within_s, now)


def _is_new_payee(within_s: int) -> Fails:
    return lambda request, _counters, now: not request.payee_known and is_recent(request.payee_created_at, within_s, now)


def _name(budget: Budget) -> str:
    return f"{budget.scope}_{budget.window}"


def _counted(budgets: tuple[Budget, ...]) -> tuple[Counted, ...]:
    found: dict[str, Counted] = {}
    for budget in budgets:
        name = _name(budget)
        before = found.get(name)
        amounts = budget.max_amount is not UNSET or (before is not None and before.amounts)
        payments = budget.max_payments is not UNSET or (before is not None and before.payments)
        found[name] = Counted(name, budget.scope, budget.window, amounts, payments)
    return tuple(found[name] for name in sorted(found))
