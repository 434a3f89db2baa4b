"""A storm's clients: what they send, what answers mean to them, and when they ask again."""

import json
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.errors import UsageProblem
from gates.schema.target import load_target
from loadtests.schema import RetryPolicy, load_profile
from loadtests.storm.manners import AttemptEnd, Manners, retry_wait_ms
from loadtests.storm.plan import Accounts, make_plan
from loadtests.storm.wire import Answer


@pytest.fixture
def plan():
    """A plan of the smoke profile."""
    return make_plan(load_profile("smoke"), 1, "r", Accounts("wal_1", ("pye_1",), "USD", references=True))


@pytest.fixture
def manners(plan, monkeypatch):
    """The manners towards the local target."""
    for name, value in {"AGENT_KEY": "k", "WALLET_ID": "wal_1", "PAYEE_IDS": "pye_1"}.items():
        monkeypatch.setenv(f"GONOGO_{name}", value)
    return Manners(load_target("local").target, plan)


def test_a_request_is_filled_from_the_plan_and_is_the_same_for_every_attempt(manners, plan):
    """The body carries wallet, payee, amount and a reference of the payment's own; the key header carries the step's key."""
    payment = plan.payments[4]
    request = manners.request(payment, payment.steps[0], None)
    assert request == manners.request(payment, payment.steps[0], None)
    assert (request.method, request.path) == ("POST", "/v1/payments")
    assert request.headers["Idempotency-Key"] == payment.steps[0].key
    assert request.headers["Authorization"] == "Bearer k"
    body = json.loads(request.body)
    assert body["amount"] == payment.amount
    assert body["client_reference"] == "r-s1-p4"


def test_a_settle_needs_the_payment_that_the_reserve_was_answered_with(manners, plan):
    """The payment's id is in the path; without one the template cannot be filled, and the problem says so."""
    payment = next(item for item in plan.payments if len(item.steps) > 1)
    assert manners.request(payment, payment.steps[1], "pay_9").path.startswith("/v1/payments/pay_9/")
    with pytest.raises(UsageProblem, match="payment_id"):
        manners.request(payment, payment.steps[1], None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(201, b'{"payment":{"payment_id":"pay_1"}}', replayed=False), "ok"),
        (Answer(403, b'{"code":"policy_denied"}'), "fail"),
        (Answer(409, b'{"code":"already_settled"}'), "fail"),
        (Answer(409, b'{"code":"idempotency_in_flight"}'), "info"),
        (Answer(429, b""), "info"),
        (Answer(500, b"not json"), "info"),
        (Answer(503, b'{"code":"draining"}'), "info"),
        (Answer(202, b"{}"), "info"),
        (Answer(302, b""), "info"),
        (Answer(201, b"{}"), "info"),
        (Answer(201, b"<html>", media="text/html"), "info"),
        (Answer(201, b'{"payment":{"payment_id":7}}'), "ok"),
        (Answer(error="timeout"), "info"),
        (Answer(error="abandoned"), "info"),
        (Answer(error="refused"), "info"),
    ],
)
def test_only_an_acknowledgement_is_yes_and_only_a_definite_refusal_is_no(manners, plan, answer, kind):
    """Lost replies, 5xx, in-flight conflicts and unexpected successes leave the outcome unknown."""
    assert manners.meaning(plan.payments[0].steps[0], None, answer).type == kind


def test_an_acknowledgement_tells_the_payment_and_the_digest_of_its_bytes(manners, plan):
    """The payment's id is read at the target's pointer; the digest is of the very bytes."""
    body = b'{"payment":{"payment_id":"pay_1"}}'
    told = manners.meaning(plan.payments[0].steps[0], None, Answer(201, body, replayed=True))
    assert told == AttemptEnd("ok", 201, None, "pay_1", sha256(body).hexdigest(), replayed=True)


def test_a_success_with_a_web_page_settles_nothing(manners, plan):
    """A portal in front of the service answers 200 to everything; an empty answer to a settle is an acknowledgement."""
    step = next(item for payment in plan.payments for item in payment.steps if item.operation == "settle")
    assert manners.meaning(step, "pay_1", Answer(200, b"<html>", media="text/html")).type == "info"
    assert manners.meaning(step, "pay_1", Answer(200)).type == "ok"
    redirect = manners.meaning(step, "pay_1", Answer(308, b"", media="text/html"))
    assert (redirect.status, redirect.media) == (308, "text/html")


@given(number=st.integers(2, 100), seed=st.integers(0, 1000))
def test_waits_grow_to_the_cap_and_jitter_only_shortens_them(number, seed):
    """Round n waits base * factor^(n-2), at most the cap, less up to the jitter's part."""
    policy = RetryPolicy(base_ms=50, factor_percent=200, cap_ms=1000, jitter_percent=40)
    full = min(50 * 2 ** (number - 2), 1000)
    assert full * 60 // 100 <= retry_wait_ms(policy, seed, "key", number) <= full
    still = msgspec.structs.replace(policy, jitter_percent=0)
    assert retry_wait_ms(still, seed, "key", number) == full


def test_the_crash_profile_outlasts_ten_seconds_without_a_service():
    """A client that meets refused connections keeps asking for longer than a restart takes."""
    policy = load_profile("crash").profile.retry
    waits = [retry_wait_ms(policy, 1, "key", number) for number in range(2, policy.max_attempts + 1)]
    assert min(sum(waits), policy.patience_ms) > 20_000
