"""What the door and the bridge read of a request: its headers, and its body within a limit and a deadline."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # as the library documents them

from gateway.api.body import check_announced, too_large
from gateway.api.headers import Headers
from gateway.api.reply import Pairs
from gateway.errors import Code, Refusal, Refused

T = TypeVar("T")

_UNREADABLE = "\xff"
"""The value of a header that has none in ASCII: present, and valid nowhere."""

_LOOKS = 4
"""How often the timer looks at a body before its time is over."""

_LAST: Pairs = [("connection", "close")]


class ClientGone(Exception):
    """The client hung up before its request was complete."""


def headers_of(scope: Scope) -> Headers:
    """The request's headers. RSGI leaves out values that are not ASCII; whoever sent only such a value is refused for it."""
    sent = scope.headers
    headers = Headers(sent.items())
    if headers.distinct < len(sent):  # type: ignore[arg-type]  # the stub has no __len__: the number of names
        missing = [(name, _UNREADABLE) for name in set(sent.keys()) if headers.get(name) is None]
        headers = Headers([*headers.raw, *missing])
    return headers


class Body:
    """The body of one request: read by whoever serves it, or passed over before its answer leaves."""

    __slots__ = ("_announced", "_bodies", "_broken_off", "_headers", "_proto", "unread")

    def __init__(self, bodies: "Bodies", proto: HTTPProtocol, headers: Headers) -> None:
        self._bodies, self._proto, self._headers = bodies, proto, headers
        self._announced = headers.get("content-length")
        self._broken_off = False
        self.unread = self._announced is not None or headers.get("transfer-encoding") is not None

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises Refused (payload_too_large, request_timeout) or ClientGone. Trailer fields are never looked at.
        """
        if not self.unread:
            return b""
        self._broken_off = True
        check_announced(self._headers, limit)
        body = await self._bodies.in_time(_in_parts(self._proto, limit) if self._announced is None else self._proto())
        self.unread = False
        return body

    async def passed_over(self, limit: int) -> Pairs:
        """Let the body arrive, drop it, and give back what else the answer's head says.

        The HTTP library closes a connection on which an answer overtook the body of its request, and does not always announce
        it: the client's next request would be lost. So the connection stays open once the body is here, and otherwise ends.
        """
        try:
            if self._broken_off or self._headers.get("expect") is not None:  # what expects 100 is only sent if it is wanted
                return _LAST
            check_announced(self._headers, limit)
            await self._bodies.in_time(_drop(self._proto, limit))
        except (Refused, ClientGone):
            return _LAST
        return []


class Bodies:
    """Gives each body its `seconds`. One timer serves all of them: `asyncio.timeout` for each is a tenth of a replay."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._reading: dict[asyncio.Task[object], int] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def in_time(self, body: Awaitable[T]) -> T:
        """What `body` gives; raises Refused (request_timeout) or ClientGone."""
        task = asyncio.current_task()
        assert task is not None, "each request is a task"
        self._reading[task] = 0
        if self._timer is None:
            self._start_timer()
        try:
            return await body
        except ProtocolClosed:
            raise ClientGone from None
        except asyncio.CancelledError:
            if self._reading[task] < _LOOKS:
                raise
            task.uncancel()
            raise Refused(Refusal(Code.REQUEST_TIMEOUT, f"The body did not arrive within {self._seconds:g} seconds.")) from None
        finally:
            del self._reading[task]

    def _start_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds / _LOOKS, self._look)

    def _look(self) -> None:
        """End what has been seen as often as its time allows; look again while anything is being read."""
        self._timer = None
        for task in self._reading:
            self._reading[task] += 1
            if self._reading[task] == _LOOKS:
                task.cancel()
        if self._reading:
            self._start_timer()


async def _drop(proto: HTTPProtocol, limit: int) -> None:
    size = 0
    async for part in proto:
        size += len(part)
        if size > limit:
            raise too_large(limit)


async def _in_parts(proto: HTTPProtocol, limit: int) -> bytes:
    body = b""
    async for part in proto:
        body += part
        if len(body) > limit:
            raise too_large(limit)
    return body
