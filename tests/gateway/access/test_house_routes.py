"""What the house decides by route: tenants disabled and enabled, cohorts, sign-up; and what no tenant's caller can do."""

import re

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.commands import HOUSE_ROLES, ROLES
from gateway.routes import ROUTES
from gateway.routes.house import MUTATIONS, READS

WHY = {"reason": "abuse"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway that this module's tests share."""
    with House(tmp_path_factory.mktemp("house")) as made:
        yield made


def path(route):
    """The route's path with ids that exist nowhere."""
    return re.sub(r"\{\w+\}", "abc_1", route.template)


def new_tenant(house, name="Acme"):
    """A tenant of the house's making, with an agent's and an administrator's key."""
    body = {"tenant_name": name, "roles": ["agent", "tenant_admin"], "reason": "test"}
    made = house.ok(house.post("/v1/house/bootstrap-keys", body, "house_operator"))
    keys = house.ok(house.post("/v1/access/bootstrap", {"agent_id": "one"}, made["key"]))["keys"]
    return made["tenant_id"], {key["role"]: key["key"] for key in keys}


@pytest.mark.parametrize("route", [*MUTATIONS, *READS], ids=lambda route: route.name)
@pytest.mark.parametrize("role", [*ROLES, "session", "stepped_up"])
def test_no_tenants_caller_does_what_the_house_does(house, route, role):
    """Neither a key nor a session of a tenant, however fresh."""
    assert refusal(house.ask(route.method, path(route), role)) == (403, "forbidden")


@pytest.mark.parametrize("role", HOUSE_ROLES)
def test_the_house_reads_no_tenants_money(house, role):
    """A route that is not the house's is closed to it, but for the question who it is."""
    theirs = [route for route in ROUTES if not {*HOUSE_ROLES, "anonymous"} & {*route.roles}]
    assert len(theirs) > 20
    for route in theirs:
        where = re.sub(r"\{(\w+)\}", lambda found: "some-key-0123456789" if found[1] == "key" else "abc_1", route.template)
        assert refusal(house.ask(route.method, where, role)) == (403, "forbidden"), route.name


def test_a_disabled_tenants_keys_are_refused_by_the_very_next_request(house):
    """403 names the operator; once it is enabled the same keys work again, and other tenants never notice."""
    tenant_id, keys = new_tenant(house)
    assert house.works(keys["agent"])
    done = house.ok(house.post(f"/v1/house/tenants/{tenant_id}/disable", WHY, "house_operator"), 200)
    assert (done["disabled"], done["sessions_ended"]) == (True, 0)
    for key in keys.values():
        answer = house.ask("GET", "/v1/status", key)
        assert refusal(answer) == (403, "tenant_disabled")
        assert "operator" in answer.json()["next_step"]
    assert house.works("agent")
    house.ok(house.post(f"/v1/house/tenants/{tenant_id}/enable", WHY, "house_operator"), 200)
    assert house.works(keys["agent"])


def test_a_bootstrap_key_of_a_disabled_tenant_waits(house):
    """It is neither made nor traded meanwhile."""
    body = {"tenant_name": "Waiting", "roles": ["agent"], "reason": "test"}
    made = house.ok(house.post("/v1/house/bootstrap-keys", body, "house_operator"))
    house.ok(house.post(f"/v1/house/tenants/{made['tenant_id']}/disable", WHY, "house_operator"), 200)
    assert refusal(house.post("/v1/access/bootstrap", {"agent_id": "x"}, made["key"])) == (403, "tenant_disabled")
    again = {"tenant_id": made["tenant_id"], "roles": ["agent"], "reason": "test"}
    assert refusal(house.post("/v1/house/bootstrap-keys", again, "house_operator")) == (403, "tenant_disabled")
    house.ok(house.post(f"/v1/house/tenants/{made['tenant_id']}/enable", WHY, "house_operator"), 200)
    house.ok(house.post("/v1/access/bootstrap", {"agent_id": "x"}, made["key"]))


def test_disabling_a_tenant_ends_its_sessions_for_good(tmp_path):
    """Enabling it does not bring them back: its users sign in again."""
    with House(tmp_path) as house:
        assert house.ask("GET", "/v1/access/keys", "session").status_code == 200
        where = f"/v1/house/tenants/{house.demo.tenant_id}"
        assert house.ok(house.post(f"{where}/disable", WHY, "house_operator"), 200)["sessions_ended"] == 2
        assert refusal(house.ask("GET", "/v1/access/keys", "session")) == (401, "session_revoked")
        house.ok(house.post(f"{where}/enable", WHY, "house_operator"), 200)
        answer = house.ask("GET", "/v1/access/keys", "session")
        assert refusal(answer) == (401, "session_revoked")
        assert answer.json()["retry"]["action"] == "authenticate"


@pytest.mark.parametrize("step", ["disable", "enable", "cohort"])
@pytest.mark.parametrize("tenant_id", ["ten_nowhere", "ten_house"])
def test_the_house_itself_and_what_is_not_there_are_no_tenants(house, step, tenant_id):
    """Nobody disables the house."""
    body = WHY | ({"cohort": "canary"} if step == "cohort" else {})
    answer = house.post(f"/v1/house/tenants/{tenant_id}/{step}", body, "house_operator")
    assert refusal(answer) == (404, "not_found")


def test_cohorts_are_appended_and_simulated_is_final(house):
    """The history shows each, and whoever is simulated never counts as real."""
    tenant_id, _ = new_tenant(house, "Labelled")
    where = f"/v1/house/tenants/{tenant_id}/cohort"
    for cohort in ("canary", "external", "simulated"):
        done = house.ok(house.post(where, {"cohort": cohort, "reason": f"is {cohort}"}, "house_operator"), 200)
        assert done["cohort"] == cohort
    assert [label["cohort"] for label in done["history"]] == ["canary", "external", "simulated"]
    for cohort in ("external", "simulated"):
        answer = house.post(where, {"cohort": cohort, "reason": "a wish"}, "house_operator")
        assert refusal(answer) == (409, "cohort_final")
    assert refusal(house.post(where, {"cohort": "none", "reason": "a wish"}, "house_operator")) == (400, "invalid_request")


def test_what_the_house_says_of_sign_up_holds_from_then_on(tmp_path):
    """Mode and claimed domains are replaced as a whole; the journal says who, what and why."""
    with House(tmp_path) as house:
        body = {"mode": "hybrid", "domains": ["b.example", "a.example", "b.example"], "reason": "pilot"}
        done = house.ok(house.post("/v1/house/sign-up", body, "house_operator"), 200)
        assert (done["mode"], done["domains"]) == ("hybrid", ["a.example", "b.example"])
        assert house.audit("sign_up_set")[-1][2]["reason"] == "pilot"
        closed = {"mode": "closed", "domains": [], "reason": "incident"}
        house.ok(house.post("/v1/house/sign-up", closed, "house_operator"), 200)
        bootstrap = {"tenant_name": "New", "roles": ["agent"], "reason": "test"}
        assert refusal(house.post("/v1/house/bootstrap-keys", bootstrap, "house_operator")) == (403, "signup_closed")
        old = {"tenant_id": house.demo.tenant_id, "roles": ["agent"], "reason": "test"}
        house.ok(house.post("/v1/house/bootstrap-keys", old, "house_operator"))


@pytest.mark.parametrize("domain", ["", "example", "Example.com", "a@example.com", "exa mple.com", "-a.com", "a..com", "ä.com"])
def test_a_domain_is_claimed_in_the_spelling_of_dns(house, domain):
    """Any other would match no address, and so protect nobody."""
    body = {"mode": "hybrid", "domains": [domain], "reason": "test"}
    answer = house.post("/v1/house/sign-up", body, "house_operator")
    assert refusal(answer) == (400, "invalid_request")
    assert "$.domains" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["house_finance", "house_support"])
def test_only_operators_of_the_house_change_anything(house, role):
    """Support reads the waiting list, all read the funnel."""
    for route in MUTATIONS:
        assert refusal(house.ask("POST", path(route), role)) == (403, "forbidden"), route.name
    assert house.ask("GET", "/v1/house/funnel", role).status_code == 200
    expected = 200 if role == "house_support" else 403
    assert house.ask("GET", "/v1/house/waitlist", role).status_code == expected


def test_each_change_by_the_house_has_a_reverse_or_says_why_not():
    """As for every other mutation; a session of the house needs a fresh code for each."""
    assert all(route.undo is not None and route.fresh for route in MUTATIONS)
