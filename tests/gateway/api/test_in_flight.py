"""Rule 7: a second request while the first is held up waits as long as it was told to, then 409 idempotency_in_flight."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from gateway_shop import JSON, Shop, refusal
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.headers import MOST_WAIT_S, Headers, wait_preference


@pytest.fixture
def shop(tmp_path):
    """A gateway that waits long for the storage."""
    with Shop(tmp_path, lock_wait_s=20.0) as made:
        yield made


class Locked:
    """The storage, held by another program until `release`."""

    def __init__(self, shop):
        self._other = sqlite3.connect(shop.settings.db, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def release(self):
        """Let go."""
        self._other.execute("ROLLBACK")

    def close(self):
        """Done."""
        self._other.close()


def send(shop, key, prefer=None):
    """One reserve, to be awaited."""
    headers = JSON | {"idempotency-key": key, "authorization": f"Bearer {shop.key('agent')}"}
    if prefer is not None:
        headers["prefer"] = prefer
    return asyncio.ensure_future(shop._client.post("/v1/payments", json=shop.payment(), headers=headers))


async def held_up(shop):
    """Return once a batch waits for the lock."""
    while not shop.engine._commit.held_up:  # noqa: ASYNC110  # the commit has no event for it, and needs none
        await asyncio.sleep(0)


def test_a_second_is_refused_at_once_unless_it_would_wait(shop):
    """409 with Retry-After, and the look-up says in_flight; whoever waits gets the first's bytes, once there are any."""
    key = shop.fresh()

    async def scenario():
        with closing(Locked(shop)) as storage:
            first = send(shop, key)
            await held_up(shop)
            refused = await send(shop, key)
            headers = {"authorization": f"Bearer {shop.key('operator')}"}
            looked_up = await shop._client.get(f"/v1/idempotency-keys/{key}", headers=headers)
            waiting = [send(shop, key, prefer) for prefer in ("wait=20", "respond-async, wait=25")]
            other = send(shop, shop.fresh())
            await asyncio.sleep(0)
            storage.release()
            return refused, looked_up, await first, await asyncio.gather(*waiting), await other

    refused, looked_up, first, waited, other = shop.run(scenario())
    assert refusal(refused) == (409, "idempotency_in_flight")
    assert (refused.json()["money_moved"], refused.json()["retry"]["action"]) == ("unknown", "same_key")
    assert refused.headers["retry-after"] == "1"
    (use,) = looked_up.json()["uses"]
    assert (use["state"], use["route"], use["status"], use["operation_id"]) == ("in_flight", "POST /v1/payments", None, None)
    assert (first.status_code, first.headers["idempotent-replayed"], other.status_code) == (201, "false", 201)
    assert {(answer.content, answer.headers["idempotent-replayed"]) for answer in waited} == {(first.content, "true")}
    assert shop.post("/v1/payments", shop.payment(), key=key).content == first.content


def test_a_second_whose_first_merely_queues_is_answered_with_it(shop):
    """Without a lock nobody waits and nobody is refused: one commit decides the first and repeats it to the others."""
    key = shop.fresh()

    async def scenario():
        return await asyncio.gather(*(send(shop, key) for _ in range(16)))

    answers = shop.run(scenario())
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers["idempotent-replayed"] for answer in answers].count("false") == 1


def test_a_first_that_fails_leaves_the_key_to_those_who_waited(tmp_path):
    """The lock outlasts the first's patience: it gets 503, and the second decides once the storage is free."""
    with Shop(tmp_path, lock_wait_s=0.2) as shop:
        key = shop.fresh()

        async def scenario():
            with closing(Locked(shop)) as storage:
                first = send(shop, key)
                await held_up(shop)
                second = send(shop, key, "wait=25")
                failed = await first
                storage.release()
                return failed, await second

        failed, second = shop.run(scenario())
        assert refusal(failed) == (503, "storage_busy")
        assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "false")


def prefer(*lines):
    """What these Prefer lines come to."""
    return wait_preference(Headers.of_asgi([(b"host", b"x"), *((b"prefer", line) for line in lines)]))


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], 0),
        ([b"wait=5"], 5),
        ([b"wait=0"], 0),
        ([b"Wait = 7"], 7),
        ([b'wait="9"'], 9),
        ([b"wait=25"], 25),
        ([b"wait=26"], MOST_WAIT_S),
        ([b"wait=999999999"], MOST_WAIT_S),
        ([b"respond-async, wait=3; q=1"], 3),
        ([b"respond-async", b"wait=4"], 4),
        ([b"wait=4, wait=8"], 4),
        ([b"wait"], 0),
        ([b"wait=-1"], 0),
        ([b"wait=1.5"], 0),
        ([b"wait=soon"], 0),
        ([b"dont-wait=5"], 0),
        ([b"wait=99999999999999999999"], 0),
    ],
)
def test_prefer_is_read_as_rfc_7240_has_it(lines, seconds):
    """Of several the first counts, what cannot be read is passed over, and nobody waits longer than 25 seconds."""
    assert prefer(*lines) == seconds


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_no_prefer_header_breaks_anything(lines):
    """Whatever is sent, the wait is a number from 0 to 25."""
    assert 0 <= prefer(*lines) <= MOST_WAIT_S
