"""Per-tenant rate limits over HTTP: where they stand in the order of checks, and what a caller is told."""

import sqlite3
from contextlib import closing

import pytest
from gateway_shop import HandClock, Shop, refusal

from gateway.clock import system_clock
from gateway.command_line.demo import make_demo
from gateway.ids import SystemIds
from gateway.rate_limit import RateLimit
from gateway.store.tenants import TenantStore

BIG = b" " * 70_000


@pytest.fixture
def clock():
    """The clock of the buckets."""
    return HandClock()


@pytest.fixture
def shop(tmp_path, clock):
    """A gateway whose tenant may make three requests at once, two a second."""
    with Shop(tmp_path, clock) as made:
        with closing(sqlite3.connect(made.settings.db, isolation_level=None)) as database:
            TenantStore(database).set_rate(made.demo.tenant_id, 2, 3)
        yield made


def test_the_burst_passes_and_the_next_is_told_when_to_come_back(shop, clock):
    """429 with Retry-After, same key; half a second later there is room for one."""
    left = [shop.ask("GET", "/v1/status").headers["ratelimit"] for _ in range(3)]
    assert left == ['"tenant";r=2;t=1', '"tenant";r=1;t=1', '"tenant";r=0;t=2']
    refused = shop.post("/v1/payments", shop.payment(), key="the-key-to-come-back-with")
    assert refusal(refused) == (429, "rate_limited")
    assert (refused.json()["retry"], refused.json()["money_moved"]) == ({"action": "same_key", "after_ms": 1000}, "no")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit-policy"] == '"tenant";q=3;w=2'
    clock.now += 0.5
    made = shop.post("/v1/payments", shop.payment(), key="the-key-to-come-back-with")
    assert (made.status_code, made.headers["idempotent-replayed"], made.headers["ratelimit"]) == (
        201,
        "false",
        '"tenant";r=0;t=2',
    )


def test_all_keys_of_a_tenant_share_its_bucket_and_other_tenants_do_not(shop):
    """A noisy agent costs its own tenant's operator, nobody else's."""
    stranger = make_demo(shop.settings.db, system_clock, SystemIds(), "stranger")
    for _ in range(3):
        shop.ask("GET", "/v1/status", "agent")
    assert refusal(shop.ask("GET", "/v1/status", "operator")) == (429, "rate_limited")
    theirs = shop.ask("GET", "/v1/status", None, {"authorization": f"Bearer {stranger.agent_key}"})
    assert theirs.status_code == 200
    assert "ratelimit" not in theirs.headers


def test_it_is_asked_after_who_calls_and_before_anything_else(shop):
    """Nobody's requests cost nothing; a tenant's are refused before role, size and syntax are looked at."""
    for _ in range(5):
        assert refusal(shop.ask("GET", "/v1/status", None)) == (401, "unauthenticated")
    for _ in range(3):
        assert refusal(shop.ask("POST", "/v1/payments", "finance", content=BIG)) == (403, "forbidden")
    for role, body in (("finance", BIG), ("agent", BIG), ("agent", b"{")):
        assert refusal(shop.ask("POST", "/v1/payments", role, content=body)) == (429, "rate_limited")


def test_public_routes_have_no_limit(shop):
    """Health, metrics and keys are nobody's quota; the refusals are counted."""
    for _ in range(4):
        shop.ask("GET", "/v1/status")
    for _ in range(5):
        assert shop.ask("GET", "/readyz", None).status_code == 200
    assert "gateway_rate_limited_total 1.0" in shop.ask("GET", "/metrics", None).text


def test_a_tenant_without_a_limit_hears_nothing_of_it(tmp_path, clock):
    """As many requests as come; no header says otherwise. A demo tenant is one."""
    with Shop(tmp_path, clock) as shop:
        answers = [shop.ask("GET", "/v1/status") for _ in range(50)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_a_tenant_that_has_set_no_rate_gets_the_gateways_default(tmp_path, clock):
    """Rate 0 in the database, as a new tenant has it."""
    with Shop(tmp_path, clock, default_limit=RateLimit(5, 10)) as shop:
        with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as database:
            TenantStore(database).set_rate(shop.demo.tenant_id, 0, 0)
        answers = [shop.ask("GET", "/v1/status") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"tenant";q=10;w=2'


def test_demo_data_sets_the_limit_that_it_is_given(tmp_path):
    """make_demo is what the command calls."""
    with Shop(tmp_path, HandClock()) as shop:
        limited = make_demo(shop.settings.db, system_clock, SystemIds(), "limited", RateLimit(1, 1))
        headers = {"authorization": f"Bearer {limited.agent_key}"}
        assert shop.ask("GET", "/v1/status", None, headers).status_code == 200
        assert refusal(shop.ask("GET", "/v1/status", None, headers)) == (429, "rate_limited")
