"""The ten rules of idempotency, each on every mutating route."""

import datetime as dt
import itertools
import sqlite3
import time
from contextlib import closing

import httpx
import pytest
from gateway_shop import JSON, Shop, refusal
from gateway_specimens import NO_RAIL, SPECIMENS, TENANT_MUTATIONS

from gateway.clock import system_clock
from gateway.command_line.demo import make_demo
from gateway.idempotency.claim import KEY_LIFETIME_DAYS
from gateway.ids import SystemIds

MONTH = dt.timedelta(days=KEY_LIFETIME_DAYS)
ROUTES = sorted(TENANT_MUTATIONS, key=lambda route: route.name)


class MovingClock:
    """The system's clocks, some days on."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return system_clock() + self.ahead

    def steady(self) -> float:
        """The days have passed."""
        return time.monotonic() + self.ahead.total_seconds()


@pytest.fixture(scope="module", params=ROUTES, ids=[route.name for route in ROUTES])
def route(request):
    """Each mutating route in turn."""
    return request.param


@pytest.fixture(scope="module")
def clock():
    """A clock that can be moved on."""
    return MovingClock()


@pytest.fixture(scope="module")
def shop(tmp_path_factory, route, clock):
    """A gateway for the route's tests, under that clock, with a rail that does not answer."""
    with Shop(tmp_path_factory.mktemp("shop"), clock=clock, steady_clock=clock.steady, **NO_RAIL) as made:
        yield made


@pytest.fixture
def own_shop(tmp_path):
    """A gateway of this test's own."""
    with Shop(tmp_path) as made:
        yield made


def send(shop, route, path, body, key, role=None) -> httpx.Response:
    """The specimen as its route's first role sends it."""
    return shop.post(path, body, role or route.roles[0], key)


def test_rule_1_and_2_a_key_is_needed_well_formed_and_alone(shop, route):
    """None, a short one and two of them are refused; what follows them is decided as if they had never been."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    lines = {"missing": [], "malformed": ["short"], "ambiguous": [key, key]}
    for code, keys in lines.items():
        headers = [("idempotency-key", value) for value in keys]
        answer = shop.ask(route.method, path, route.roles[0], headers, json=body)
        assert refusal(answer) == (400, f"idempotency_key_{code}")
    assert send(shop, route, path, body, key).headers["idempotent-replayed"] == "false"


def test_rule_2_and_8_a_replay_has_the_same_bytes_and_says_that_it_is_one(shop, route):
    """Quoted, with members in another order, and after it was decided: only Idempotent-Replayed and the request id differ."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    first = send(shop, route, path, body, key)
    again = send(shop, route, path, dict(reversed(body.items())), f'"{key}"')
    assert first.headers["idempotent-replayed"] == "false"
    assert again.headers["idempotent-replayed"] == "true"
    assert (first.status_code, first.content) == (again.status_code, again.content)
    differing = {name for name in {*first.headers, *again.headers} if first.headers.get(name) != again.headers.get(name)}
    assert differing == {"idempotent-replayed", "x-request-id"}
    assert {"idempotency-key", "idempotency-expires", "repr-digest"} <= set(again.headers)


def test_rule_3_a_key_is_one_tenants_on_one_route(shop, route):
    """The same key on another route, and from another tenant, is another key."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    send(shop, route, path, body, key)
    elsewhere = "/v1/payees" if path != "/v1/payees" else "/v1/wallets"
    made = shop.post(elsewhere, {"currency": "USD"} | ({"name": "x"} if elsewhere == "/v1/payees" else {}), "tenant_admin", key)
    assert (made.status_code, made.headers["idempotent-replayed"]) == (201, "false")
    stranger = make_demo(shop.settings.db, system_clock, SystemIds(), "stranger")
    token = getattr(stranger, f"{route.roles[0]}_key")
    headers = [("idempotency-key", key), ("authorization", f"Bearer {token}")]
    theirs = shop.ask(route.method, path, None, headers, json=body)
    assert theirs.headers["idempotent-replayed"] == "false"


def test_rule_3_a_replay_is_authorized_anew(tmp_path, route):
    """A key revoked, or given another role, after the first answer does not get it again; its owner's new key does."""
    with Shop(tmp_path, itertools.count(step=2).__next__, **NO_RAIL) as shop:  # two seconds a look: nobody is remembered
        path, body, *_ = SPECIMENS[route](shop)
        key, role = shop.fresh(), route.roles[0]
        first = send(shop, route, path, body, key)
        other = next(name for name in ("finance", "agent", "operator") if name not in route.roles)
        with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as database:
            change = "UPDATE api_keys SET role = ? WHERE tenant_id = ? AND role = ?"
            database.execute(change, (f"{other}", shop.demo.tenant_id, role))
            assert refusal(send(shop, route, path, body, key)) == (403, "forbidden")
            database.execute("UPDATE api_keys SET role = ? WHERE agent_id = ?", (role, f"{role}-1"))
            assert send(shop, route, path, body, key).content == first.content
            database.execute("UPDATE api_keys SET revoked_at = 'now' WHERE agent_id = ?", (f"{role}-1",))
            assert refusal(send(shop, route, path, body, key)) == (401, "unauthenticated")


def test_rule_4_another_request_under_the_key_is_refused_naming_what_differs(shop, route):
    """A JSON pointer of the member, never its value; the first answer stays as it was."""
    path, body, member, other = specimen = SPECIMENS[route](shop)
    key = shop.fresh()
    first = send(shop, route, path, body, key)
    answer = send(shop, route, path, specimen.different, key)
    assert refusal(answer) == (422, "idempotency_key_reused")
    assert answer.json()["detail"].endswith(f" differs in /{member}")
    assert other not in answer.json()["detail"]
    assert body[member] not in answer.json()["detail"]
    assert send(shop, route, path, body, key).content == first.content


def test_rule_5_what_is_refused_before_the_claim_leaves_the_key_free(shop, route):
    """Syntax is looked at before the key is claimed: the same key serves the corrected request."""
    path, body, member, _ = SPECIMENS[route](shop)
    key = shop.fresh()
    assert send(shop, route, path, body | {member: 7}, key).status_code == 400
    decided = send(shop, route, path, body, key)
    assert decided.headers["idempotent-replayed"] == "false"


def test_rule_5_a_5xx_is_never_stored_and_the_same_key_resumes(shop, route):
    """While another program holds the storage the answer is 503; afterwards the key decides once, and repeats that."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        busy = send(shop, route, path, body, key)
        other.execute("ROLLBACK")
    assert refusal(busy) == (503, "storage_busy")
    assert busy.json()["retry"]["action"] == "same_key"
    assert int(busy.headers["retry-after"]) >= 1
    first = send(shop, route, path, body, key)
    assert first.headers["idempotent-replayed"] == "false"
    assert send(shop, route, path, body, key).content == first.content


def test_rule_9_a_late_reuse_is_refused_with_a_link_and_never_executes(shop, clock, route):
    """Just before the 30 days are over it is repeated; from then on 410, before and after the bytes are gone."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    first = send(shop, route, path, body, key)
    resource = _use(shop, key)["resource"]
    clock.ahead = MONTH - dt.timedelta(minutes=5)
    assert send(shop, route, path, body, key).content == first.content
    clock.ahead = MONTH
    counts = _rows(shop)
    _assert_expired(send(shop, route, path, body, key), resource)
    assert shop.post("/v1/payees", {"name": "late", "currency": "USD"}, "tenant_admin").status_code == 201
    shop.run(shop.engine.tidy())
    with closing(sqlite3.connect(shop.settings.db)) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (1,)
    _assert_expired(send(shop, route, path, body, key), resource)
    assert _use(shop, key)["state"] == "expired"
    clock.ahead = dt.timedelta()
    late = {"operations WHERE key IS NOT NULL": 1, "payments": 0, "payouts": 0, "idempotency_keys": 1}
    assert _rows(shop) == {table: count + late[table] for table, count in counts.items()}


def test_rule_10_a_key_tells_what_it_led_to(shop, route):
    """State, operation, resource and expiry; the resource can be read."""
    path, body, *_ = SPECIMENS[route](shop)
    key = shop.fresh()
    first = send(shop, route, path, body, key)
    use = _use(shop, key)
    assert (use["route"], use["state"], use["status"]) == (route.name, "answered", first.status_code)
    assert use["operation_id"].startswith("opr_")
    assert use["expires_at"] == first.headers["idempotency-expires"]
    if use["resource"]:
        assert shop.ask("GET", use["resource"], "operator").status_code == 200


def test_a_refusal_sticks_to_its_key_when_the_reason_is_gone(own_shop):
    """Denied by policy, over the hold, without the funds: 4xx after the claim is the key's answer for good."""
    where, small = own_shop.reserved(), own_shop.fresh()
    over = own_shop.post(f"{where}/settle", {"amount": "1251"}, key=small)
    denied = own_shop.post("/v1/payments", own_shop.payment(amount="100001"), key=small)
    assert (refusal(over), refusal(denied)) == ((409, "over_settlement"), (403, "policy_denied"))
    assert own_shop.post("/v1/policies", {"currency": "USD"}, "tenant_admin").status_code == 201
    again = own_shop.post("/v1/payments", own_shop.payment(amount="100001"), key=small)
    assert (again.content, again.headers["idempotent-replayed"]) == (denied.content, "true")
    assert own_shop.post("/v1/payments", own_shop.payment(amount="100001")).status_code == 201


def test_paused_is_not_stored_and_the_key_decides_after_resuming(own_shop):
    """503 paused is a state of the service, not a decision about the payment."""
    key = own_shop.fresh()
    own_shop.post("/v1/admin/pause", {"reason": "drill"}, "operator")
    assert refusal(own_shop.post("/v1/payments", own_shop.payment(), key=key)) == (503, "paused")
    assert refusal(own_shop.ask("GET", f"/v1/idempotency-keys/{key}")) == (404, "not_found")
    own_shop.post("/v1/admin/resume", {"reason": "over"}, "operator")
    assert own_shop.post("/v1/payments", own_shop.payment(), key=key).status_code == 201


def test_another_caller_of_the_tenant_does_not_get_the_first_ones_answer(own_shop):
    """The agent is part of the request: the difference is told as /agent."""
    where, key = own_shop.reserved(), own_shop.fresh()
    assert own_shop.post(f"{where}/reverse", {"reason": "r"}, "agent", key).status_code == 200
    answer = own_shop.ask("POST", f"{where}/reverse", "operator", JSON | {"idempotency-key": key}, json={"reason": "r"})
    assert refusal(answer) == (422, "idempotency_key_reused")
    assert answer.json()["detail"].endswith(" differs in /agent")


def _use(shop: Shop, key: str) -> dict[str, str]:
    """The one use of a key that is of the specimen."""
    answer = shop.ask("GET", f"/v1/idempotency-keys/{key}", "operator")
    assert answer.status_code == 200, answer.text
    (use,) = answer.json()["uses"]
    return use


def _assert_expired(answer: httpx.Response, resource: str | None) -> None:
    assert refusal(answer) == (410, "idempotency_key_expired")
    assert answer.json()["retry"]["action"] == "never"
    assert answer.json()["resource"] == resource
    assert answer.headers.get("link") == (f'<{resource}>; rel="related"' if resource else None)
    assert "idempotent-replayed" not in answer.headers


def _rows(shop: Shop) -> dict[str, int]:
    with closing(sqlite3.connect(shop.settings.db)) as database:
        tables = ("operations WHERE key IS NOT NULL", "payments", "payouts", "idempotency_keys")
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608  # our own names
