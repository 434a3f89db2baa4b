"""The policy against a second evaluator, written apart from it: the one that makes decisions again from receipts."""

import datetime as dt
import os

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.receipts.policy_document import LIMITS, read_policy
from gates.receipts.policy_evaluator import ORDER, Decision, Inputs, Question, evaluate
from gateway.canonical import canonical, sha256_hex
from gateway.commands import ApprovalRule, Budget, DuplicateGuard, Hours
from gateway.policy import NO_RULES, Policy, PolicyRequest, Reason, Tally, compile_rules, decide
from gateway.policy.windows import local_moment

EXAMPLES = int(os.environ.get("GONOGO_POLICY_EXAMPLES", "1000"))
"""How many random decisions; a nightly run sets more."""

SMALL = st.integers(1, 12)
AMOUNTS = SMALL.map(str)
IDS = st.sampled_from(["pye_1", "pye_2", "pye_3"])
CATEGORIES = st.sampled_from(["compute", "data", "gambling"])
TIMES = st.tuples(st.integers(0, 23), st.sampled_from([0, 1, 30, 59])).map(lambda at: f"{at[0]:02d}:{at[1]:02d}")
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
FIRST, LAST = (dt.datetime(year, 1, 1) for year in (2026, 2028))  # noqa: DTZ001  # hypothesis adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(dt.UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
AGES = st.builds(lambda seconds, off: 1000 * seconds + off, st.integers(1, 10), st.sampled_from([-1, 0, 1]))
PEOPLE = st.lists(st.sampled_from(["ann", "bob", "cem"]), unique=True, max_size=3).map(sorted).map(tuple)


def rarely(limit):
    """Mostly no such limit: with all of them at once nearly every payment would be denied, and little else seen."""
    return st.none() | st.none() | st.none() | limit


def listed(items):
    """A sorted list, each item once."""
    return st.frozensets(items, max_size=2).map(sorted).map(tuple)


@st.composite
def budgets(draw):
    """One budget with at least one limit."""
    scope = draw(st.sampled_from(["tenant", "agent", "wallet"]))
    window = draw(st.sampled_from(["hour", "day", "month"]))
    limits = draw(st.sampled_from(["amount", "payments", "both"]))
    given_ = {} if limits == "payments" else {"max_amount": draw(AMOUNTS)}
    given_ |= {} if limits == "amount" else {"max_payments": draw(st.integers(1, 4))}
    if scope != "tenant" and draw(st.booleans()):
        given_["only"] = draw(st.sampled_from([f"{scope}-1", f"{scope}-2"]))
    return Budget(scope, window, **given_)


POLICIES = st.builds(
    Policy,
    version=st.just("1"),
    currency=st.sampled_from(["USD", "USD", "USD", "EUR"]),
    allowed_categories=rarely(listed(CATEGORIES | st.just(""))),
    allowed_payees=rarely(listed(IDS)),
    approval=st.none() | st.builds(ApprovalRule, AMOUNTS, st.integers(1, 3)),
    blocked_categories=st.just(()) | st.just(()) | listed(CATEGORIES),
    blocked_payees=st.just(()) | st.just(()) | listed(IDS),
    budgets=st.just(()) | st.lists(budgets(), max_size=4).map(tuple),
    duplicate=st.none() | st.builds(DuplicateGuard, st.integers(1, 9), st.sampled_from(["challenge", "deny"])),
    hours=rarely(st.builds(Hours, TIMES, TIMES).filter(lambda hours: hours.opens != hours.closes)),
    new_payee_s=st.none() | st.integers(1, 9),
    per_payment_max=rarely(AMOUNTS),
    per_payment_min=rarely(AMOUNTS),
    time_zone=ZONES,
)


def before(moment, age_ms):
    """A moment so many milliseconds earlier, as the gateway writes it."""
    return (moment - dt.timedelta(milliseconds=age_ms)).isoformat(timespec="milliseconds")[:23] + "Z"


@pytest.mark.deeper(minutes=6)
@settings(max_examples=EXAMPLES, deadline=None)
@given(
    policy=st.none() | POLICIES,
    amount=SMALL,
    payee=IDS,
    category=CATEGORIES | st.just(""),
    people=PEOPLE,
    least=st.integers(0, 3),
    known=st.booleans(),
    ages=st.tuples(AGES, AGES),
    alike=st.booleans(),
    moment=MOMENTS,
    counted=st.lists(st.builds(Tally, st.integers(0, 12), st.integers(0, 4)), min_size=9, max_size=9),
)
def test_two_evaluators_agree_on_every_decision(
    policy, amount, payee, category, people, least, known, ages, alike, moment, counted
):  # fmt: skip
    """Outcome, reasons in their order, approvals needed, counters after and the inputs that the receipt carries."""
    document = b"" if policy is None else canonical(policy)
    rules = NO_RULES if policy is None else compile_rules(sha256_hex(document), document)
    request = PolicyRequest(
        agent_id="agent-1",
        amount=amount,
        approvals=people,
        currency="USD",
        duplicate_at=before(moment, ages[0]) if alike else None,
        least_approvals=least,
        payee_category=category,
        payee_created_at=before(moment, ages[1]),
        payee_id=payee,
        payee_known=known,
        wallet_id="wallet-1",
    )
    counters = {item.name: tally for item, tally in zip(rules.counted, counted, strict=False)}
    block = decide(rules, request, counters, local_moment(moment, rules.zone))
    inputs = msgspec.convert(msgspec.to_builtins(block.inputs), Inputs)
    asked = Question("agent-1", "wallet-1", payee, "USD", inputs, block.counters_before)
    again = evaluate(None if policy is None else read_policy(document), asked)
    reasons = tuple(reason.value for reason in block.reasons)
    assert again == Decision(block.outcome.value, reasons, block.approvals_needed, block.counters_after)


def test_both_evaluators_know_the_same_limits_and_reasons():
    """A limit or reason added to one and not to the other is found before any receipt meets it."""
    assert {field.name for field in msgspec.structs.fields(Policy)} == LIMITS
    assert tuple(reason.value for reason in Reason) == ORDER
