"""API keys by route: made, listed, rotated and revoked, at once, audited, and never stored."""

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.access.keys import MOST_KEYS_A_DAY

KEYS = "/v1/access/keys"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway that this module's tests share; each makes keys of its own."""
    with House(tmp_path_factory.mktemp("keys")) as made:
        yield made


def test_a_fresh_session_makes_a_key_that_works_at_once(house):
    """The answer alone shows the key; the list shows all but the key."""
    made = house.new_key(agent_id="first")
    assert house.works(made["key"])
    listed = house.ok(house.ask("GET", KEYS, "session"), 200)["items"]
    (item,) = [item for item in listed if item["key_id"] == made["key_id"]]
    assert item == {
        **{name: made[name] for name in ("key_id", "role", "agent_id", "created_at")},
        "person_id": None,
        "revoked_at": None,
    }
    assert made["key"] not in str(listed)


def test_a_replay_has_the_same_key_and_no_byte_of_it_is_stored(house):
    """It is derived again from its id."""
    key, body = house.fresh(), {"role": "agent", "agent_id": "replayed"}
    first, second = (house.post(KEYS, body, "tenant_admin", key) for _ in range(2))
    assert (first.content, second.headers["idempotent-replayed"]) == (second.content, "true")
    assert first.json()["key"].encode() not in house.everything_stored()


@pytest.mark.parametrize(
    ("path", "body"),
    [(KEYS, {"role": "agent", "agent_id": "x"}), (f"{KEYS}/key_1/rotate", {"reason": "why"})],
)
def test_a_session_without_a_fresh_code_makes_no_key(house, path, body):
    """The refusal says how to get one, and to authenticate is what helps."""
    answer = house.post(path, body, "session")
    assert refusal(answer) == (403, "step_up_required")
    assert answer.json()["retry"]["action"] == "authenticate"


@pytest.mark.parametrize("role", ["agent", "finance", "house_operator"])
def test_others_make_no_keys(house, role):
    """Neither a program, nor finance, nor the house, which makes bootstrap keys."""
    assert refusal(house.post(KEYS, {"role": "agent", "agent_id": "x"}, role)) == (403, "forbidden")


def test_a_revoked_key_is_refused_by_the_very_next_request(house):
    """Though the process had just let it in, and remembered it."""
    made = house.new_key(agent_id="revoked")
    assert house.works(made["key"])
    done = house.ok(house.post(f"{KEYS}/{made['key_id']}/revoke", {"reason": "leaked"}, "session"), 200)
    assert not house.works(made["key"])
    assert refusal(house.ask("GET", "/v1/status", made["key"])) == (401, "unauthenticated")
    again = house.ok(house.post(f"{KEYS}/{made['key_id']}/revoke", {"reason": "again"}, "operator"), 200)
    assert again == done


def test_a_rotated_key_changes_places_with_a_new_one_in_one_moment(house):
    """The same role, name and person; the old one is refused by the next request."""
    old = house.new_key("operator", "ann")
    assert house.works(old["key"])
    new = house.ok(house.post(f"{KEYS}/{old['key_id']}/rotate", {"reason": "a new laptop"}, "stepped_up"))
    assert (new["role"], new["agent_id"]) == ("operator", "ann")
    assert house.works(new["key"])
    assert not house.works(old["key"])
    people = {row[0] for row in house.rows("SELECT person_id FROM api_keys WHERE agent_id = 'ann'")}
    assert len(people) == 1
    assert None not in people


def test_a_key_that_was_revoked_is_not_rotated(house):
    """What has ended does not come back under another id."""
    old = house.new_key(agent_id="ended")
    house.post(f"{KEYS}/{old['key_id']}/revoke", {"reason": "over"}, "session")
    assert refusal(house.post(f"{KEYS}/{old['key_id']}/rotate", {"reason": "again"}, "stepped_up")) == (409, "key_revoked")


@pytest.mark.parametrize("step", ["rotate", "revoke"])
def test_a_key_that_is_not_the_tenants_is_not_found(house, step):
    """No id of another tenant, or of the house, shows that it exists."""
    (elsewhere,) = house.rows("SELECT key_id FROM api_keys WHERE role = 'house_support'")[0]
    for key_id in (elsewhere, "key_0123"):
        assert refusal(house.post(f"{KEYS}/{key_id}/{step}", {"reason": "mine"}, "stepped_up")) == (404, "not_found")


def test_nobody_gets_another_persons_key_by_rotating_it(house):
    """Else one person could approve with two names; to revoke it is allowed."""
    (other,) = house.rows("SELECT key_id FROM api_keys WHERE agent_id = 'operator-2'")[0]
    answer = house.post(f"{KEYS}/{other}/rotate", {"reason": "mine"}, "stepped_up")
    assert refusal(answer) == (403, "forbidden")
    assert "belongs to another person" in answer.json()["detail"]


def test_all_keys_that_a_person_makes_are_that_persons(house):
    """Two operator keys of one person approve as one."""
    first, second = house.new_key("operator", "eve"), house.new_key("operator", "eve-too")
    rows = house.rows("SELECT DISTINCT person_id FROM api_keys WHERE key_id IN (?, ?)", first["key_id"], second["key_id"])
    assert len(rows) == 1
    policy = {"currency": "USD", "approval": {"above": "100", "quorum": 2}}
    house.ok(house.post("/v1/policies", policy, "tenant_admin"))
    waits = house.ok(house.post("/v1/payments", house.payment()), 202)["payment"]["payment_id"]
    house.ok(house.post(f"/v1/payments/{waits}/approve", {"reason": "yes"}, first["key"]), 200)
    again = house.post(f"/v1/payments/{waits}/approve", {"reason": "yes"}, second["key"])
    assert refusal(again) == (409, "approver_not_distinct")


@pytest.mark.parametrize(
    ("role", "agent_id", "whose"),
    [
        ("operator", "operator-1", "another person"),
        ("operator", "OPERATOR-1", "another person"),
        ("operator", "agent-1", "programs"),
        ("agent", "operator-1", "another person"),
    ],
)
def test_a_name_stands_for_one_person_or_for_programs(house, role, agent_id, whose):
    """Nobody acts under somebody else's name, however it is written."""
    answer = house.post(KEYS, {"role": role, "agent_id": agent_id}, "stepped_up")
    assert refusal(answer) == (409, "name_taken")
    assert f"$.agent_id: keys of {whose}" in answer.json()["detail"]


@pytest.mark.parametrize("agent_id", ["", " ann", "a b", "a\n", "-x", "x" * 65, "ä", None, 7])
def test_a_name_that_cannot_be_read_in_a_journal_is_refused(house, agent_id):
    """The refusal names the member."""
    answer = house.post(KEYS, {"role": "agent", "agent_id": agent_id}, "stepped_up")
    assert refusal(answer) == (400, "invalid_request")
    assert "$.agent_id" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["session", "house_operator", "anonymous", "king"])
def test_a_key_has_a_role_of_the_tenant_and_no_other(house, role):
    """No tenant makes itself the house."""
    answer = house.post(KEYS, {"role": role, "agent_id": "x"}, "stepped_up")
    assert refusal(answer) == (400, "invalid_request")
    assert "$.role" in answer.json()["detail"]


def test_each_act_is_a_row_of_the_journal_with_who_why_and_which(house):
    """The key's id stands in it, never the key."""
    made = house.new_key(agent_id="audited")
    house.post(f"{KEYS}/{made['key_id']}/rotate", {"reason": "weekly"}, "stepped_up")
    tenant, _, facts = house.audit("api_key_made")[-1]
    assert (tenant, facts["key_id"], facts["agent_id"]) == (house.demo.tenant_id, made["key_id"], "audited")
    _, _, rotated = house.audit("api_key_rotated")[-1]
    assert (rotated["revoked_key_id"], rotated["reason"]) == (made["key_id"], "weekly")
    assert rotated["by_person"] is not None
    house.post(f"{KEYS}/{rotated['key_id']}/revoke", {"reason": "over"}, "operator")
    _, actor, revoked = house.audit("api_key_revoked")[-1]
    assert (actor, revoked["key_id"], revoked["reason"]) == ("operator-1", rotated["key_id"], "over")


def test_how_many_keys_a_tenant_makes_in_a_day_is_limited(tmp_path):
    """Keys are never deleted; the refusal is not stored, so the same idempotency key works later."""
    with House(tmp_path) as house:
        count = len(house.rows("SELECT 1 FROM api_keys WHERE tenant_id IS NOT NULL"))
        for number in range(MOST_KEYS_A_DAY - count):
            house.new_key(agent_id=f"a{number}")
        answer = house.post(KEYS, {"role": "agent", "agent_id": "one-more"}, "stepped_up")
        assert refusal(answer) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 3600
