"""Bootstrap keys: made by the house for one tenant and named roles, traded once within 72 hours."""

import datetime as dt

import msgspec
import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.access.bootstrap import LIFETIME
from gateway.clock import system_clock

MAKE, USE = "/v1/house/bootstrap-keys", "/v1/access/bootstrap"


class SetClock:
    """The system's clock, and what a test adds to it."""

    def __init__(self):
        self.later = dt.timedelta()

    def __call__(self):
        return system_clock() + self.later


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway that this module's tests share, with a clock that can be set."""
    clock = SetClock()
    with House(tmp_path_factory.mktemp("bootstrap"), clock=clock) as made:
        made.clock = clock
        yield made


@pytest.fixture
def later(house):
    """Sets the clock forward for one test."""

    def forward(**by):
        house.clock.later = dt.timedelta(**by)

    yield forward
    house.clock.later = dt.timedelta()


def make(house, **changes):
    """A bootstrap key for the demo tenant."""
    body = {"tenant_id": house.demo.tenant_id, "roles": ["agent", "tenant_admin"], "reason": "first steps", **changes}
    return house.post(MAKE, {name: value for name, value in body.items() if value is not None}, "house_operator")


def use(house, token, agent_id, key=None):
    """Trade it."""
    return house.post(USE, {"agent_id": agent_id}, token, key)


def test_it_is_traded_for_one_key_of_each_role(house):
    """The agent's key has the name, the others have their role behind it; all of them work."""
    made = house.ok(make(house))
    assert made["key"].startswith("gnb_")
    done = house.ok(use(house, made["key"], "new"))
    assert done["tenant_id"] == house.demo.tenant_id
    assert [(key["role"], key["agent_id"]) for key in done["keys"]] == [("agent", "new"), ("tenant_admin", "new-tenant_admin")]
    assert all(house.works(key["key"]) for key in done["keys"])


def test_its_bearer_is_one_new_person(house):
    """Whoever gets another bootstrap key is another one."""
    people = []
    for name in ("bob", "cat"):
        token = house.ok(make(house, roles=["agent", "operator", "finance"]))["key"]
        ids = [key["key_id"] for key in house.ok(use(house, token, name))["keys"]]
        people.append({house.rows("SELECT person_id FROM api_keys WHERE key_id = ?", key_id)[0][0] for key_id in ids})
    assert [len(found - {None}) for found in people] == [1, 1]
    assert people[0] & people[1] == {None}


def test_it_is_used_once_and_its_replay_has_the_same_bytes(house):
    """The same request is repeated; any other finds it used."""
    token, key = house.ok(make(house))["key"], house.fresh()
    first, second = (use(house, token, "once", key) for _ in range(2))
    assert (first.status_code, first.content) == (201, second.content)
    again = use(house, token, "twice")
    assert refusal(again) == (409, "bootstrap_key_used")
    assert again.json()["retry"]["action"] == "contact_operator"


def test_of_fifty_at_once_one_gets_the_keys(house):
    """One conditional update decides."""
    import asyncio

    token = house.ok(make(house))["key"]

    async def all_of_them():
        return await asyncio.gather(*(attempt(number) for number in range(50)))

    def attempt(number):
        headers = [("authorization", f"Bearer {token}"), ("idempotency-key", f"at-once-{number:012d}")]
        return house._client.request("POST", USE, headers=headers, json={"agent_id": f"crowd{number}"})

    answers = house.run(all_of_them())
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert len(house.rows("SELECT 1 FROM api_keys WHERE agent_id LIKE 'crowd%'")) == 2


def test_it_expires_after_72_hours(house, later):
    """To the end of the time it works, afterwards never."""
    in_time, too_late = (house.ok(make(house))["key"] for _ in range(2))
    assert dt.timedelta(hours=72) == LIFETIME
    later(hours=71, minutes=59)
    house.ok(use(house, in_time, "in-time"))
    later(hours=72, seconds=1)
    assert refusal(use(house, too_late, "late")) == (410, "bootstrap_key_expired")


@pytest.mark.parametrize("credential", [None, "gnb_", "gnb_unknown", "gng_agent_x", "gns_x"])
def test_nothing_else_is_a_bootstrap_key(house, credential):
    """An unknown one, another kind of credential, and none at all are one refusal, which tells nothing apart."""
    answer = house.post(USE, {"agent_id": "x"}, credential)
    assert refusal(answer) == (401, "bootstrap_key_invalid")
    assert answer.json()["next_step"]


def test_a_bootstrap_key_opens_no_other_route(house):
    """It is no API key."""
    token = house.ok(make(house))["key"]
    assert refusal(house.ask("GET", "/v1/status", token)) == (401, "unauthenticated")


def test_it_may_come_with_a_new_tenant(house):
    """Made with the key, by its name."""
    made = house.ok(make(house, tenant_id=None, tenant_name="Acme"))
    done = house.ok(use(house, made["key"], "acme-agent"))
    assert done["tenant_id"] == made["tenant_id"] != house.demo.tenant_id
    assert house.rows("SELECT name FROM tenants WHERE tenant_id = ?", made["tenant_id"]) == [("Acme",)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"tenant_name": "both"}, 400, "invalid_request"),
        ({"tenant_id": None}, 400, "invalid_request"),
        ({"tenant_id": "ten_nowhere"}, 404, "not_found"),
        ({"tenant_id": "ten_house"}, 404, "not_found"),
        ({"roles": []}, 400, "invalid_request"),
        ({"roles": ["house_operator"]}, 400, "invalid_request"),
        ({"reason": None}, 400, "invalid_request"),
    ],
)
def test_it_is_for_one_tenant_and_for_roles_of_a_tenant(house, changes, status, code):
    """Neither for the house nor for nobody."""
    assert refusal(make(house, **changes)) == (status, code)


@pytest.mark.parametrize("role", ["tenant_admin", "stepped_up", "house_finance", "house_support", "agent"])
def test_only_the_houses_operators_make_one(house, role):
    """No tenant gives itself keys."""
    body = {"tenant_id": house.demo.tenant_id, "roles": ["agent"], "reason": "mine"}
    assert refusal(house.post(MAKE, body, role)) == (403, "forbidden")


def test_no_byte_of_it_is_stored_and_each_step_is_audited(house):
    """Its id stands in the journal, with who made it and why, and which keys it led to."""
    made = house.ok(make(house))
    house.ok(use(house, made["key"], "traced"))
    assert made["key"].encode() not in house.everything_stored()
    tenant, actor, facts = house.audit("bootstrap_key_made")[-1]
    assert (tenant, actor, facts["reason"]) == (house.demo.tenant_id, "house_operator", "first steps")
    used = house.audit("bootstrap_key_used")[-1][2]
    assert used["bootstrap_key_id"] == facts["bootstrap_key_id"] == made["bootstrap_key_id"]
    assert len(used["key_ids"]) == 2


def test_a_key_that_was_sent_wrongly_is_not_used_up(house):
    """A body that cannot be read, or a name that is taken, leaves it as it was."""
    token = house.ok(make(house, roles=["operator"]))["key"]
    assert refusal(use(house, token, "")) == (400, "invalid_request")
    house.new_key("operator", "zoe-operator")
    assert refusal(use(house, token, "zoe")) == (409, "name_taken")
    assert house.ok(use(house, token, "yan"))["keys"][0]["agent_id"] == "yan-operator"


def test_the_secret_of_an_answer_is_repeated_for_fifteen_minutes(house, later):
    """Afterwards whoever finds the request in a log gets nothing."""
    token, key = house.ok(make(house))["key"], house.fresh()
    assert use(house, token, "minutes", key).status_code == 201
    later(minutes=14, seconds=59)
    assert use(house, token, "minutes", key).status_code == 201
    later(minutes=15, seconds=1)
    assert refusal(use(house, token, "minutes", key)) == (410, "idempotency_key_expired")
    assert msgspec.json.decode(use(house, token, "minutes", key).content)["code"] == "idempotency_key_expired"
