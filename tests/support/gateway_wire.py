"""A shop behind its real server on a loopback port, called in raw bytes, in the test's own process."""

import asyncio
import contextlib
import itertools
import re
import socket
import sqlite3

from gateway_shop import Shop

from gateway.process.listen import hold_port
from gateway.server.http import HttpServer

BODY = b'{"wallet_id":"%b","payee_id":"%b","amount":"1250","currency":"USD"}'
PATH = "/v1/payments"

_DATE = re.compile(rb"\r\ndate: [^\r]*")
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n")


class WiredShop(Shop):
    """A shop that listens. `passed_on` are the paths of those requests that the door did not serve itself.

    Without the door all requests go to Litestar.
    """

    def __init__(self, folder, *, with_door=True, **settings):
        super().__init__(folder, itertools.repeat(1000.0).__next__, **settings)
        self.passed_on = []
        bridge = self.made.bridge

        async def noted(scope, proto):
            self.passed_on.append(scope.path)
            await bridge(scope, proto)

        self.made.door._others = noted
        self._held = hold_port("127.0.0.1", 0)
        self._address = self._held.getsockname()
        self.server = HttpServer(self.made.door if with_door else noted, self._held, self.settings.limits, self.log)
        self._callers = []

    def __enter__(self):
        """Start to serve."""
        super().__enter__()
        self.run(self.server.start())
        return self

    def __exit__(self, *error):
        """End, unless a test has ended it."""
        for caller in self._callers:
            self.run(caller.hang_up())
        self.server.finish()
        self.run(self.ended())
        super().__exit__(*error)

    async def ended(self):
        """Return once the server has ended."""
        await self.server.ended()

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

    async def _connected(self):
        connection = socket.socket()
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, self._address)
        except OSError:
            connection.close()
            raise
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


def reserve(shop, *lines, key=None, path=PATH, **more):
    """A good reserve."""
    body = BODY % (shop.demo.wallet_id.encode(), shop.demo.payee_ids[0].encode())
    return shop.request(path, body, *lines, key=key, **more)


class Storage:
    """The storage, held by another program until it is released."""

    def __init__(self, shop):
        self._other = sqlite3.connect(shop.settings.db, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def release(self):
        """Let go."""
        self._other.execute("ROLLBACK")

    def close(self):
        """Done."""
        self._other.close()


def metrics_of(shop):
    """The gateway's numbers, without a request."""
    return shop.made.door._records._metrics
