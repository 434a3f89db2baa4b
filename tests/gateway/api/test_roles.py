"""Who may call what: the whole matrix of route and role, from the route table."""

import hashlib
import re
from contextlib import closing

import pytest
from gateway_shop import Shop, refusal

from gateway.commands import HOUSE, HOUSE_ROLES, ROLES, Principal
from gateway.routes import ROUTES
from gateway.store.connections import open_writer
from gateway.store.tenants import TenantStore

KEYED = [route for route in ROUTES if not route.is_anonymous]
CELLS = [(route, role) for route in KEYED for role in ROLES]


def path(route):
    """The route's path with ids that exist nowhere."""
    return re.sub(r"\{(\w+)\}", lambda found: "some-key-0123456789" if found[1] == "key" else "abc_1", route.template)


@pytest.mark.parametrize(("route", "role"), CELLS, ids=[f"{role} {route.name}" for route, role in CELLS])
def test_a_route_is_open_to_its_roles_and_to_no_other(open_shop, route, role):
    """403 names the roles that would do; a role of the route gets past the door, to be answered about the request."""
    answer = open_shop.ask(route.method, path(route), role)
    if role in route.roles:
        assert answer.status_code in {200, 400, 404}, answer.text
    else:
        assert refusal(answer) == (403, "forbidden")
        assert all(name in answer.json()["detail"] for name in route.roles)


@pytest.mark.parametrize("route", KEYED, ids=[route.name for route in KEYED])
def test_every_route_asks_for_a_key(open_shop, route):
    """401 comes with the challenge that RFC 9110 demands."""
    answer = open_shop.ask(route.method, path(route), None)
    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="gonogo"'


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic {key}", "{key}", "Bearer {key}x", "Bearer {key}\xe9", "Bearer unknown", "Token {key}"],
)
def test_only_a_known_bearer_key_is_let_in(open_shop, value):
    """Another scheme, a longer key and no key are all unknown."""
    headers = [("authorization", value.replace("{key}", open_shop.key("agent")).encode("latin-1"))]
    assert refusal(open_shop.ask("GET", "/v1/status", None, headers)) == (401, "unauthenticated")


def test_two_authorization_lines_are_refused(open_shop):
    """Even if both are good: it is not clear who is calling."""
    lines = [("authorization", f"Bearer {open_shop.key(role)}") for role in ("agent", "operator")]
    assert refusal(open_shop.ask("GET", "/v1/status", None, lines)) == (401, "unauthenticated")


def test_the_scheme_is_read_without_regard_to_case(open_shop):
    """RFC 9110: the scheme is case-insensitive."""
    headers = {"authorization": f"bearer {open_shop.key('agent')}"}
    assert open_shop.ask("GET", "/v1/status", None, headers).status_code == 200


def test_another_tenants_ids_are_not_found(tmp_path):
    """Reading, settling and reversing them look as if they had never been."""
    from gateway.clock import system_clock
    from gateway.command_line.demo import make_demo
    from gateway.ids import SystemIds

    with Shop(tmp_path) as shop:
        where = shop.reserved()
        receipt = f"/v1/receipts/{shop.ask('GET', '/v1/receipts').json()['items'][0]['receipt_id']}"
        stranger = make_demo(shop.settings.db, system_clock, SystemIds(), "stranger")
        headers = {"authorization": f"Bearer {stranger.agent_key}", "idempotency-key": shop.fresh()}
        asks = [
            *(("GET", path, {}) for path in (where, receipt, f"/v1/wallets/{shop.demo.wallet_id}")),
            ("GET", f"/v1/payees/{shop.demo.payee_ids[0]}", {}),
            ("POST", f"{where}/settle", {"json": {}}),
            ("POST", f"{where}/reverse", {"json": {"reason": "mine"}}),
            ("POST", "/v1/payments", {"json": shop.payment()}),
        ]
        for method, path, body in asks:
            assert refusal(shop.ask(method, path, None, headers, **body)) == (404, "not_found"), path
        assert shop.ask("GET", where).json()["state"] == "reserved"


@pytest.mark.parametrize("role", HOUSE_ROLES)
def test_no_route_of_a_tenant_is_open_to_a_key_of_the_house(tmp_path, role):
    """It is known, so it is not 401; and only routes that name its role let it in."""
    token = f"gng_{role}_secret"
    with Shop(tmp_path) as shop:
        with closing(open_writer(shop.settings.db)) as database:
            caller = Principal(HOUSE, f"key_{role}", role, role, person_id="per_hal")
            TenantStore(database).add_key(caller, hashlib.sha256(token.encode()).digest(), "now")
        for route in KEYED:
            if role in route.roles:
                continue
            headers = {"authorization": f"Bearer {token}", "idempotency-key": shop.fresh()}
            assert refusal(shop.ask(route.method, path(route), None, headers)) == (403, "forbidden"), route.name
