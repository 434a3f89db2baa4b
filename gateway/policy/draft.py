"""From the command of an administrator to a policy document: in one normal form, and without contradictions."""

from msgspec import UNSET

from gateway.commands import Budget, PutPolicy
from gateway.policy.schema import Policy
from gateway.policy.windows import zone_exists


def draft(command: PutPolicy) -> Policy:
    """The document of this command: lists sorted, each item once, the daily limit as the budget that it is short for."""
    budgets = () if command.budgets is UNSET else command.budgets
    if command.daily_limit is not UNSET:
        budgets = (Budget("tenant", "day", command.daily_limit), *budgets)
    return Policy(
        version="1",
        currency=command.currency,
        allowed_categories=None if command.allowed_categories is UNSET else _listed(command.allowed_categories),
        allowed_payees=None if command.allowed_payees is UNSET else _listed(command.allowed_payees),
        approval=None if command.approval is UNSET else command.approval,
        blocked_categories=() if command.blocked_categories is UNSET else _listed(command.blocked_categories),
        blocked_payees=() if command.blocked_payees is UNSET else _listed(command.blocked_payees),
        budgets=budgets,
        duplicate=None if command.duplicate is UNSET else command.duplicate,
        hours=None if command.hours is UNSET else command.hours,
        new_payee_s=None if command.new_payee_s is UNSET else command.new_payee_s,
        per_payment_max=None if command.per_payment_max is UNSET else command.per_payment_max,
        per_payment_min=None if command.per_payment_min is UNSET else command.per_payment_min,
        time_zone="UTC" if command.time_zone is UNSET else command.time_zone,
    )


def contradiction(policy: Policy) -> str | None:
    """The limit that cannot be meant as it stands, by its path, and why; None where all is well."""
    least, most = policy.per_payment_min, policy.per_payment_max
    if least is not None and most is not None and int(least) > int(most):
        return f"$.per_payment_min: {least} is more than per_payment_max, {most}"
    if policy.hours is not None and policy.hours.opens == policy.hours.closes:
        return "$.hours: they close when they open; leave them out to pay around the clock"
    if not zone_exists(policy.time_zone):
        return f"$.time_zone: this gateway knows no time zone {policy.time_zone}"
    for number, budget in enumerate(policy.budgets):
        if budget.only is not UNSET and budget.scope == "tenant":
            return f"$.budgets[{number}].only: a budget of the tenant is about everybody"
        if budget.max_amount is UNSET and budget.max_payments is UNSET:
            return f"$.budgets[{number}]: it limits neither amount nor payments"
    return None


def _listed(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(items)))
