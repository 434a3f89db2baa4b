"""A refusal that needs no body, and a body that comes later, or never: the next request of the connection is not lost."""

import pytest
from gateway_wire import PATH, WiredShop, reserve, soon, status

from gateway.settings import Limits

pytestmark = pytest.mark.process

BY = pytest.mark.parametrize(
    ("path", "refused"), [(PATH, 401), ("/v1/wallets", 401), ("/nowhere", 404)], ids=["door", "Litestar", "no route"]
)


def stranger(shop, path, body, *lines, **more):
    """A POST without a credential."""
    return shop.request(path, body, *lines, drop=("authorization", *more.pop("drop", ())), **more)


def decided(shop):
    """A list that grows by one with each request that is decided, whether its answer has left or not."""
    records, found = shop.made.door._records, []
    end = records.end
    records.end = lambda trail: (found.append(trail.path), end(trail))
    return found


def says_close(answer):
    """Whether an answer announces the end of its connection."""
    return b"\r\nconnection: close\r\n" in answer


@BY
def test_the_connection_outlives_a_refusal_that_was_decided_before_the_body_came(tmp_path, path, refused):
    """The answer waits for the body, so the next request finds the connection open."""
    with WiredShop(tmp_path) as shop:
        ended = decided(shop)

        async def scenario():
            caller = await shop.connect()
            sent = stranger(shop, path, b'{"amount":"1"}')
            await caller.send(sent[:-14])
            await soon(lambda: ended == [path])
            await caller.send(sent[-14:])
            first = await caller.answer()
            await caller.send(reserve(shop))
            return first, await caller.answer()

        first, second = shop.run(scenario())
    assert (status(first), says_close(first)) == (refused, False)
    assert (status(second), says_close(second)) == (201, False)


@BY
def test_the_refusal_ends_the_connection_where_the_body_does_not_come_in_time(tmp_path, path, refused):
    """It is the refusal all the same, and says that nothing more is read."""
    with WiredShop(tmp_path, limits=Limits(body_s=0.2)) as shop:

        async def scenario():
            caller = await shop.connect()
            await caller.send(stranger(shop, path, b"{}")[:-1])
            return await caller.rest()

        answer = shop.run(scenario())
    assert (status(answer), says_close(answer)) == (refused, True)


@BY
@pytest.mark.parametrize("chunked", [False, True])
def test_no_more_than_the_limit_is_passed_over(tmp_path, path, refused, chunked):
    """A stranger's endless body is not read to its end, whether its length was announced or not."""
    with WiredShop(tmp_path, body_limit=1000) as shop:

        async def scenario():
            caller = await shop.connect()
            if chunked:
                body = b"7d1\r\n%b\r\n" % (b" " * 2001)
                await caller.send(stranger(shop, path, body, "Transfer-Encoding: chunked", drop=["content-length"]))
            else:
                await caller.send(stranger(shop, path, b" " * 2001)[:-2001])
            return await caller.rest()

        answer = shop.run(scenario())
    assert (status(answer), says_close(answer)) == (refused, True)


@BY
def test_a_client_that_asks_before_it_sends_a_body_is_refused_at_once(tmp_path, path, refused):
    """Nobody wants that body: no 100, and the connection ends, since the client may send it or not."""
    with WiredShop(tmp_path) as shop:

        async def scenario():
            caller = await shop.connect()
            await caller.send(stranger(shop, path, b"{}", "Expect: 100-continue")[:-2])
            return await caller.rest()

        answer = shop.run(scenario())
    assert (answer.count(b"HTTP/1.1 "), status(answer), says_close(answer)) == (1, refused, True)
