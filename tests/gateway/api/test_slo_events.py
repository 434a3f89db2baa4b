"""What SLOs count: which answers are good events, which are bad ones, and which are none. A clock set by hand says how long."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from gateway_shop import HandClock, Shop
from gateway_wire import WiredShop, reserve, soon
from prometheus_client.parser import text_string_to_metric_families

from gateway.store.tenants import TenantStore
from gateway.telemetry.slo_events import SLOS


def events(shop):
    """Each counter of SLO events that is not 0, as `slo outcome`."""
    families = text_string_to_metric_families(shop.ask("GET", "/metrics", None).text)
    family = next(item for item in families if item.name == "gateway_slo_events")
    found = {
        (item.labels["slo"], item.labels["outcome"]): int(item.value) for item in family.samples if item.name.endswith("_total")
    }
    assert found.keys() == {(slo, outcome) for slo in SLOS for outcome in ("good", "bad")}
    return {" ".join(key): value for key, value in found.items() if value}


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def shop(tmp_path, clock):
    """A gateway whose monotonic clock stands still."""
    with Shop(tmp_path, clock) as made:
        yield made


def slow(shop, clock, seconds):
    """From now on each decision takes so long by the clock."""

    def listener(*_):
        clock.now += seconds

    shop.engine.listeners.append(listener)


def test_every_counter_exists_before_its_first_event(shop):
    """With 0, and the probes of operators are no traffic."""
    for path in ("/healthz", "/readyz", "/metrics", "/no/such/path"):
        shop.ask("GET", path, None)
    assert events(shop) == {}


def test_answers_and_refusals_are_good_events_of_availability(shop):
    """A reserve and a settle in time; whoever may not, or asks nonsense, was answered as well."""
    where = shop.reserved()
    shop.post(f"{where}/settle", {})
    shop.ask("GET", where)
    assert events(shop) == {"availability good": 3, "decision_latency good": 1, "settle_latency good": 1}
    for role, body in ((None, {}), ("finance", {}), ("agent", {"amount": 1})):
        shop.ask("POST", "/v1/payments", role, {"idempotency-key": shop.fresh()}, json=body)
    assert events(shop) == {"availability good": 6, "decision_latency good": 1, "settle_latency good": 1}


@pytest.mark.parametrize(
    ("seconds", "reserves", "settles"), [(0.25, "good", "good"), (0.28, "good", "bad"), (0.31, "bad", "bad")]
)
def test_an_answer_beyond_its_limit_is_a_bad_event_of_latency(shop, clock, seconds, reserves, settles):
    """300 ms for a decision, 250 ms for a settle; exactly the limit is in time."""
    slow(shop, clock, seconds)
    shop.post(f"{shop.reserved()}/settle", {})
    assert events(shop) == {"availability good": 2, f"decision_latency {reserves}": 1, f"settle_latency {settles}": 1}


def test_a_slow_refusal_counts_for_no_latency(shop, clock):
    """It is an answer, and neither a settle nor a decision in favour."""
    where = shop.reserved()
    slow(shop, clock, 9.0)
    shop.post(f"{where}/settle", {"amount": "999999"})
    assert events(shop) == {"availability good": 2, "decision_latency good": 1}


def test_what_the_operator_paused_is_no_event(shop):
    """Nor is the pause a failure of ours."""
    shop.post("/v1/admin/pause", {"reason": "a test"}, "operator")
    assert shop.post("/v1/payments", shop.payment()).status_code == 503
    assert events(shop) == {"availability good": 1}


def test_a_failure_of_ours_is_a_bad_event(shop):
    """A database that cannot be read, and a defect: 503 and 500."""
    shop.engine._reads.close()
    assert shop.ask("GET", "/v1/status").status_code == 503
    assert events(shop) == {"availability bad": 1}


def test_a_gateway_that_drains_is_a_bad_event(shop):
    """503 as well, and not a pause: callers are refused because we end."""
    shop.engine.draining = True
    assert json.loads(shop.post("/v1/payments", shop.payment()).text)["code"] == "draining"
    shop.engine.draining = False
    assert events(shop) == {"availability bad": 1}


def test_requests_over_the_rate_are_no_events(tmp_path, clock):
    """The limit is the tenant's, and it holds."""
    with Shop(tmp_path, clock) as shop:
        with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as database:
            TenantStore(database).set_rate(shop.demo.tenant_id, 1, 1)
        assert [shop.ask("GET", "/v1/status").status_code for _ in range(3)] == [200, 429, 429]
        assert events(shop) == {"availability good": 1}


@pytest.mark.process
def test_a_caller_who_waits_in_vain_is_a_bad_event_once(tmp_path, clock):
    """A complete reserve that nothing decides: after five seconds it is bad for both SLOs, and its late answer is none."""
    with WiredShop(tmp_path) as shop:
        shop.made.door._records._monotonic = shop.made.door._reserve.door.monotonic = clock
        held = shop.engine.enqueue
        waiting = []
        shop.engine.enqueue = lambda mutation, waiter: waiting.append((mutation, waiter))

        async def story():
            answer = asyncio.ensure_future(shop.ask_raw(reserve(shop)))
            await soon(lambda: waiting)
            clock.now += 5.0
            shop.made.door._records.count_unanswered()
            seen = [counted(shop)]
            for _ in range(2):
                clock.now += 0.1
                shop.made.door._records.count_unanswered()
                seen.append(counted(shop))
            shop.engine.enqueue = held
            held(*waiting[0])
            assert (await answer).startswith(b"HTTP/1.1 201 ")
            return [*seen, counted(shop)]

        assert shop.run(story()) == [{}, BOTH, BOTH, BOTH]


BOTH = {("availability", "bad"): 1, ("decision_latency", "bad"): 1}


def counted(shop):
    """What was counted and not shown yet, without a request."""
    tallies = shop.made.door._records._metrics.slo_events._tallies
    return {key: tally.count for key, tally in tallies.items() if tally.count}


@pytest.mark.process
def test_a_caller_who_sends_slowly_waits_for_itself(tmp_path, clock):
    """A body that takes nine seconds is no failure of ours, and the answer to it is in time."""
    with WiredShop(tmp_path) as shop:
        shop.made.door._records._monotonic = shop.made.door._reserve.door.monotonic = clock

        async def story():
            caller = await shop.connect()
            whole = reserve(shop)
            await caller.send(whole[:-9])
            await soon(lambda: shop.made.door._records._open)
            clock.now += 9.0
            shop.made.door._records.count_unanswered()
            seen = counted(shop)
            await caller.send(whole[-9:])
            assert (await caller.answer()).startswith(b"HTTP/1.1 201 ")
            return seen, counted(shop)

        assert shop.run(story()) == ({}, {("availability", "good"): 1, ("decision_latency", "good"): 1})
