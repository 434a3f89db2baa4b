"""What the framework refuses, and what nobody expected: the same problem+json as everything else."""

import sqlite3

import pytest
from gateway_shop import Shop, refusal


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/payments/pay_1/settle/twice", "/schema", "/docs", "/v2/payments"]
)
def test_an_unknown_path_is_a_404_problem_without_asking_for_a_key(open_shop, path):
    """There is nothing to protect."""
    assert refusal(open_shop.ask("GET", path, None)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/payments", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/v1/payments/pay_1", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/payments/pay_1/settle", "OPTIONS, POST"),
        ("HEAD", "/v1/admin/pause", "OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("TRACE", "/metrics", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_a_405_problem_that_names_those_allowed(open_shop, method, path, allow):
    """The Allow header is RFC 9110's demand."""
    answer = open_shop.ask(method, path, None)
    assert answer.headers["allow"] == allow
    if method != "HEAD":
        assert refusal(answer) == (405, "method_not_allowed")
    assert answer.status_code == 405


def test_options_tells_the_methods_of_a_path(open_shop):
    """Without a key and without effect."""
    answer = open_shop.ask("OPTIONS", "/v1/payments", None)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, OPTIONS, POST", b"")


def test_head_is_get_without_the_body(open_shop):
    """The same status and headers, so that a cache or a probe learns the same."""
    head, get = (open_shop.ask(method, "/v1/status") for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] != "0"
    assert open_shop.ask("HEAD", "/v1/status", None).status_code == 401


def test_a_defect_is_a_500_problem_that_tells_nothing_and_a_log_line_that_does(tmp_path):
    """The caller gets the request id; the log has the exception's type and place under it."""
    with Shop(tmp_path) as shop:
        reader, shop.engine._reads._execute = shop.engine._reads._execute, None
        answer = shop.ask("GET", "/v1/ledger/entries", "finance")
        shop.engine._reads._execute = reader
    assert refusal(answer) == (500, "internal")
    assert answer.json()["money_moved"] == "unknown"
    assert answer.headers["retry-after"] == "1"
    assert "NoneType" not in answer.text
    (line,) = [line for line in shop.lines if line["event"] == "unhandled"]
    assert line["request_id"] == answer.headers["x-request-id"] == answer.json()["request_id"]
    assert line["exception"] == "TypeError"
    assert any(frame.startswith("reads.py:") for frame in line["where"])


def test_a_locked_database_is_503_with_the_seconds_to_wait_and_the_same_key_goes_on(shop):
    """A refusal by the storage is not kept: the retry executes."""
    other = sqlite3.connect(shop.settings.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    key = shop.fresh()
    answer = shop.post("/v1/payments", shop.payment(), key=key)
    assert refusal(answer) == (503, "storage_busy")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["retry"] == {"action": "same_key", "after_ms": 1000}
    other.execute("ROLLBACK")
    other.close()
    again = shop.post("/v1/payments", shop.payment(), key=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "false")


def test_a_paused_tenant_is_503_with_the_seconds_to_wait(shop):
    """Open holds can still be settled, and the status says why."""
    where = shop.reserved()
    assert shop.post("/v1/admin/pause", {"reason": "drill"}, "operator").status_code == 200
    answer = shop.post("/v1/payments", shop.payment())
    assert refusal(answer) == (503, "paused")
    assert answer.headers["retry-after"] == "5"
    assert shop.ask("GET", "/v1/status").json()["mode"] == "paused"
    assert shop.post(f"{where}/settle", {}).status_code == 200
    assert shop.post("/v1/admin/resume", {"reason": "over"}, "operator").status_code == 200
    assert shop.post("/v1/payments", shop.payment()).status_code == 201


def test_a_draining_gateway_says_so(tmp_path):
    """Mutations are refused with 503, and readiness is gone while the process is still alive."""
    with Shop(tmp_path) as shop:
        shop.engine.draining = True
        assert refusal(shop.post("/v1/payments", shop.payment())) == (503, "draining")
        assert refusal(shop.ask("GET", "/readyz", None)) == (503, "draining")
        assert shop.ask("GET", "/healthz", None).json() == {"status": "ok"}


def test_a_caller_who_hangs_up_while_sending_gets_nothing(tmp_path):
    """Half a body is not a request: nothing is answered and nothing happens."""
    sent = []

    async def ask(shop):
        incoming = iter([{"type": "http.request", "body": b'{"amount":', "more_body": True}, {"type": "http.disconnect"}])

        async def receive():
            return next(incoming)

        async def send(message):
            sent.append(message)

        headers = [(b"authorization", f"Bearer {shop.key('agent')}".encode())]
        scope = {"type": "http", "method": "POST", "path": "/v1/payments", "raw_path": b"/v1/payments", "query_string": b""}
        await shop.app(scope | {"headers": headers}, receive, send)

    with Shop(tmp_path) as shop:
        shop.run(ask(shop))
    assert sent == []
    assert [line["status"] for line in shop.lines] == [499]
