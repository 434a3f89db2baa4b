"""A shop behind its real server on a loopback port, asked in raw bytes; in this process, so that a test can look at both ends."""

import asyncio
import contextlib
import itertools
import re
import socket
from functools import partial

from gateway_shop import Shop

from gateway.process.listen import Server, bind
from gateway.protocol import LaneProtocol

_DATE = re.compile(rb"\r\ndate: [^\r]*")
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n")


class WiredShop(Shop):
    """A shop that listens. `by_asgi` are the paths of those requests that did not go through the lane."""

    def __init__(self, folder, **settings):
        super().__init__(folder, itertools.repeat(1000.0).__next__, **settings)
        self.by_asgi = []
        self._listener = bind("127.0.0.1", 0)

        async def noted(scope, receive, send):
            self.by_asgi.append(scope["path"])
            await self.app(scope, receive, send)

        self.server = Server(noted, lambda: None, partial(LaneProtocol, self.lane), signals=())
        self._serving = None
        self._callers = []

    def __enter__(self):
        """Start to serve."""
        super().__enter__()
        self.run(self._start())
        return self

    def __exit__(self, *error):
        """End, unless a test has ended it."""
        for caller in self._callers:
            self.run(caller.hang_up())
        self.server.finish()
        self.run(self.ended())
        self._listener.close()
        super().__exit__(*error)

    async def ended(self):
        """Return once the server has ended."""
        await self._serving

    async def connect(self):
        """A connection."""
        caller = Caller(*await asyncio.open_connection(sock=await self._connected()))
        self._callers.append(caller)
        return caller

    async def ask_raw(self, *pieces):
        """The answer to one request on a connection of its own."""
        caller = await self.connect()
        for piece in pieces:
            await caller.send(piece)
        answer = await caller.answer()
        await caller.hang_up()
        return answer

    def request(self, path, body=b"{}", *lines, role="agent", key=None, drop=()):
        """The bytes of a good POST; `lines` are more header lines, `drop` the names of those that are left out."""
        head = {
            "Host": "gateway",
            "Authorization": f"Bearer {self.key(role)}",
            "Content-Type": "application/json",
            "Idempotency-Key": key or self.fresh(),
            "Content-Length": f"{len(body)}",
        }
        kept = [f"{name}: {value}" for name, value in head.items() if name.lower() not in drop]
        return "\r\n".join([f"POST {path} HTTP/1.1", *kept, *lines, "", ""]).encode("latin-1") + body

    async def _start(self):
        self._serving = asyncio.ensure_future(self.server.serve(sockets=[self._listener]))
        while not self.server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0)

    async def _connected(self):
        connection = socket.socket()
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, self._listener.getsockname())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


class Caller:
    """One connection's other end."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    async def send(self, piece):
        """Send some bytes, and let the server look at them."""
        self._writer.write(piece)
        await self._writer.drain()
        await asyncio.sleep(0)

    async def answer(self):
        """The next answer, whole, but for its date."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return _DATE.sub(b"", head) + await self._reader.readexactly(int(length[1]) if length else 0)

    async def rest(self):
        """Everything until the server hangs up."""
        return await self._reader.read()

    async def hang_up(self):
        """Close."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def soon(condition):
    """Return once it holds: the server runs in this very loop, and needs only to be let."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what a server has in hand has no event of its own
            await asyncio.sleep(0.001)


def status(answer):
    """An answer's status."""
    return int(answer.split(b" ", 2)[1])
