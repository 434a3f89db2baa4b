"""Two people, never two keys: whatever needs two of them compares who holds the keys, over the whole gateway."""

import contextlib
import sqlite3

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.access_key import token_sha256
from gateway.command_line.api_keys import make_key

KEYS = "/v1/access/keys"
WAY = ("accepted", "executing", "unknown", "manual_review")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway whose policy wants two approvals above 100."""
    with House(tmp_path_factory.mktemp("two"), rail_url="http://127.0.0.1:9") as made:
        policy = {"currency": "USD", "approval": {"above": "100", "quorum": 2}}
        made.ok(made.post("/v1/policies", policy, "tenant_admin"))
        yield made


def bootstrapped(house, name, *roles):
    """The keys that one bootstrap key is traded for, by role."""
    body = {"tenant_id": house.demo.tenant_id, "roles": roles, "reason": "test"}
    token = house.ok(house.post("/v1/house/bootstrap-keys", body, "house_operator"))["key"]
    return {key["role"]: key["key"] for key in house.ok(house.post("/v1/access/bootstrap", {"agent_id": name}, token))["keys"]}


def two_of_a_session(house):
    """Two keys of an operator that one session makes."""
    return [house.new_key("operator", f"ses-{number}")["key"] for number in range(2)]


def two_roles_of_a_session(house):
    """An operator's and an administrator's key that one session makes."""
    return [house.new_key(role, f"roles-{role}")["key"] for role in ("operator", "tenant_admin")]


def two_of_a_bootstrap_key(house):
    """Both keys of one bootstrap key."""
    return list(bootstrapped(house, "boot", "tenant_admin", "operator").values())


def one_made_with_the_other(house):
    """An administrator's key of a bootstrap key, and the operator's key that was made with it."""
    admin = bootstrapped(house, "maker", "tenant_admin")["tenant_admin"]
    return [admin, house.new_key("operator", "made-by-maker", admin)["key"]]


def one_of_a_session_and_one_of_the_command_line(house):
    """The operator gives a key to the person of a session under the name that the person's key has."""
    mine = house.new_key("operator", "both")["key"]
    return [mine, make_key(house.settings, house.demo.tenant_id, "tenant_admin", "both", "hal").key]


def one_and_its_successor(house):
    """A key that has voted, and the one that took its place."""
    old = house.new_key("operator", "turning")
    return [old["key"], lambda: house.ok(house.post(f"{KEYS}/{old['key_id']}/rotate", {"reason": "x"}, "stepped_up"))["key"]]


def waiting(house):
    """The path of a payment that waits for two people."""
    made = house.ok(house.post("/v1/payments", house.payment()), 202)
    return f"/v1/payments/{made['payment']['payment_id']}"


ONE_PERSON = [
    two_of_a_session,
    two_roles_of_a_session,
    two_of_a_bootstrap_key,
    one_made_with_the_other,
    one_of_a_session_and_one_of_the_command_line,
    one_and_its_successor,
]


@pytest.mark.parametrize("keys", ONE_PERSON, ids=lambda keys: keys.__name__)
def test_one_person_with_two_keys_approves_once(house, keys):
    """The second key's approval is refused, and so is its rejection; another person's is the second."""
    path = waiting(house)
    first, second = keys(house)
    assert house.ok(house.post(f"{path}/approve", {"reason": "yes"}, first), 200)["payment"]["state"] == "approval_required"
    second = second() if callable(second) else second
    for step in ("approve", "reject"):
        assert refusal(house.post(f"{path}/{step}", {"reason": "again"}, second)) == (409, "approver_not_distinct")
    assert house.ok(house.post(f"{path}/approve", {"reason": "yes"}, "operator"), 200)["payment"]["state"] == "reserved"


def in_review(house):
    """The path of a payout whose outcome people have to find out, as the workers leave it."""
    body = {"payee_id": house.demo.payee_ids[0], "amount": "10", "currency": "USD"}
    made = house.ok(house.post("/v1/payouts", body, "finance"), 202)["payout"]
    with contextlib.closing(sqlite3.connect(house.settings.db, timeout=10)) as database, database:
        ((now,),) = database.execute("SELECT state FROM payouts WHERE payout_id = ?", (made["payout_id"],)).fetchall()
        for state in WAY[WAY.index(now) + 1 :]:
            sql = "UPDATE payouts SET state = ?, due_at = '9999', epoch = epoch + 1 WHERE payout_id = ?"
            database.execute(sql, (state, made["payout_id"]))
    return f"/v1/payouts/{made['payout_id']}"


@pytest.fixture(scope="module")
def owed(house):
    """The payee is owed money."""
    small = house.ok(house.post("/v1/payments", house.payment(amount="100")))["payment"]["payment_id"]
    house.ok(house.post(f"/v1/payments/{small}/settle", {}), 200)


@pytest.mark.usefixtures("owed")
def test_one_person_with_two_keys_reviews_a_payout_once(house):
    """Two keys of an operator agree and nothing is decided; another person's word decides."""
    path = in_review(house)
    for number in range(2):
        key = house.new_key("operator", f"review-{number}")["key"]
        said = house.ok(house.post(f"{path}/review", {"outcome": "failed", "evidence": "a letter"}, key), 200)
        assert said["state"] == "manual_review"
    said = house.ok(house.post(f"{path}/review", {"outcome": "failed", "evidence": "a call"}, "operator"), 200)
    assert said["state"] == "failed"


def without_a_person(house, role, name):
    """A key from before keys named people: only such a database has one."""
    token = f"gng_{role}_{name}".ljust(56, "x")
    row = (token_sha256(token), f"key_{name}", house.demo.tenant_id, role, name)
    with contextlib.closing(sqlite3.connect(house.settings.db, timeout=10)) as database, database:
        columns = "key_sha256, key_id, tenant_id, role, agent_id, created_at"
        database.execute(f"INSERT INTO api_keys ({columns}) VALUES (?, ?, ?, ?, ?, '')", row)  # noqa: S608  # our own names
    return token


@pytest.mark.usefixtures("owed")
def test_a_key_that_names_no_person_decides_nothing_that_people_decide(house):
    """It might be a second key of the one who has voted; all else it does as before, but for making a person's key."""
    old = without_a_person(house, "operator", "old-operator")
    path, payout = waiting(house), in_review(house)
    for where, body in (
        (f"{path}/approve", {"reason": "yes"}),
        (f"{path}/reject", {"reason": "no"}),
        (f"{payout}/review", {"outcome": "failed", "evidence": "a letter"}),
    ):
        answer = house.post(where, body, old)
        assert refusal(answer) == (403, "forbidden")
        assert "api-key make" in answer.json()["detail"]
    for step in ("pause", "resume"):
        house.ok(house.post(f"/v1/admin/{step}", {"reason": "a drill"}, old), 200)
    admin = without_a_person(house, "tenant_admin", "old-admin")
    assert refusal(house.post(KEYS, {"role": "operator", "agent_id": "more"}, admin)) == (403, "forbidden")
    assert house.ok(house.post(f"{path}/approve", {"reason": "yes"}, "operator"), 200)["payment"]["approval"]["given"] == [
        "operator-1"
    ]


def test_no_key_that_the_gateway_makes_is_without_a_person_but_an_agents(house):
    """By route, by bootstrap key, by command, rotated, and in the demo data."""
    bootstrapped(house, "everything", "agent", "tenant_admin", "operator", "finance")
    for role in ("agent", "tenant_admin", "operator", "finance"):
        house.new_key(role, f"by-route-{role}")
        make_key(house.settings, house.demo.tenant_id, role, f"by-command-{role}", "hal")
    found = house.rows("SELECT role, person_id IS NULL, agent_id FROM api_keys WHERE agent_id NOT LIKE 'old-%'")
    assert len(found) > 15
    assert [name for role, nobody, name in found if bool(nobody) != (role == "agent")] == []
