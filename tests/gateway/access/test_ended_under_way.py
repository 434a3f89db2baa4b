"""Keys that end while a request is under way: the transaction that decides looks at the key again."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from gateway_house import House
from gateway_shop import JSON, refusal

REVOKE = "UPDATE api_keys SET revoked_at = 'now' WHERE agent_id = 'agent-1'"
DISABLE = "INSERT INTO disabled_tenants SELECT tenant_id, 'abuse', 'now', 'hal' FROM api_keys WHERE agent_id = 'agent-1'"


@pytest.fixture
def house(tmp_path):
    """A gateway that waits long for the storage."""
    with House(tmp_path, lock_wait_s=20.0) as made:
        yield made


def send(house, path, body, role, key):
    """One request, to be awaited."""
    headers = JSON | {"idempotency-key": key, "authorization": f"Bearer {house.key(role)}"}
    return asyncio.ensure_future(house._client.post(path, json=body, headers=headers))


async def held_up(house):
    """Return once a batch waits for the lock."""
    while not house.engine._commit.held_up:  # noqa: ASYNC110  # the commit has no event for it, and needs none
        await asyncio.sleep(0)


def behind_a_lock(house, requests, meanwhile=None):
    """The answers to requests that are admitted while another program holds the storage, and does something there."""

    async def scenario():
        with closing(sqlite3.connect(house.settings.db, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            first = send(house, *requests[0])
            await held_up(house)
            rest = [send(house, *request) for request in requests[1:]]
            for _ in range(20):
                await asyncio.sleep(0)
            if meanwhile is not None:
                other.execute(meanwhile)
            other.execute("COMMIT")
            return await asyncio.gather(first, *rest)

    return house.run(scenario())


def pay(house, key=None):
    """A reserve by the agent."""
    return "/v1/payments", house.payment(), "agent", key or house.fresh()


def end(house, route):
    """The house or an administrator ends the agent's key."""
    body = {"reason": "leaked"}
    if route == "disable":
        return f"/v1/house/tenants/{house.demo.tenant_id}/disable", body, "house_operator", house.fresh()
    ((key_id,),) = house.rows("SELECT key_id FROM api_keys WHERE agent_id = 'agent-1'")
    return f"/v1/access/keys/{key_id}/{route}", body, "tenant_admin", house.fresh()


def payments(house):
    """How many there are."""
    return house.rows("SELECT count(*) FROM payments")[0][0]


@pytest.mark.parametrize(
    ("meanwhile", "answer"),
    [(REVOKE, (401, "unauthenticated")), (DISABLE, (403, "tenant_disabled"))],
    ids=["revoked", "disabled"],
)
def test_what_was_admitted_before_its_key_ended_is_not_decided(house, meanwhile, answer):
    """Another process, such as a command, ends it meanwhile: nothing is reserved, and nothing is stored under the key."""
    request = pay(house)
    (refused,) = behind_a_lock(house, [request], meanwhile)
    assert refusal(refused) == answer
    assert ("www-authenticate" in refused.headers) == (answer[0] == 401)
    assert payments(house) == 0
    assert house.rows("SELECT 1 FROM operations WHERE key = ?", request[-1]) == []


def test_a_replay_is_not_repeated_to_a_key_that_ended(house):
    """Authorization is checked again on replay, inside the transaction too."""
    request = pay(house)
    assert house.post(*request).status_code == 201
    (refused,) = behind_a_lock(house, [request], REVOKE)
    assert refusal(refused) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("route", "answer"),
    [("revoke", (401, "unauthenticated")), ("rotate", (401, "unauthenticated")), ("disable", (403, "tenant_disabled"))],
)
def test_of_one_batch_what_comes_after_the_end_of_its_key_is_refused(house, route, answer):
    """The batch had read the key for the request before; that one, which came first, is decided."""
    first, before, ended, after = behind_a_lock(house, [pay(house), pay(house), end(house, route), pay(house)])
    assert (first.status_code, before.status_code, ended.status_code < 300) == (201, 201, True)
    assert refusal(after) == answer
    assert payments(house) == 2


def test_a_batch_reads_each_key_once(house):
    """However many of its requests come with it: the first request is a batch of its own, the others are another."""
    statements = []
    house.engine._store._writer.set_trace_callback(statements.append)
    answers = behind_a_lock(house, [pay(house) for _ in range(16)])
    house.engine._store._writer.set_trace_callback(None)
    assert {answer.status_code for answer in answers} == {201}
    assert len([sql for sql in statements if "FROM api_keys" in sql]) == 2
