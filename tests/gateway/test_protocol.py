"""What one connection does beside uvicorn's own: one write an answer, and one timer for all its requests."""

import asyncio

import uvicorn
from uvicorn.server import ServerState

from gateway.protocol import JoinedWrites, LaneProtocol

KEEP_ALIVE_S = 5


class Wire:
    """A transport that notes what reaches it."""

    def __init__(self):
        self.written, self.closed = [], False

    def write(self, data):
        """One system call."""
        self.written.append(data)

    def close(self):
        """Nothing can be written from now on."""
        self.closed = True

    def is_closing(self):
        """Whether that is so."""
        return self.closed

    def get_extra_info(self, name):
        """Something that is passed on."""
        return name if name == "peername" else None


def written(use):
    """What reaches the wire when `use` was called with the joined one and the loop has come round."""

    async def work():
        wire = Wire()
        use(JoinedWrites(wire, asyncio.get_running_loop()))
        await asyncio.sleep(0)
        return wire

    return asyncio.run(work())


def test_head_and_body_leave_in_one_write():
    """In their order; the rest of a transport is as it was."""

    def use(joined):
        joined.write(b"head ")
        joined.write(b"body")
        assert joined.get_extra_info("peername") == "peername"
        assert not joined.is_closing()

    assert written(use).written == [b"head body"]


def test_what_was_written_leaves_before_the_connection_closes():
    """And only once."""

    def use(joined):
        joined.write(b"last words")
        joined.close()

    wire = written(use)
    assert (wire.written, wire.closed) == ([b"last words"], True)


def test_nothing_is_written_to_a_connection_that_is_gone():
    """The caller hung up while the answer was being made."""

    def use(joined):
        joined.write(b"too late")
        joined._transport.closed = True

    assert written(use).written == []


class HandLoop:
    """A loop whose time is set by hand; `timers` are what it was asked to call, and when."""

    def __init__(self):
        self.now, self.timers = 100.0, []

    def time(self):
        """Seconds."""
        return self.now

    def call_soon(self, work):
        """At once is soon."""
        work()

    def call_later(self, seconds, work):
        """When the hand gets there."""
        timer = Timer(self.now + seconds, work)
        self.timers.append(timer)
        return timer

    def move(self, seconds):
        """Time passes, and what is due is called."""
        self.now += seconds
        due = [timer for timer in self.timers if timer.at <= self.now]
        self.timers = [timer for timer in self.timers if timer.at > self.now]
        for timer in due:
            if not timer.cancelled:
                timer.work()


class Timer:
    """One call that is to come."""

    def __init__(self, at, work):
        self.at, self.work, self.cancelled = at, work, False

    def cancel(self):
        """It is not to come."""
        self.cancelled = True


async def no_app(scope, receive, send):
    """Never asked."""


def answered(loop):
    """A connection on which one request was answered, and its wire."""
    config = uvicorn.Config(no_app, ws="none", lifespan="off", log_config=None, timeout_keep_alive=KEEP_ALIVE_S)
    protocol = LaneProtocol(None, config, ServerState(), {}, loop)
    wire = Wire()
    protocol.connection_made(wire)
    again(protocol)
    return protocol, wire


def again(protocol):
    """A request comes, and is answered."""
    protocol.data_received(b"\r\n")
    protocol.on_response_complete()


def test_an_idle_connection_is_closed_when_it_was_idle_for_so_long():
    """Neither earlier nor later."""
    loop = HandLoop()
    _, wire = answered(loop)
    loop.move(KEEP_ALIVE_S - 0.1)
    assert not wire.closed
    loop.move(0.1)
    assert wire.closed


def test_a_busy_connection_has_one_timer_and_stays_open():
    """A thousand requests, none of them long after the one before."""
    loop = HandLoop()
    protocol, wire = answered(loop)
    for _ in range(1000):
        loop.move(KEEP_ALIVE_S * 0.7)
        again(protocol)
        assert len(loop.timers) == 1
    assert not wire.closed
    loop.move(KEEP_ALIVE_S * 0.9)
    assert not wire.closed
    loop.move(KEEP_ALIVE_S * 0.1)
    assert wire.closed


def test_a_connection_is_not_idle_while_a_request_is_under_way():
    """However long it takes; idle time counts from its answer."""
    loop = HandLoop()
    protocol, wire = answered(loop)
    protocol.data_received(b"POST")
    loop.move(KEEP_ALIVE_S * 10)
    assert (wire.closed, loop.timers) == (False, [])
    protocol.on_response_complete()
    loop.move(KEEP_ALIVE_S)
    assert wire.closed


def test_a_connection_that_is_gone_has_no_timer():
    """There is nobody left to hang up on."""
    loop = HandLoop()
    protocol, _ = answered(loop)
    protocol.connection_lost(None)
    assert [timer.cancelled for timer in loop.timers] == [True]
