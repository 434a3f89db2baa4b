"""Draining: what is in flight is answered, nothing new is taken, and the server ends in good time."""

import asyncio
from contextlib import closing

import pytest
from gateway_wire import Storage, WiredShop, metrics_of, reserve, soon, status

from gateway.settings import Limits

pytestmark = pytest.mark.process


@pytest.fixture
def shop(tmp_path):
    """A gateway that listens, and waits long for the storage."""
    with WiredShop(tmp_path, lock_wait_s=20.0) as made:
        yield made


def test_a_request_that_is_under_way_is_finished_before_the_server_ends(shop):
    """Half of it was there when the server began to drain: it is answered, as the connection's last."""
    sent = reserve(shop)

    async def scenario():
        caller = await shop.connect()
        await caller.send(sent[:-9])
        await soon(lambda: metrics_of(shop).in_flight == 1)
        shop.server.finish()
        await refused(shop)
        await caller.send(sent[-9:])
        answer = await caller.rest()
        await shop.ended()
        return answer

    answer = shop.run(scenario())
    assert (status(answer), b"\r\nconnection: close\r\n" in answer) == (201, True)


def test_sixty_requests_in_flight_are_answered_when_the_server_is_stopped(shop):
    """All of them wait for the storage when it is told to finish."""

    async def scenario():
        with closing(Storage(shop)) as storage:
            asked = [asyncio.ensure_future(shop.ask_raw(reserve(shop))) for _ in range(60)]
            await soon(lambda: metrics_of(shop).in_flight == 60)
            shop.server.finish()
            await refused(shop)
            storage.release()
            answers = await asyncio.gather(*asked)
        await shop.ended()
        return answers

    assert [status(answer) for answer in shop.run(scenario())] == [201] * 60


def test_a_request_that_does_not_end_is_waited_for_no_longer_than_the_limit(tmp_path):
    """The server ends; the request is logged once its connection is gone."""
    with WiredShop(tmp_path, limits=Limits(grace_s=0.0)) as shop:

        async def scenario():
            caller = await shop.connect()
            await caller.send(reserve(shop)[:-9])
            await soon(lambda: metrics_of(shop).in_flight == 1)
            shop.server.finish()
            await shop.ended()
            assert metrics_of(shop).in_flight == 1
            await caller.hang_up()
            await soon(lambda: metrics_of(shop).in_flight == 0)

        shop.run(scenario())
    assert [line["status"] for line in shop.lines if line["event"] == "request"] == [499]


async def refused(shop):
    """Return once the port takes no new connections."""
    while True:
        try:
            caller = await shop.connect()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # just as the port was closed
        await caller.hang_up()
