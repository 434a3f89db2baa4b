"""The door over a connection: what it serves and what it passes on, and clients that are slow, hasty or gone."""

import asyncio
from contextlib import closing

import pytest
from gateway_wire import BODY, PATH, Storage, WiredShop, metrics_of, reserve, soon, status

from gateway.api.mutations import Intake
from gateway.routes import RESERVE, REVERSE, SETTLE
from gateway.server.door import Door

pytestmark = pytest.mark.process


@pytest.fixture
def shop(tmp_path):
    """A gateway that listens, and waits long for the storage."""
    with WiredShop(tmp_path, lock_wait_s=20.0) as made:
        yield made


def in_flight(shop):
    """How many requests are being worked on, but for the one that asks."""
    lines = shop.ask("GET", "/metrics", None).text.splitlines()
    return next(int(line.split()[1].partition(".")[0]) for line in lines if line.startswith("gateway_in_flight ")) - 1


def payments(shop):
    """How many there are."""
    return len(shop.ask("GET", PATH).json()["items"])


@pytest.mark.parametrize(
    ("path", "route", "ids"),
    [
        ("/v1/payments", RESERVE, ()),
        ("/v1/payments/pay_1/settle", SETTLE, ("pay_1",)),
        ("/v1/payments/pay_1/reverse", REVERSE, ("pay_1",)),
        ("/v1/payments//settle", SETTLE, ("",)),  # is refused: no id
    ],
)
def test_the_door_serves_reserve_settle_and_reverse(path, route, ids):
    """With the payment's id as it stands in the path."""
    intake, found = door().choose(path)
    assert (intake.route, found) == (route, ids)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/settle",
        "/v1/payments/",
        "/v1/payments?",
        "/v1/payments/pay_1",
        "/v1/payments/settle",
        "/v1/payments/pay_1/settle/",
        "/v1/payments/pay_1/settle?",
        "/v1/payments/pay_1/settle\n",
        "/v1/payments/pay_1#/settle",
        "/v1/payments/pay_\xe9/settle",
        "/v1/payments/pay_1/approve",
        "/v1/payments/pay_1/of/settle",
        "/v1/paymentspay_1/settle",
        "/v1/payouts/pyo_1/settle",
        "//v1/payments/pay_1/settle",
    ],
)
def test_the_door_passes_all_other_paths_on(path):
    """What is nearly such a path, too."""
    assert door().choose(path) is None


def door():
    """A door that is used for its choice alone."""
    return Door(None, None, {route: Intake(route, None, 0, None) for route in (RESERVE, SETTLE, REVERSE)}, None, None)


def test_a_client_that_expects_100_is_answered_twice(shop):
    """Continue, then the answer."""

    async def scenario():
        caller = await shop.connect()
        sent = reserve(shop, "Expect: 100-continue")
        head = sent.index(b"\r\n\r\n") + 4
        await caller.send(sent[:head])
        first = await caller.answer()
        await caller.send(sent[head:])
        return [status(first), status(await caller.answer())]

    assert shop.run(scenario()) == [100, 201]


def test_http_1_0_is_answered_and_closed(shop):
    """It has no connection to keep."""

    async def scenario():
        caller = await shop.connect()
        await caller.send(reserve(shop).replace(b"HTTP/1.1", b"HTTP/1.0"))
        return await caller.rest()

    assert status(shop.run(scenario())) == 201


def test_a_request_may_come_in_any_pieces(shop):
    """Each byte in a segment of its own."""
    sent = reserve(shop)
    answer = shop.run(shop.ask_raw(*(sent[at : at + 1] for at in range(len(sent)))))
    assert (status(answer), shop.passed_on) == (201, [])


def test_what_is_sent_ahead_is_answered_in_order(shop):
    """Three in one segment, then another."""
    keys = [shop.fresh() for _ in range(4)]

    async def scenario():
        caller = await shop.connect()
        await caller.send(b"".join(reserve(shop, key=key) for key in keys[:3]))
        answers = [await caller.answer() for _ in keys[:3]]
        await caller.send(reserve(shop, key=keys[3]))
        return [*answers, await caller.answer()]

    answers = shop.run(scenario())
    assert [status(answer) for answer in answers] == [201] * 4
    assert [f"idempotency-key: {key}\r\n".encode() in answer for key, answer in zip(keys, answers, strict=True)] == [True] * 4
    assert shop.passed_on == []


def test_refusals_that_need_nobody_keep_their_order_too(shop):
    """A read by Litestar, then three refusals by the door, in one segment."""

    async def scenario():
        caller = await shop.connect()
        bad = [shop.request(PATH, b"", f"X-Request-Id: bad-{number}") for number in range(3)]
        await caller.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await caller.answer()
        await caller.send(b"".join(bad))
        return [first, *[await caller.answer() for _ in bad]]

    first, *others = shop.run(scenario())
    assert status(first) == 200
    assert [b"bad-%d" % number in answer for number, answer in enumerate(others)] == [True] * 3
    assert shop.passed_on == ["/healthz"]


@pytest.mark.parametrize("refused", [True, False])
def test_nothing_is_executed_behind_the_last_request_of_a_connection(shop, refused):
    """Whoever says `Connection: close` gets one answer, and what stood behind it in the same bytes never was asked."""

    async def scenario():
        caller = await shop.connect()
        last = shop.request(PATH, b"", "Connection: close") if refused else reserve(shop, "Connection: close")
        await caller.send(last + reserve(shop))
        return await caller.rest()

    answer = shop.run(scenario())
    assert (answer.count(b"HTTP/1.1 "), b"\r\nconnection: close\r\n" in answer) == (1, True)
    assert payments(shop) == (0 if refused else 1)


def test_a_caller_who_is_gone_in_the_middle_of_a_body_is_counted_and_nothing_comes_of_it(shop):
    """The log says 499."""

    async def scenario():
        caller = await shop.connect()
        await caller.send(reserve(shop)[:-9])
        await soon(lambda: metrics_of(shop).in_flight == 1)
        await caller.hang_up()
        await soon(lambda: metrics_of(shop).in_flight == 0)

    shop.run(scenario())
    assert (in_flight(shop), payments(shop)) == (0, 0)
    shop.log.close()
    assert [(line["status"], line["route"]) for line in shop.lines if line["method"] == "POST"] == [(499, PATH)]


def test_a_caller_who_does_not_wait_for_the_answer_finds_it_under_the_key(shop):
    """The effect stands, and the log has the status that was decided."""
    key = shop.fresh()

    async def scenario():
        with closing(Storage(shop)) as storage:
            caller = await shop.connect()
            await caller.send(reserve(shop, key=key))
            await soon(lambda: shop.engine.held_up)
            await caller.hang_up()
            storage.release()
            await soon(lambda: metrics_of(shop).in_flight == 0)
        return await shop.ask_raw(reserve(shop, key=key))

    again = shop.run(scenario())
    assert (status(again), b"idempotent-replayed: true" in again) == (201, True)
    shop.log.close()
    assert [line["status"] for line in shop.lines] == [201, 201]


def test_two_requests_of_one_key_at_once_are_one(shop):
    """One is decided, one repeated; while the first is held up the second hears so, unless it would wait."""
    key = shop.fresh()

    async def scenario():
        merely_queued = await asyncio.gather(*(shop.ask_raw(reserve(shop, key=key)) for _ in range(8)))
        other = shop.fresh()
        with closing(Storage(shop)) as storage:
            first = asyncio.ensure_future(shop.ask_raw(reserve(shop, key=other)))
            await soon(lambda: shop.engine.held_up)
            refused = await shop.ask_raw(reserve(shop, key=other))
            waiting = asyncio.ensure_future(shop.ask_raw(reserve(shop, "Prefer: wait=20", key=other)))
            await soon(lambda: metrics_of(shop).in_flight == 2)
            storage.release()
            return merely_queued, refused, await first, await waiting

    queued, refused, first, waited = shop.run(scenario())
    assert [status(answer) for answer in queued] == [201] * 8
    assert [b"idempotent-replayed: false" in answer for answer in queued].count(True) == 1
    assert len({answer.partition(b"\r\n\r\n")[2] for answer in queued}) == 1
    assert (status(refused), b"idempotency_in_flight" in refused) == (409, True)
    assert first.partition(b"\r\n\r\n")[2] == waited.partition(b"\r\n\r\n")[2]
    assert (b"idempotent-replayed: false" in first, b"idempotent-replayed: true" in waited) == (True, True)
    assert shop.passed_on == []


def test_what_no_caller_may_put_into_a_header_of_the_answer(shop):
    """A line break ends the request's own line, so nothing of it comes back; other control characters make no key and no id."""

    async def scenario():
        split = await shop.ask_raw(reserve(shop, "X-Request-Id: mine\r\nInjected: yes"))
        bare = await shop.ask_raw(reserve(shop, "X-Request-Id: mine\x0binjected"))
        return split, bare, await shop.ask_raw(reserve(shop, key="sixteen\x0bcharacters"))

    for answer in shop.run(scenario()):
        assert b"njected" not in answer
        assert b"\x0b" not in answer


def test_a_body_larger_than_the_server_reads_ahead_is_taken_where_it_is_allowed(tmp_path):
    """The limit is the operator's; reading goes on until it is reached."""
    with WiredShop(tmp_path, body_limit=1_000_000) as shop:
        body = BODY % (shop.demo.wallet_id.encode(), shop.demo.payee_ids[0].encode())
        sent = shop.request(PATH, body + b" " * 500_000)
        answer = shop.run(shop.ask_raw(*(sent[at : at + 50_000] for at in range(0, len(sent), 50_000))))
        assert (status(answer), shop.passed_on) == (201, [])


def test_a_body_that_is_broken_off_is_not_executed(shop):
    """The whole object was sent, but fewer bytes than announced."""
    sent = reserve(shop).replace(b"Content-Length: ", b"Content-Length: 1")

    async def scenario():
        caller = await shop.connect()
        await caller.send(sent)
        await soon(lambda: metrics_of(shop).in_flight == 1)
        await caller.hang_up()
        await soon(lambda: metrics_of(shop).in_flight == 0)

    shop.run(scenario())
    assert payments(shop) == 0
