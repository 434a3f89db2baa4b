"""The simulated rail inside the caller's process, for tests and simulations: the same adapter, the same script, no sockets."""

import asyncio
from pathlib import Path

import httpx

from gateway.clock import Clock
from gateway.ids import Ids
from gateway.rail.http import HttpRail
from gateway.rail.simulator.app import Answer, Request, Simulator
from gateway.rail.simulator.book import Book
from gateway.rail.simulator.script import Script
from gateway.rail.simulator.webhooks import Messenger


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Carries requests to a simulator by function call; a dropped connection is one here, too.

    With `refused` set nothing gets through, as if nobody listened.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.refused = False
        self._simulator = simulator
        self._under_way: set[asyncio.Task[Answer]] = set()

    async def quiet(self) -> None:
        """Return once every request has had its effect, those too whose caller has given up."""
        await asyncio.gather(*self._under_way)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if self.refused:
            raise httpx.ConnectError("connection refused", request=request)
        key = request.headers.get("idempotency-key", "")
        query = request.url.query.decode("ascii")
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        received = Request(request.method, path, query, key, await request.aread())
        read_s = request.extensions.get("timeout", {}).get("read")
        task = asyncio.get_running_loop().create_task(self._simulator.answer(received))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            answer = await asyncio.wait_for(asyncio.shield(task), read_s)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        if answer.status is None:
            raise httpx.ReadError("connection reset", request=request)
        return httpx.Response(answer.status, headers={"content-type": answer.media_type}, content=answer.body, request=request)


class SimulatedRail(HttpRail):
    """A rail with its book in `book`. `simulator`, `book` and `transport` are there to be looked at and played with."""

    def __init__(self, book: Path, script: Script, clock: Clock, ids: Ids, answer_s: float) -> None:
        self.book = Book(book)
        self.simulator = Simulator(self.book, script, Messenger(ids, None, None), clock, ids)
        self.transport = SimulatorTransport(self.simulator)
        super().__init__("http://rail", answer_s=answer_s, transport=self.transport)

    async def close(self) -> None:
        """Close the client, the simulator and the book."""
        await super().close()
        await self.simulator.close()
        self.book.close()
