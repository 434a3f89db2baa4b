"""Counters that alerts read: they start at 0, because an increase is the difference of two samples."""

import httpx
import pytest
from gateway_shop import Shop
from prometheus_client.parser import text_string_to_metric_families

from gateway.api.contract import CONTRACTS, refusals
from gateway.errors import CATALOGUE, Code
from gateway.routes import ROUTES, SETTLE


def counters(shop):
    """The value of each counter of /metrics, by name and labels."""
    families = text_string_to_metric_families(shop.ask("GET", "/metrics", None).text)
    samples = [item for family in families for item in family.samples if item.name.endswith(("_total", "_count"))]
    return {(item.name, *sorted(item.labels.items())): item.value for item in samples}


def test_a_fresh_gateway_shows_every_counter_at_zero(shop):
    """Settlements by outcome, denials by code, replays, rate limited, and requests by what each route may answer."""
    found = counters(shop)
    for code in ("ok", *Code):
        assert found["gateway_settlements_total", ("outcome", code)] == 0
    for code in Code:
        assert found["gateway_denials_total", ("code", code)] == 0
    for name in ("gateway_idempotent_replays_total", "gateway_rate_limited_total"):
        assert found[(name,)] == 0
    for route in ROUTES:
        for status in (CONTRACTS[route.kind].status, *(CATALOGUE[code].status for code in refusals(route))):
            labels = (("method", route.method), ("route", route.template), ("status", str(status)))
            assert found["gateway_requests_total", *labels] == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_no_request_makes_a_series_that_was_not_there_at_start(shop, method):
    """Whatever the path, the method, the caller and the body."""
    before = counters(shop)
    templates = {route.template for route in ROUTES}
    public = ("/healthz", "/readyz", "/metrics", "/.well-known/gonogo-keys.json", "/schema/openapi.json", "/rail/webhooks")
    for path in (*sorted(templates), *public, "/", "/v1", "/no/such/path", "/v1/payments/", "/v1/payments/pay_1/settle/x"):
        for role in (None, "agent", "operator"):
            for body in (b"", b"{", b"x" * 70_000):
                shop.ask(method, path.replace("{", "").replace("}", ""), role, content=body)
    assert counters(shop).keys() == before.keys()


def test_no_defect_and_no_outcome_makes_a_series_that_was_not_there_at_start(tmp_path):
    """A settle and its replays and refusals, a caller who leaves, and a database that fails."""
    with Shop(tmp_path) as shop:
        before = counters(shop)
        where, key = shop.reserved(), shop.fresh()
        for body in ({}, {}, {"amount": "7"}):
            shop.post(f"{where}/settle", body, key=key)
        shop.post(f"{where}/settle", {})
        shop.run(_leave(shop))
        reader, shop.engine._reads._execute = shop.engine._reads._execute, None
        shop.ask("GET", "/v1/ledger/entries", "finance")
        shop.engine._reads._execute = reader
        after = counters(shop)
    assert after.keys() == before.keys()
    assert after["gateway_requests_total", ("method", "GET"), ("route", "/v1/ledger/entries"), ("status", "500")] == 1
    assert after["gateway_requests_total", ("method", "POST"), ("route", SETTLE.template), ("status", "499")] == 1


async def _leave(shop):
    """A settle whose caller hangs up before its body is there."""

    async def gone():
        return {"type": "http.disconnect"}

    async def nothing(_message):
        raise AssertionError("there is nobody to answer")

    url = httpx.URL("http://gateway/v1/payments/pay_1/settle")
    headers = [(b"authorization", f"Bearer {shop.key('agent')}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": url.path, "raw_path": url.raw_path, "query_string": b"", "headers": headers, "root_path": "",
        "server": ("gateway", 80), "client": ("test", 1),
    }  # fmt: skip
    await shop.app(scope, gone, nothing)


def test_it_shows_when_its_process_started(shop):
    """Whoever drills a gateway that others run sees by this number that another process answers than before."""
    text = shop.ask("GET", "/metrics", None).text
    found = {family.name: family.samples[0].value for family in text_string_to_metric_families(text)}
    assert found["process_start_time_seconds"] > 0
