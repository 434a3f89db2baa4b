"""What the door and the bridge read of a request: its headers, and its body within a limit and a deadline."""

import asyncio
from collections.abc import Awaitable

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # as the library documents them

from gateway.api.body import check_announced, too_large
from gateway.api.headers import Headers
from gateway.errors import Code, Refusal, Refused

_UNREADABLE = "\xff"
"""The value of a header that has none in ASCII: present, and valid nowhere."""

_LOOKS = 4
"""How often the timer looks at a body before its time is over."""


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


class Bodies:
    """Reads bodies, each within `seconds`. One timer serves all of them: `asyncio.timeout` for each is a tenth of a replay."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._reading: dict[asyncio.Task[object], int] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, proto: HTTPProtocol, headers: Headers, limit: int) -> bytes:
        """The whole body.

        Raises Refused (payload_too_large, request_timeout) or ClientGone. Trailer fields are never looked at.
        """
        announced = headers.get("content-length")
        if announced is None and headers.get("transfer-encoding") is None:
            return b""
        check_announced(headers, limit)
        return await self._in_time(_in_parts(proto, limit) if announced is None else proto())

    async def _in_time(self, body: Awaitable[bytes]) -> bytes:
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


async def _in_parts(proto: HTTPProtocol, limit: int) -> bytes:
    body = b""
    async for part in proto:
        body += part
        if len(body) > limit:
            raise too_large(limit)
    return body
