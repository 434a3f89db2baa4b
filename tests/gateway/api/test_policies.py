"""Policies and approvals over HTTP: what may be put, read, asked and voted on."""

import hashlib

import msgspec
import pytest
from gateway_shop import JSON, refusal

from gateway.answers import DecisionView, PolicyView
from gateway.policy import Policy

EVERYTHING = {
    "currency": "USD",
    "per_payment_min": "10",
    "per_payment_max": "100000",
    "daily_limit": "1000000",
    "time_zone": "Europe/Zurich",
    "budgets": [
        {"scope": "agent", "window": "hour", "max_amount": "50000", "max_payments": 30},
        {"scope": "wallet", "window": "month", "max_payments": 9, "only": "wal_1"},
    ],
    "allowed_payees": ["pye_2", "pye_1"],
    "blocked_payees": ["pye_9"],
    "allowed_categories": ["compute"],
    "blocked_categories": ["gambling"],
    "hours": {"opens": "08:00", "closes": "18:30"},
    "approval": {"above": "20000", "quorum": 2},
    "new_payee_s": 3600,
    "duplicate": {"within_s": 600, "outcome": "challenge"},
}


def waiting(shop):
    """The path of a payment that waits for one approval."""
    shop.post("/v1/policies", {"currency": "USD", "approval": {"above": "1000", "quorum": 1}}, "tenant_admin")
    answer = shop.post("/v1/payments", shop.payment())
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def test_a_policy_is_read_back_as_the_very_bytes_that_were_hashed(shop):
    """A stranger who hashes what he is given gets the hash that receipts name; every role may read it."""
    made = shop.post("/v1/policies", EVERYTHING, "tenant_admin")
    assert made.status_code == 201
    view = msgspec.json.decode(made.content, type=PolicyView)
    assert made.headers["location"] == f"/v1/policies/{view.policy_sha256}"
    for role in ("agent", "tenant_admin", "operator", "finance"):
        found = shop.ask("GET", made.headers["location"], role)
        assert hashlib.sha256(found.content).hexdigest() == view.policy_sha256
        assert msgspec.json.decode(found.content, type=Policy) == view.policy
    assert view.policy.allowed_payees == ("pye_1", "pye_2")
    assert len(view.policy.budgets) == 3


def test_an_older_policy_can_still_be_read_and_another_tenants_cannot(shop):
    """Receipts name the policy of their time; what is not ours is not found, and neither is what is no hash."""
    assert shop.ask("GET", f"/v1/policies/{shop.demo.policy_sha256}").status_code == 200
    shop.post("/v1/policies", {"currency": "USD"}, "tenant_admin")
    assert shop.ask("GET", f"/v1/policies/{shop.demo.policy_sha256}").status_code == 200
    for digest in ("0" * 64, "0" * 63, "A" * 64, "pol_1"):
        assert refusal(shop.ask("GET", f"/v1/policies/{digest}")) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (
            {"budgets": [{"scope": "agent", "window": "hour", "max_amount": "1.5"}]},
            "amount_not_integer_string",
            "$.budgets[0].max",
        ),
        ({"approval": {"above": "12.50", "quorum": 1}}, "amount_not_integer_string", "$.approval.above"),
        ({"approval": {"above": "12", "quorum": 0}}, "invalid_request", "$.approval.quorum"),
        ({"approval": {"above": "12"}}, "invalid_request", "quorum"),
        ({"budgets": [{"scope": "nobody", "window": "hour"}]}, "invalid_request", "$.budgets[0].scope"),
        ({"budgets": [{"scope": "agent", "window": "hour", "max": "1"}]}, "invalid_request", "$.budgets[0].max"),
        ({"hours": {"opens": "24:00", "closes": "01:00"}}, "invalid_request", "$.hours.opens"),
        ({"time_zone": "../etc/passwd"}, "invalid_request", "$.time_zone"),
        ({"new_payee_s": 0}, "invalid_request", "$.new_payee_s"),
        ({"allowed_categories": ["Compute!"]}, "invalid_request", "$.allowed_categories[0]"),
        ({"time_zone": "Mars/Olympus"}, "policy_unusable", "$.time_zone"),
    ],
)
def test_a_limit_that_is_none_is_refused_by_its_path(shop, change, code, path):
    """However deep it stands."""
    answer = shop.post("/v1/policies", {"currency": "USD", **change}, "tenant_admin")
    assert refusal(answer)[1] == code
    assert path in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"currency":"USD","approval":{"above":"1","above":"2","quorum":1}}',
        b'{"currency":"USD","budgets":[{"scope":"agent","window":"day","max_amount":"1","max_amount":"2"}]}',
        b'{"currency":"USD","hours":{"opens":"08:00","closes":"18:00"},"hours":{"opens":"08:00","closes":"18:00"}}',
    ],
)
def test_a_doubled_member_is_found_at_any_depth(shop, body):
    """Nobody can say which of the two counts. Colons in the times of day are no members."""
    headers = JSON | {"idempotency-key": shop.fresh()}
    answer = shop.ask("POST", "/v1/policies", "tenant_admin", headers, content=body)
    assert refusal(answer) == (400, "invalid_request")
    assert "more than once" in answer.json()["detail"]


def test_a_payment_waits_shows_who_approved_and_is_found_in_the_inbox(shop):
    """202 with nothing authorized yet; the inbox holds what waits, and only as long as it waits."""
    shop.reserved()
    where = waiting(shop)
    view = shop.ask("GET", where).json()
    assert (view["state"], view["amounts"]["requested"], view["amounts"]["authorized"]) == ("approval_required", "1250", "0")
    assert view["approval"] == {"needed": 1, "given": []}
    inbox = shop.ask("GET", "/v1/payments?state=approval_required", "operator").json()
    assert [item["payment_id"] for item in inbox["items"]] == [view["payment_id"]]
    done = shop.post(f"{where}/approve", {"reason": "the invoice is right"}, "operator")
    assert (done.status_code, done.json()["payment"]["state"]) == (200, "reserved")
    assert done.json()["payment"]["approval"] is None
    assert shop.ask("GET", "/v1/payments?state=approval_required").json()["items"] == []
    assert refusal(shop.ask("GET", "/v1/payments?state=reserved")) == (400, "invalid_request")


def test_a_vote_is_repeated_byte_for_byte_and_counted_once(shop):
    """Approve and reject are idempotent like every mutation."""
    shop.post("/v1/policies", {"currency": "USD", "approval": {"above": "1000", "quorum": 2}}, "tenant_admin")
    where = shop.post("/v1/payments", shop.payment()).headers["location"]
    key = shop.fresh()
    first, again = (shop.post(f"{where}/approve", {"reason": "fine"}, "operator", key) for _ in range(2))
    assert first.content == again.content
    assert [answer.headers["idempotent-replayed"] for answer in (first, again)] == ["false", "true"]
    assert first.json()["payment"]["approval"] == {"needed": 2, "given": ["operator-1"]}
    other = shop.post(f"{where}/approve", {"reason": "not fine"}, "operator", key)
    assert refusal(other) == (422, "idempotency_key_reused")
    assert shop.post(f"{where}/reject", {"reason": "no"}, "tenant_admin").json()["payment"]["state"] == "rejected"


def test_what_waits_is_not_settled_and_says_what_to_do(shop):
    """The code, and the retry action that a program can act on."""
    answer = shop.post(f"{waiting(shop)}/settle", {})
    assert refusal(answer) == (409, "approval_required")
    assert answer.json()["retry"]["action"] == "get_approval"


def test_a_dry_run_is_the_decision_and_writes_nothing(shop):
    """The same function with the same inputs; counters stay what they were, also for a payee with a category."""
    payee = shop.post("/v1/payees", {"name": "p", "currency": "USD", "category": "compute"}, "tenant_admin").json()
    around_the_clock = {name: limit for name, limit in EVERYTHING.items() if name not in {"hours", "budgets"}}
    shop.post("/v1/policies", around_the_clock | {"allowed_payees": [payee["payee_id"]]}, "tenant_admin")
    body = shop.payment(payee_id=payee["payee_id"], amount="20001")
    dry = [msgspec.json.decode(shop.ask("POST", "/v1/policies/dry-run", json=body).content, type=DecisionView) for _ in range(2)]
    assert dry[0].counters_before == dry[1].counters_before == dry[0].counters_after == {"tenant_day": "0"}
    assert dry[0].inputs.payee_category == "compute"
    assert (dry[0].outcome, dry[0].approvals_needed) == ("escalate", 2)
    assert shop.ask("GET", "/v1/payments").json()["items"] == []


def test_a_dry_run_for_a_payee_that_does_not_exist_is_told_so(shop):
    """As a reserve would be."""
    for change in ({"payee_id": "pye_none"}, {"wallet_id": "wal_none"}):
        assert refusal(shop.ask("POST", "/v1/policies/dry-run", json=shop.payment(**change))) == (404, "not_found")
