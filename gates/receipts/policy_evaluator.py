"""What a policy decides, by a second evaluator that shares no code with the service's own."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from gates.receipts.policy_document import Amount
from gates.schema.canonical import Json

ORDER = (
    *("no_policy", "currency_not_allowed", "per_payment_minimum", "per_payment_limit"),
    *("hourly_limit", "daily_limit", "monthly_limit", "velocity"),
    *("agent_hourly_limit", "agent_daily_limit", "agent_monthly_limit", "agent_velocity"),
    *("wallet_hourly_limit", "wallet_daily_limit", "wallet_monthly_limit", "wallet_velocity"),
    *("payee_not_allowed", "payee_blocked", "category_not_allowed", "category_blocked"),
    *("outside_hours", "duplicate", "approval_threshold", "new_payee"),
)
"""The order in which reasons are listed."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?(Z|[+-][0-9]{2}:[0-9]{2})")
_COUNT = re.compile(r"0|[1-9][0-9]{0,29}")
_EVERY = {"hour": "hourly_limit", "day": "daily_limit", "month": "monthly_limit"}


class Misfit(ValueError):
    """The receipt lacks a value that its policy needs, or holds one that is not of the format; the text names it."""


class Inputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values that the decision depended on, as the receipt states them."""

    amount: Amount
    now: str
    approvals: tuple[str, ...] = ()
    duplicate_at: str | None = None
    least_approvals: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    payee_category: str = ""
    payee_created_at: str | None = None
    payee_known: bool = False


class Question(msgspec.Struct, frozen=True):
    """One decision to be made: agent, wallet and payee, the inputs, and the counters before."""

    agent_id: str
    wallet_id: str
    payee_id: str
    currency: str
    inputs: Inputs
    counters: Mapping[str, str]


class Decision(msgspec.Struct, frozen=True):
    """The result of a policy."""

    outcome: str
    reasons: tuple[str, ...]
    approvals_needed: int
    counters_after: dict[str, str]


def evaluate(policy: Mapping[str, Json] | None, question: Question) -> Decision:
    """Decide. `policy` is None for a tenant without one. Raises Misfit where the question lacks a value that the policy needs."""
    failing = {"no_policy": "deny"} if policy is None else dict(_failing(policy, question))
    reasons = tuple(reason for reason in ORDER if reason in failing)
    worst = next((outcome for outcome in ("deny", "escalate", "challenge") if outcome in failing.values()), "allow")
    needed = {"challenge": 1, "escalate": _number(_member(policy or {}, "approval"), "quorum")}.get(worst, 0)
    if worst != "deny":
        needed = max(needed, question.inputs.least_approvals)
        enough = len(question.inputs.approvals) >= needed
        worst = "allow" if enough else {"allow": "escalate"}.get(worst, worst)
    amount = int(question.inputs.amount) if worst == "allow" else 0
    one = 1 if worst == "allow" else 0
    counters = {name: _number(question.counters, name) for name in question.counters}
    after = {name: str(value + (one if name.endswith("_count") else amount)) for name, value in counters.items()}
    return Decision(worst, reasons, needed, after)


def _failing(policy: Mapping[str, Json], question: Question) -> Iterator[tuple[str, str]]:
    """Each limit that fails, with its outcome."""
    yield from ((reason, "deny") for reason in _of_payment(policy, question))
    yield from ((reason, "deny") for reason in _of_budgets(policy, question))
    now = read_moment(question.inputs.now)
    hours = _member(policy, "hours")
    if hours and not _open_at(str(hours["opens"]), str(hours["closes"]), now.strftime("%H:%M")):
        yield "outside_hours", "deny"
    guard = _member(policy, "duplicate")
    if guard and _younger(question.inputs.duplicate_at, _number(guard, "within_s"), now):
        yield "duplicate", str(guard["outcome"])
    approval = _member(policy, "approval")
    if approval and int(question.inputs.amount) > _number(approval, "above"):
        yield "approval_threshold", "escalate"
    cooling = policy.get("new_payee_s")
    if cooling is not None and not question.inputs.payee_known:
        if question.inputs.payee_created_at is None:
            raise Misfit("it does not hold the age of the payee, which the policy needs")
        if _younger(question.inputs.payee_created_at, int(str(cooling)), now):
            yield "new_payee", "challenge"


def _of_payment(policy: Mapping[str, Json], question: Question) -> Iterator[str]:
    amount, category = int(question.inputs.amount), question.inputs.payee_category
    if question.currency != policy["currency"]:
        yield "currency_not_allowed"
    if "per_payment_min" in policy and amount < _number(policy, "per_payment_min"):
        yield "per_payment_minimum"
    if "per_payment_max" in policy and amount > _number(policy, "per_payment_max"):
        yield "per_payment_limit"
    for kind, value in (("payees", question.payee_id), ("categories", category)):
        name = {"payees": "payee", "categories": "category"}[kind]
        if f"allowed_{kind}" in policy and value not in _list(policy, f"allowed_{kind}"):
            yield f"{name}_not_allowed"
        if value in _list(policy, f"blocked_{kind}"):
            yield f"{name}_blocked"


def _of_budgets(policy: Mapping[str, Json], question: Question) -> Iterator[str]:
    named: set[str] = set()
    for budget in _list(policy, "budgets"):
        assert isinstance(budget, dict)
        scope, window = str(budget["scope"]), str(budget["window"])
        counter, prefix = f"{scope}_{window}", "" if scope == "tenant" else f"{scope}_"
        concerned = budget.get("only") in (None, {"agent": question.agent_id, "wallet": question.wallet_id}.get(scope))
        if "max_amount" in budget:
            named.add(counter)
            spent = _number(question.counters, counter) + int(question.inputs.amount)
            if concerned and spent > _number(budget, "max_amount"):
                yield prefix + _EVERY[window]
        if "max_payments" in budget:
            named.add(f"{counter}_count")
            if concerned and _number(question.counters, f"{counter}_count") + 1 > _number(budget, "max_payments"):
                yield f"{prefix}velocity"
    if named != question.counters.keys():
        raise Misfit(f"its counters are {sorted(question.counters)}, the policy counts {sorted(named)}")


def _open_at(opens: str, closes: str, time: str) -> bool:
    """Whether `time` is in the hours; hours that close before they open go over midnight."""
    return opens <= time < closes if opens < closes else not closes <= time < opens


def _younger(then: str | None, seconds: int, now: dt.datetime) -> bool:
    return then is not None and now - read_moment(then) < dt.timedelta(seconds=seconds)


def read_moment(text: str) -> dt.datetime:
    """A moment with its offset from UTC; raises Misfit for any other text, and for a year before 1970 or from 9000 on."""
    try:
        moment = dt.datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year < 9000:
        raise Misfit(f"{text!r} is not a moment with its offset from UTC")
    return moment


def _member(policy: Mapping[str, Json], name: str) -> dict[str, Json]:
    found = policy.get(name)
    return found if isinstance(found, dict) else {}


def _list(policy: Mapping[str, Json], name: str) -> list[Json]:
    found = policy.get(name)
    return found if isinstance(found, list) else []


def _number(members: Mapping[str, Json] | Mapping[str, str], name: str) -> int:
    found = members.get(name, 0)
    if isinstance(found, str) and not _COUNT.fullmatch(found):
        raise Misfit(f"its {name} is {found!r}, not a count")
    if isinstance(found, str | int) and (name in members or name == "quorum"):
        return int(found)
    raise Misfit(f"it lacks {name}, which the policy counts")
