"""Who makes a tenant by signing up, over the whole gateway: modes, claimed domains and the waiting list."""

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.access.tenancy import MOST_TENANTS
from gateway.command_line.house import acting
from gateway.store.access_rows import PersonRow

TENANTS = "/v1/access/tenants"


@pytest.fixture
def house(tmp_path):
    """A gateway whose session belongs to ann@example.com."""
    with House(tmp_path) as made:
        with acting(made.settings, "test") as act:
            address_hash = act.maker.key.address_hash("ann@example.com")
            act.tx.access.people.add(PersonRow("per_ann", "ann@example.com", address_hash, None, act.maker.now))
        made.ann = made.new_session("per_ann")
        yield made


def sign_up(house, mode, *domains):
    """Let the house set sign-up."""
    house.ok(house.post("/v1/house/sign-up", {"mode": mode, "domains": domains, "reason": "test"}, "house_operator"), 200)


def ask(house, name="Acme"):
    """Ask for a tenant."""
    return house.post(TENANTS, {"name": name}, house.ann)


def admit(house, person_id="per_ann", role="house_operator"):
    """Admit a person from the waiting list."""
    return house.post(f"/v1/house/waitlist/{person_id}/admit", {"reason": "a pilot"}, role)


def test_a_new_tenant_is_the_sessions_from_then_on(house):
    """The answer names it, the session acts in it, and makes its keys."""
    made = house.ok(ask(house))
    assert (made["kind"], made["role"], made["cohort"], made["demo_money"]) == ("session", "session", "none", False)
    assert [item["name"] for item in made["tenants"]] == ["Acme"]
    key = house.new_key(by=house.ann)
    assert house.works(key["key"])
    assert house.rows("SELECT tenant_id FROM api_keys WHERE key_id = ?", key["key_id"]) == [(made["tenant_id"],)]
    assert house.audit("tenant_made")[-1][0] == made["tenant_id"]


def test_a_session_without_a_tenant_makes_no_key(house):
    """The refusal says how to choose one."""
    answer = house.post("/v1/access/keys", {"role": "agent", "agent_id": "a"}, house.ann)
    assert refusal(answer) == (409, "tenant_choice_required")


@pytest.mark.parametrize(
    ("mode", "domains", "code"),
    [
        ("public_signup", (), None),
        ("public_signup", ("example.com",), "signup_closed"),
        ("public_signup", ("sub.example.com", "ample.com"), None),
        ("hybrid", (), "signup_waitlisted"),
        ("hybrid", ("example.com",), "signup_closed"),
        ("managed", (), "signup_closed"),
        ("closed", (), "signup_closed"),
    ],
)
def test_the_mode_and_the_domain_decide(house, mode, domains, code):
    """A refusal makes nothing, and says what to do."""
    sign_up(house, mode, *domains)
    answer = ask(house)
    if code is None:
        assert answer.status_code == 201
        return
    assert refusal(answer) == (403, code)
    assert "operator" in answer.json()["next_step"]
    assert house.rows("SELECT count(*) FROM tenants WHERE name = 'Acme'") == [(0,)]


def test_who_is_admitted_makes_a_tenant_by_the_same_request(house):
    """The waiting list shows no address; support reads it, an operator admits, and the same idempotency key works then."""
    sign_up(house, "hybrid")
    key = house.fresh()
    assert refusal(house.post(TENANTS, {"name": "Acme"}, house.ann, key)) == (403, "signup_waitlisted")
    (waits,) = house.ok(house.ask("GET", "/v1/house/waitlist", "house_support"), 200)["items"]
    assert (waits["person_id"], waits["name"]) == ("per_ann", "Acme")
    assert set(waits) == {"person_id", "name", "asked_at"}
    admitted = house.ok(admit(house), 200)
    assert admitted["admitted_by"] == "house_operator"
    assert house.ok(house.ask("GET", "/v1/house/waitlist", "house_support"), 200)["items"] == []
    assert house.ok(house.post(TENANTS, {"name": "Acme"}, house.ann, key))["tenant_id"]
    assert house.ok(admit(house), 200) == admitted
    assert len(house.audit("person_admitted")) == 1


def test_an_admitted_person_makes_a_tenant_whatever_the_domain(house):
    """The house said so of the person, after it claimed the domain; a closed sign-up stays closed."""
    sign_up(house, "hybrid")
    ask(house)
    house.ok(admit(house), 200)
    sign_up(house, "closed", "example.com")
    assert refusal(ask(house)) == (403, "signup_closed")
    sign_up(house, "public_signup", "example.com")
    assert ask(house).status_code == 201


def test_nobody_who_does_not_wait_is_admitted(house):
    """Neither an unknown person nor one who makes tenants without it."""
    assert refusal(admit(house, "per_nobody")) == (404, "not_found")
    assert refusal(admit(house)) == (404, "not_found")


def test_a_person_makes_so_many_tenants_and_no_more(house):
    """A tenant is kept for ever."""
    for number in range(MOST_TENANTS):
        house.ok(ask(house, f"T{number}"))
    assert refusal(ask(house, "one more")) == (403, "forbidden")


@pytest.mark.parametrize("role", ["agent", "tenant_admin", "house_operator"])
def test_only_a_person_makes_a_tenant(house, role):
    """A key belongs to one tenant already, and the house has a route of its own."""
    assert refusal(house.post(TENANTS, {"name": "Acme"}, role)) == (403, "forbidden")
