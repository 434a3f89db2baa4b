"""Remembered keys: for a second, only the good ones, and never longer than the next look-up after that."""

import hashlib
import sqlite3
from contextlib import closing

import pytest
from gateway_shop import HandClock, Shop, refusal

from gateway.api.admission import REMEMBER_S, Doorkeeper
from gateway.api.headers import Headers
from gateway.api.trail import Trail
from gateway.errors import Refused
from gateway.rate_limit import RateLimit
from gateway.routes import STATUS


@pytest.fixture
def clock():
    """The clock by which keys are remembered."""
    return HandClock()


@pytest.fixture
def shop(tmp_path, clock):
    """A gateway on that clock."""
    with Shop(tmp_path, clock) as made:
        yield made


def test_a_revoked_key_is_let_in_for_a_second_at_most(shop, clock):
    """And however often it was used meanwhile."""
    assert shop.ask("GET", "/v1/status").status_code == 200
    with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as database:
        database.execute("UPDATE api_keys SET revoked_at = 'now'")
    clock.now += REMEMBER_S * 0.9
    assert shop.ask("GET", "/v1/status").status_code == 200
    clock.now += REMEMBER_S * 0.1
    assert refusal(shop.ask("GET", "/v1/status")) == (401, "unauthenticated")


def test_two_authorization_lines_are_refused_though_the_last_is_remembered(shop):
    """It is not clear who is calling."""
    assert shop.ask("GET", "/v1/status").status_code == 200
    lines = [("authorization", f"Bearer {shop.key(role)}") for role in ("operator", "agent")]
    assert refusal(shop.ask("GET", "/v1/status", None, lines)) == (401, "unauthenticated")


def test_the_log_names_a_remembered_key_as_before(tmp_path):
    """By the first eight digits of its hash, however the header writes the scheme."""
    with Shop(tmp_path) as shop:
        for scheme in ("Bearer", "Bearer", "bearer "):
            shop.ask("GET", "/v1/status", None, {"authorization": f"{scheme} {shop.key('agent')}"})
        expected = hashlib.sha256(shop.key("agent").encode()).hexdigest()[:8]
    assert [line["key_fingerprint"] for line in shop.lines] == [expected] * 3


def test_a_long_header_is_not_remembered(shop, clock):
    """Spaces around a good key would let one caller fill the memory with heads of 64 KiB."""
    door = Doorkeeper(shop.engine, clock, lambda: None)
    for spaces in (1, 60_000):
        value = "Bearer" + " " * spaces + shop.key("agent")
        assert door.admit(STATUS, Headers([("authorization", value)]), Trail("r", "GET", "/", clock())).role == "agent"
    assert [len(value) < 100 for value in door._known] == [True]


def test_buckets_of_idle_tenants_are_let_go(shop, clock):
    """A full bucket needs no row, however many tenants there were."""
    door = Doorkeeper(shop.engine, clock, lambda: None)
    for number in range(10_000):
        clock.now += 1
        door._draw(f"ten_{number}", RateLimit(1, 1), Trail("r", "GET", "/", clock()))
    assert len(door._full_at_ns) <= 4097


def test_what_has_expired_is_forgotten_with_the_next_look_up(shop, clock):
    """No key stays in memory because its caller went away; a key that is unknown was never kept."""
    door = Doorkeeper(shop.engine, clock, lambda: None)

    def admit(key):
        door.admit(STATUS, Headers([("authorization", f"Bearer {key}")]), Trail("r", "GET", "/", clock()))

    for role in ("agent", "operator", "tenant_admin"):
        admit(shop.key(role))
        clock.now += REMEMBER_S * 0.4
    with pytest.raises(Refused):
        admit("unknown")
    assert list(door._known) == [f"Bearer {shop.key(role)}" for role in ("operator", "tenant_admin")]
