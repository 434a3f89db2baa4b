"""What a session may do: everything that an administrator reads and sets up, and nothing that moves money."""

import pytest
from gateway_access_specimens import ACCESS_SPECIMENS
from gateway_shop import refusal
from gateway_signed_in import SignedIn

from gateway.commands import SESSION
from gateway.routes import MUTATIONS, ROUTES

MAY_CHANGE = {
    "create_wallet",
    "create_payee",
    "put_policy",
    "create_key",
    "rotate_key",
    "revoke_key",
    "create_tenant",
    "invite",
    "join_tenant",
    "choose_tenant",
    "request_code",
    "step_up",
    "end_session",
    "change_address",
    "confirm_address",
    "report_event",
}
NEEDS_A_FRESH_CODE = {"create_payee", "put_policy", "create_key", "rotate_key", "invite", "change_address"}
"""The reference page: new payee, policy, key, address; and who joins. A wallet is empty, and revoking a key only takes away."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A gateway with a tenant that has one of everything."""
    with SignedIn(tmp_path_factory.mktemp("shop")) as made:
        made.healthy()
        made.payment_id = made.reserved().rsplit("/", 1)[1]
        yield made


def path(shop, route):
    """The route's path with this tenant's own ids, so that nothing but the role is in the way."""
    ids = {"payment_id": shop.payment_id, "wallet_id": shop.demo.wallet_id, "payee_id": shop.demo.payee_ids[0]}
    parts = [ids.get(part[1:-1], "abc_1") if part.startswith("{") else part for part in route.template.split("/")]
    return "/".join(parts)


def test_the_route_table_opens_to_sessions_what_the_page_says_and_nothing_else():
    """Never reserve, settle, reverse, approve or pay out."""
    assert {route.kind for route in MUTATIONS if SESSION in route.roles} == MAY_CHANGE
    assert {route.kind for route in MUTATIONS if SESSION in route.roles and route.fresh} == NEEDS_A_FRESH_CODE


def test_a_session_reads_what_an_administrator_reads():
    """Each read that is open to an administrator is open to a session."""
    reads = [route for route in ROUTES if route not in MUTATIONS]
    assert [route.kind for route in reads if ("tenant_admin" in route.roles) != (SESSION in route.roles)] == []


@pytest.mark.parametrize("route", [route for route in ROUTES if SESSION not in route.roles], ids=lambda route: route.name)
@pytest.mark.parametrize("role", ["session", "stepped_up"])
def test_every_other_route_refuses_a_session_of_the_tenant_however_fresh(shop, route, role):
    """403; an anonymous route ignores the session, and a bootstrap key is something else."""
    if route.is_anonymous:
        expected = {401} if route.scope == "bootstrap_key" else {400}
        assert shop.ask(route.method, path(shop, route), role).status_code in expected
        return
    answer = shop.ask(route.method, path(shop, route), role, {"idempotency-key": shop.fresh()}, json={})
    assert refusal(answer) == (403, "forbidden")


@pytest.mark.parametrize("route", [route for route in MUTATIONS if route.fresh], ids=lambda route: route.kind)
def test_what_needs_a_fresh_code_refuses_an_old_session_and_leaves_its_key_free(shop, route):
    """Before the body is read: the same request with the same key works after the code."""
    if SESSION not in route.roles:
        return
    answer = shop.ask(route.method, path(shop, route), "session", {"idempotency-key": shop.fresh()}, json={})
    assert refusal(answer) == (403, "step_up_required")
    assert answer.json()["retry"]["action"] == "authenticate"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if SESSION in route.roles and route.scope == "tenant"], ids=lambda route: route.name
)
def test_a_session_that_has_chosen_no_tenant_is_told_to_choose(shop, route):
    """Of every route that is about one tenant; GET /me lists those that there are."""
    token = shop.signed_in("nobody@example.com") if not hasattr(shop, "unbound") else shop.unbound
    shop.unbound = token
    answer = shop.ask(route.method, path(shop, route), token, {"idempotency-key": shop.fresh()})
    assert refusal(answer) == (409, "tenant_choice_required")


def test_a_key_is_not_affected_by_what_sessions_need(shop):
    """A route that needs a fresh code of a session takes an administrator's key as before."""
    assert shop.post("/v1/payees", {"name": "one", "currency": "USD"}, "tenant_admin").status_code == 201
    assert shop.post("/v1/payees", {"name": "two", "currency": "USD"}, "stepped_up").status_code == 201
    assert refusal(shop.post("/v1/payees", {"name": "three", "currency": "USD"}, "session")) == (403, "step_up_required")


def test_two_people_and_two_tenants_stay_apart(shop):
    """What one session makes, another tenant's session and keys do not find."""
    ann, eve = (shop.signed_in(f"{name}@example.com") for name in ("ann", "eve"))
    made = {}
    for token, name in ((ann, "Ann's"), (eve, "Eve's")):
        tenant = shop.ok(shop.post("/v1/access/tenants", {"name": name}, token))["tenant_id"]
        wallet = shop.ok(shop.post("/v1/wallets", {"currency": "USD"}, token))["wallet_id"]
        made[token] = (tenant, wallet)
    for token, other in ((ann, eve), (eve, ann)):
        tenant, wallet = made[other]
        assert refusal(shop.ask("GET", f"/v1/wallets/{wallet}", token)) == (404, "not_found")
        assert refusal(shop.post("/v1/access/session/tenant", {"tenant_id": tenant}, token)) == (404, "not_found")
        assert [item["wallet_id"] for item in shop.ask("GET", "/v1/wallets", token).json()["items"]] == [made[token][1]]
        assert tenant not in shop.ask("GET", "/v1/access/me", token).text
    assert refusal(shop.ask("GET", f"/v1/wallets/{made[ann][1]}")) == (404, "not_found")


def test_there_is_a_way_to_try_each_of_these_changes():
    """The specimens of access hold one of each, so that no route is forgotten here."""
    assert {route.kind for route in ACCESS_SPECIMENS if SESSION in route.roles} <= MAY_CHANGE
