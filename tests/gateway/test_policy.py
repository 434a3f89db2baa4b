"""The policy's decision."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import NO_POLICY_SHA256, Outcome, Policy, PolicyRequest, Reason, decide, policy_sha256

POLICY = Policy(("pye_1", "pye_2"), "USD", "10000", "1000")


def request(amount=500, payee="pye_1", currency="USD"):
    """A request by one agent on one day."""
    return PolicyRequest("agent-1", amount, currency, "2026-11-23", payee, "wal_1")


def test_a_request_within_all_limits_is_allowed_and_counted():
    """Allow raises the counter by the amount."""
    block = decide(POLICY, policy_sha256(POLICY), request(), 9500)
    assert (block.outcome, block.reasons) == (Outcome.ALLOW, ())
    assert (block.counters_before["tenant_day"], block.counters_after["tenant_day"]) == ("9500", "10000")


def test_all_failing_reasons_are_listed_in_their_order_and_nothing_is_counted():
    """A denial names everything that stands in the way."""
    block = decide(POLICY, policy_sha256(POLICY), request(1001, "pye_9", "EUR"), 9500)
    expected = (Reason.CURRENCY_NOT_ALLOWED, Reason.PER_PAYMENT_LIMIT, Reason.DAILY_LIMIT, Reason.PAYEE_NOT_ALLOWED)
    assert (block.outcome, block.reasons) == (Outcome.DENY, expected)
    assert block.counters_after == block.counters_before


def test_without_a_policy_nothing_is_allowed():
    """No policy context, no payment."""
    block = decide(None, NO_POLICY_SHA256, request(1), 0)
    assert (block.outcome, block.reasons) == (Outcome.DENY, (Reason.NO_POLICY,))


def test_an_absent_limit_does_not_apply():
    """None is no limit, not a limit of zero."""
    open_policy = Policy(None, "USD", None, None)
    assert decide(open_policy, policy_sha256(open_policy), request(10**14, "pye_9"), 10**15).outcome is Outcome.ALLOW


@given(
    amount=st.integers(1, 3000),
    spent=st.integers(0, 12000),
    payee=st.sampled_from(["pye_1", "pye_3"]),
    currency=st.sampled_from(["USD", "EUR"]),
    limit=st.none() | st.integers(1, 3000),
    daily=st.none() | st.integers(1, 12000),
)
def test_it_agrees_with_an_independent_evaluator(amount, spent, payee, currency, limit, daily):
    """A second evaluator, written as one sentence, gives the same outcome."""
    policy = Policy(("pye_1",), "USD", None if daily is None else str(daily), None if limit is None else str(limit))
    allowed = (
        currency == "USD" and payee == "pye_1" and amount <= (limit or amount) and spent + amount <= (daily or spent + amount)
    )
    block = decide(policy, policy_sha256(policy), request(amount, payee, currency), spent)
    assert (block.outcome is Outcome.ALLOW) == allowed
    assert bool(block.reasons) != allowed
