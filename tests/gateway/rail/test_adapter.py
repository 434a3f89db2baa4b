"""What the adapter makes of each thing that a rail, or something in front of it, may answer."""

import asyncio
import socket

import httpx
import idle_clock
import msgspec
import pytest

from gateway.rail.http import HttpRail
from gateway.rail.port import RailOutcome, Wanted

HANG_S = 60.0
"""The kernel refuses at once; this only ends a test that hangs."""

KEY = "gng_0123456789"
CHARGE = {"rail_id": "chg_1", "key": KEY, "payee": "pye_1", "amount": "1000", "currency": "USD", "status": "succeeded"}


def ask(handler, call):
    """The adapter's answer when the rail behaves like `handler`."""

    async def whole():
        rail = HttpRail("http://rail", answer_s=0.05, transport=httpx.MockTransport(handler))
        try:
            return await call(rail)
        finally:
            await rail.close()

    return idle_clock.run(whole())


def create(rail):
    """A charge."""
    return rail.create(KEY, "pye_1", 1000, "USD")


def look_up(rail):
    """A question."""
    return rail.look_up(KEY)


def says(status, body):
    """A rail that always answers this."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return lambda _: httpx.Response(status, content=content)


def raises(error):
    """A connection that ends like this."""

    def handler(request):
        raise error("x", request=request)

    return handler


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_clear_success_is_one(status):
    """With the charge's id."""
    result = ask(says(status, CHARGE), create)
    assert (result.outcome, result.rail_id) == (RailOutcome.SUCCEEDED, "chg_1")


def test_a_clear_failure_carries_its_reason():
    """Whether it is told at once or asked for."""
    for call in (create, look_up):
        result = ask(says(200, CHARGE | {"status": "failed", "reason": "account_closed"}), call)
        assert (result.outcome, result.detail) == (RailOutcome.FAILED, "account_closed")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_never_left_is_not_sent(error):
    """Nobody listened: the same key may be tried again."""
    assert ask(raises(error), create).outcome is RailOutcome.NOT_SENT


UNCLEAR = {
    "a reset": raises(httpx.ReadError),
    "a write that broke": raises(httpx.WriteError),
    "a silence": raises(httpx.ReadTimeout),
    "a closed connection": raises(httpx.RemoteProtocolError),
    "500": says(500, b"oops"),
    "502 with the charge in it": says(502, CHARGE),
    "503": says(503, {"error": "busy"}),
    "a redirect": lambda _: httpx.Response(307, headers={"location": "http://elsewhere/charges"}),
    "404 of a proxy": says(404, b"<html>not found</html>"),
    "404 about another key": says(404, {"error": "never_seen", "key": "other"}),
    "400": says(400, {"error": "invalid_request"}),
    "409": says(409, {"error": "key_reused"}),
    "429": says(429, {"error": "slow down"}),
    "200 with half a body": says(200, msgspec.json.encode(CHARGE)[:40]),
    "200 with no body": says(200, b""),
    "200 that is not UTF-8": says(200, b'{"rail_id": "\xff"}'),
    "200 with a status that nobody knows": says(200, CHARGE | {"status": "perhaps"}),
    "200 about another key": says(200, CHARGE | {"key": "other"}),
}


@pytest.mark.parametrize("handler", UNCLEAR.values(), ids=UNCLEAR.keys())
@pytest.mark.parametrize("call", [create, look_up])
def test_whatever_is_not_a_clear_word_about_this_charge_is_unknown(call, handler):
    """Never failed, never never seen: a guess either way costs somebody money."""
    assert ask(handler, call).outcome is RailOutcome.UNKNOWN


@pytest.mark.parametrize("change", [{"payee": "pye_2"}, {"amount": "1001"}, {"currency": "EUR"}])
def test_a_charge_that_is_not_the_one_asked_for_is_unknown(change):
    """Another payee, amount or currency is no confirmation."""
    assert ask(says(200, CHARGE | change), create).outcome is RailOutcome.UNKNOWN


@pytest.mark.parametrize("wanted", [Wanted("pye_2", 1000, "USD"), Wanted("pye_1", 1001, "USD"), Wanted("pye_1", 1000, "EUR")])
def test_a_charge_found_under_the_key_that_is_not_the_wanted_one_is_unknown(wanted):
    """After a restore the same key can come with another amount; the rail's charge then says nothing about this payout."""
    assert ask(says(200, CHARGE), lambda rail: rail.look_up(KEY, wanted)).outcome is RailOutcome.UNKNOWN
    assert ask(says(200, CHARGE), lambda rail: rail.look_up(KEY, Wanted("pye_1", 1000, "USD"))).outcome is RailOutcome.SUCCEEDED


def test_pending_is_an_answer_to_a_question_and_unknown_to_a_charge():
    """The rail has it, and has not decided."""
    pending = says(200, CHARGE | {"status": "pending"})
    assert ask(pending, look_up).outcome is RailOutcome.PENDING
    assert (ask(pending, create).outcome, ask(pending, create).rail_id) == (RailOutcome.UNKNOWN, "chg_1")


def test_never_seen_is_the_rails_own_word():
    """A 404 that names the key and says so."""
    assert ask(says(404, {"error": "never_seen", "key": KEY}), look_up).outcome is RailOutcome.NEVER_SEEN


def test_a_rail_that_dribbles_does_not_hold_a_call_beyond_its_time():
    """Each byte comes in time and the whole does not: the call ends, and the outcome is unknown."""

    async def handler(request):
        await asyncio.sleep(10)
        return httpx.Response(200)

    assert ask(handler, create).outcome is RailOutcome.UNKNOWN


@pytest.mark.process
def test_a_closed_port_is_not_sent_for_real():
    """The kernel's own refusal, not a made-up one: the port is taken, and nobody listens."""

    async def whole(port):
        rail = HttpRail(f"http://127.0.0.1:{port}", answer_s=HANG_S, connect_s=HANG_S)
        try:
            return await create(rail)
        finally:
            await rail.close()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert asyncio.run(whole(taken.getsockname()[1])).outcome is RailOutcome.NOT_SENT
