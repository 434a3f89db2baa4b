"""The edge: request ids, metrics of everything that is answered, and a log without secrets."""

import io
import threading

import pytest
from gateway_shop import JSON, Shop
from prometheus_client.parser import text_string_to_metric_families

from gateway.clock import system_clock
from gateway.telemetry.access_log import AccessLog


def samples(shop):
    """Every sample of /metrics by name and labels."""
    text = shop.ask("GET", "/metrics", None).text
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *sorted(sample.labels.items())): sample.value for sample in found}


def answered(shop, route, method, status):
    """How many such answers the gateway has counted."""
    labels = (("method", method), ("route", route), ("status", status))
    return samples(shop).get(("gateway_requests_total", *labels), 0)


@pytest.mark.parametrize(
    ("method", "path", "role", "route", "label", "status"),
    [
        ("GET", "/v1/payments/pay_404", "agent", "/v1/payments/{payment_id}", "GET", "404"),
        ("GET", "/no/such/path", None, "unmatched", "other", "404"),
        ("DELETE", "/v1/payments/pay_1", None, "/v1/payments/{payment_id}", "other", "405"),
        ("GET", "/v1/status", None, "/v1/status", "GET", "401"),
        ("GET", "/v1/ledger/entries", "agent", "/v1/ledger/entries", "GET", "403"),
        ("POST", "/v1/payments", "agent", "/v1/payments", "POST", "400"),
        ("HEAD", "/healthz", None, "/healthz", "GET", "200"),
        ("OPTIONS", "/healthz", None, "/healthz", "OPTIONS", "204"),
    ],
)
def test_every_answer_is_counted_under_its_template(open_shop, method, path, role, route, label, status):
    """404s, 405s and refused callers are in the denominator of an SLO, too; what is not offered shares one method label."""
    before = answered(open_shop, route, label, status)
    open_shop.ask(method, path, role)
    assert answered(open_shop, route, label, status) == before + 1


def test_metrics_count_settlements_replays_and_denials(shop):
    """A replay is no settlement."""
    where, key = shop.reserved(), shop.fresh()
    for _ in range(3):
        assert shop.post(f"{where}/settle", {}, key=key).status_code == 200
    assert shop.post(f"{where}/settle", {}).status_code == 409
    assert shop.post("/v1/payments", shop.payment(amount="999999")).status_code == 403
    found = samples(shop)
    assert found["gateway_settlements_total", ("outcome", "ok")] == 1
    assert found["gateway_settlements_total", ("outcome", "already_settled")] == 1
    assert found[("gateway_idempotent_replays_total",)] == 2
    assert found["gateway_denials_total", ("code", "policy_denied")] == 1
    assert found[("gateway_in_flight",)] == 1
    assert found["gateway_request_seconds_count", ("route", "/v1/payments/{payment_id}/settle")] == 4
    assert next(labels for name, *labels in found if name == "gateway_build_info")[0] == ("build", shop.engine.build)


def test_two_gateways_in_a_process_count_for_themselves(tmp_path):
    """There is no global registry."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with Shop(tmp_path / "one") as one, Shop(tmp_path / "two") as two:
        one.ask("GET", "/healthz", None)
        assert answered(one, "/healthz", "GET", "200") == 1
        assert answered(two, "/healthz", "GET", "200") == 0


@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-DEF_1.2", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("a\xe9", False)]
)
def test_a_request_id_is_taken_over_if_it_is_harmless(open_shop, sent, kept):
    """What could break a log line is replaced by an id of our own."""
    answer = open_shop.ask("GET", "/nope", None, [("x-request-id", sent.encode("latin-1"))])
    assert (answer.headers["x-request-id"] == sent) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_the_log_holds_no_secret(tmp_path):
    """No API key, no idempotency key, no body and no query, whether the request was good or bad."""
    with Shop(tmp_path) as shop:
        secret = "my-very-secret-purpose"  # noqa: S105  # what must not be found
        key = "my-very-secret-idempotency-key"
        made = shop.post("/v1/payments", shop.payment(purpose=secret), key=key)
        shop.ask("GET", f"/v1/payments?cursor={secret}")
        shop.ask("GET", f"/v1/idempotency-keys/{key}")
        shop.ask("POST", "/v1/payments", None, {"authorization": f"Basic {secret}"} | JSON, content=secret.encode())
        shop.ask("POST", "/v1/payments", "agent", JSON | {"cookie": secret}, content=secret.encode())
    text = shop.sink.getvalue().decode()
    assert secret not in text
    assert key not in text
    assert shop.demo.agent_key not in text
    assert [line["status"] for line in shop.lines] == [201, 400, 200, 401, 400]
    first = shop.lines[0]
    assert first["request_id"] == made.headers["x-request-id"]
    assert (first["route"], first["role"], first["tenant"]) == ("/v1/payments", "agent", shop.demo.tenant_id)
    assert len(first["key_fingerprint"]) == 8
    assert shop.lines[3]["key_fingerprint"] is None


SECRET = "my-very-secret-idempotency-key"  # noqa: S105  # what must not be found


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1/idempotency-keys/KEY",
            "/v1/idempotency%2Dkeys/KEY",
            "/v1/Idempotency-Keys/KEY",
            "/v1/keys/KEY",
            "/v1/payments/KEY",
        ),
        *("/v1/payments/KEY/settle", "/KEY", "/v1/policies/KEY", "/v1/payments;KEY/x"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_key_in_a_path_is_logged(tmp_path, method, path):
    """Wherever a caller puts it, an idempotency key or an API key."""
    with Shop(tmp_path) as shop:
        for secret in (SECRET, shop.demo.agent_key):
            shop.ask(method, path.replace("KEY", secret))
    assert len(shop.lines) == 2
    assert SECRET not in shop.sink.getvalue().decode()
    assert shop.demo.agent_key not in shop.sink.getvalue().decode()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payments/pay_0123456789abcdef01/settle",
        "/v1/policies/dry-run",
        f"/v1/policies/{'0' * 64}",
        "/.well-known/gonogo-keys.json",
    ],
)
def test_a_path_without_a_secret_is_logged_as_it_is(tmp_path, path):
    """Ids, hashes and the words of the routes."""
    with Shop(tmp_path) as shop:
        shop.ask("GET", path)
    assert [line["path"] for line in shop.lines] == [path]


class _Stuck(io.BytesIO):
    """A reader that stands still until it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def write(self, data):
        """Wait, then take it."""
        self.go.wait(10)
        return super().write(data)


def test_a_reader_that_stands_still_costs_lines_and_says_how_many():
    """The gateway neither waits nor grows without bound; once the reader is back, the log tells what is missing."""
    sink = _Stuck()
    log = AccessLog(sink, system_clock)
    for _ in range(300):
        log.event("long", "x" * 60_000)
    sink.go.set()
    log.close()
    assert 8_000_000 < len(sink.getvalue()) <= 8_388_608 + 140
    late = AccessLog(sink := io.BytesIO(), system_clock)
    late._dropped = 3
    late.close()
    assert b'"message":"3 lines were not written' in sink.getvalue()
