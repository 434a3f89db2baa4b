"""People of the house: they sign in like anybody, act for no tenant, and need a fresh code for every change."""

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.command_line.house import make_house_key, set_house_person

CLOSE = {"mode": "closed", "domains": [], "reason": "an incident"}


@pytest.fixture
def house(tmp_path):
    """A gateway with a person of the house."""
    with House(tmp_path) as made:
        made.person = set_house_person(made.settings, "hal@example.com", "house_operator", "hal", "test")
        yield made


def test_a_fresh_session_of_the_house_does_what_its_role_may(house):
    """The journal names the person; a session that is older needs a code first."""
    fresh = house.new_session(house.person.person_id)
    stale = house.new_session(house.person.person_id, fresh=False)
    answer = house.post("/v1/house/sign-up", CLOSE, stale)
    assert refusal(answer) == (403, "step_up_required")
    assert house.ask("GET", "/v1/house/waitlist", stale).status_code == 200
    house.ok(house.post("/v1/house/sign-up", CLOSE, fresh), 200)
    assert house.audit("sign_up_set")[-1][2]["by_person"] == house.person.person_id


def test_a_session_of_the_house_sees_no_tenants_money(house):
    """It is no user's session: it belongs to no tenant, and chooses none."""
    fresh = house.new_session(house.person.person_id)
    for path in ("/v1/payments", f"/v1/wallets/{house.demo.wallet_id}", "/v1/access/keys"):
        assert refusal(house.ask("GET", path, fresh)) == (403, "forbidden"), path
    assert refusal(house.post("/v1/access/tenants", {"name": "mine"}, fresh)) == (403, "forbidden")


def test_a_key_and_a_session_of_the_same_name_are_one_person(house):
    """Where two people are needed they are one."""
    whose, _ = make_house_key(house.settings, "house_operator", " HAL", "test")
    assert whose.person_id == house.person.person_id


def test_who_leaves_the_house_is_out_with_the_next_request(house):
    """The session lives on as a user's, and may do nothing for the house."""
    fresh = house.new_session(house.person.person_id)
    set_house_person(house.settings, "hal@example.com", None, None, "test")
    assert refusal(house.post("/v1/house/sign-up", CLOSE, fresh)) == (403, "forbidden")


def test_nobody_admits_oneself(house):
    """Another person of the house must, even where the one who waits came to the house later."""
    with_address = set_house_person(house.settings, "ida@example.com", None, None, "test")
    hybrid = {"mode": "hybrid", "domains": [], "reason": "pilot"}
    house.ok(house.post("/v1/house/sign-up", hybrid, "house_operator"), 200)
    waits = house.new_session(with_address.person_id)
    assert refusal(house.post("/v1/access/tenants", {"name": "Ida's"}, waits)) == (403, "signup_waitlisted")
    set_house_person(house.settings, "ida@example.com", "house_operator", None, "test")
    where = f"/v1/house/waitlist/{with_address.person_id}/admit"
    answer = house.post(where, {"reason": "me"}, house.new_session(with_address.person_id))
    assert refusal(answer) == (403, "forbidden")
    assert "Another person" in answer.json()["detail"]
    house.ok(house.post(where, {"reason": "a colleague"}, house.new_session(house.person.person_id)), 200)
