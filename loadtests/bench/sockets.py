"""Our own load generator: keep-alive connections on one event loop, each with one request in flight, like wrk."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from time import perf_counter_ns
from typing import cast

import httptools
import msgspec
import uvloop

from gates.schema.errors import UnknownProblem
from loadtests.bench.requests import Orders
from loadtests.bench.samples import Received
from loadtests.histogram import nearest_rank

HOST = "127.0.0.1"
_PATIENCE_S = 120.0
_SETUP_CONNECTIONS = 64


class Answer(msgspec.Struct, frozen=True):
    """One response: its place among the requests, its content, and its time."""

    index: int
    status: int
    body: bytes
    took_ns: int


class SocketGenerator:
    """The generator for machines without wrk; it needs a few times more CPU per request, on its own core."""

    name = "own generator (asyncio with uvloop)"

    def run(self, port: int, orders: Orders, connections: int, seconds: int) -> Received:
        """Keep `connections` requests in flight for `seconds`, or until there are no more."""
        took: list[int] = []
        refused = 0

        def note(answer: Answer) -> None:
            nonlocal refused
            took.append(answer.took_ns)
            refused += answer.status >= 400

        requests = cycle(orders.requests) if orders.cycle else iter(orders.requests)
        crew = _Crew(requests, note, keep_bodies=False)
        duration_ns = uvloop.run(crew.work(port, connections, seconds))
        ordered = sorted(took) or [0]
        p50, p99, p999 = (nearest_rank(ordered, rank) // 1000 for rank in (500, 990, 999))
        return Received(len(took), duration_ns // 1000, p50, p99, p999, refused, crew.broken, crew.dry)


def ask_all(port: int, requests: Sequence[bytes]) -> list[Answer]:
    """Send every request once, many at a time, outside any measurement; returns the responses in the requests' order.

    Raises UnknownProblem if a connection breaks.
    """
    found: list[Answer] = []
    crew = _Crew(iter(requests), found.append, keep_bodies=True)
    uvloop.run(crew.work(port, min(_SETUP_CONNECTIONS, max(len(requests), 1)), None))
    if len(found) != len(requests):
        raise UnknownProblem(f"of {len(requests)} requests that prepare a measurement {len(found)} were answered")
    return sorted(found, key=lambda answer: answer.index)


class _Crew:
    """The connections of one run, and the requests that they share."""

    def __init__(self, requests: Iterator[bytes], note: Callable[[Answer], None], *, keep_bodies: bool) -> None:
        self._requests, self.note, self.keep_bodies = enumerate(requests), note, keep_bodies
        self.dry, self.broken = False, 0
        self.over: asyncio.Event
        self.stopped = False

    async def work(self, port: int, connections: int, seconds: int | None) -> int:
        """Run until the time or the requests are used up; returns the nanoseconds."""
        self.over = asyncio.Event()
        loop = asyncio.get_running_loop()
        lanes = [_Lane(self) for _ in range(connections)]
        try:
            for lane in lanes:
                await loop.create_connection(lambda lane=lane: lane, HOST, port)  # type: ignore[misc]  # mypy cannot infer the default's type
        except OSError as error:
            raise UnknownProblem(f"the server does not accept connections: {error.strerror or error}") from None
        begun = perf_counter_ns()
        for lane in lanes:
            lane.send()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or _PATIENCE_S):
                if seconds is None:
                    await asyncio.gather(*(lane.idle.wait() for lane in lanes))
                else:
                    await self.over.wait()
        took = perf_counter_ns() - begun
        self.stopped = True
        for lane in lanes:
            lane.close()
        return took

    def next(self) -> tuple[int, bytes] | None:
        """The next request; None when there are no more."""
        found = next(self._requests, None)
        if found is None:
            self.dry = True
            self.over.set()
        return found


class _Lane(asyncio.Protocol):
    """One connection with at most one request in flight; httptools calls the `on_` methods."""

    def __init__(self, crew: _Crew) -> None:
        self._crew = crew
        self._transport: asyncio.Transport
        self.idle = asyncio.Event()
        self._parser = httptools.HttpResponseParser(self)
        self._index, self._begun, self._status, self._body = 0, 0, 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the same interface

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        if not self._crew.stopped and not self.idle.is_set():
            self._crew.broken += 1
        self.idle.set()

    def on_body(self, body: bytes) -> None:
        if self._crew.keep_bodies:
            self._body += body

    def on_message_complete(self) -> None:
        if self._crew.stopped:
            return
        self._crew.note(Answer(self._index, self._parser.get_status_code(), self._body, perf_counter_ns() - self._begun))
        self._body = b""
        self.send()

    def send(self) -> None:
        """Send the next request, or be idle."""
        found = self._crew.next()
        if found is None:
            self.idle.set()
            return
        self._index, request = found
        self._begun = perf_counter_ns()
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection, also with a request in flight."""
        self._transport.abort()
