"""The HTTP protocol of one connection: uvicorn's, with the lane beside it, one write an answer and one timer a connection."""

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.api.headers import Headers
from gateway.api.reply import Reply
from gateway.lane import Lane, LaneCall


class JoinedWrites:
    """A transport that sends what is written within one turn of the event loop at once.

    Uvicorn writes an answer's head and its body apart, and the loop sends each as it comes: two system calls, and a reader that
    is woken twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._call_soon = transport, loop.call_soon
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send `data` soon."""
        if not self._held:
            self._call_soon(self._flush)
        self._held.append(data)

    def write_whole(self, data: bytes) -> None:
        """Send `data`, a whole answer, after what was written before."""
        if self._held:
            self._flush()
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is gone; asked after each answer, and `__getattr__` is slow."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._held:
            data, self._held = b"".join(self._held), []
            if not self._transport.is_closing():
                self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class LaneProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which asks the lane first."""

    def __init__(
        self,
        lane: Lane,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._lane = lane
        self._call: LaneCall | None = None
        self._idle_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A caller has connected."""
        self._wire = JoinedWrites(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self._wire))

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def on_message_begin(self) -> None:
        """A request begins; what ASGI wants to know of it is put together where ASGI is asked."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """The head is there: it is the lane's, or goes the way of every other request."""
        cycle = self.cycle
        free = cycle is None or cycle.response_complete
        if free and cycle is not None and not cycle.keep_alive:
            return  # the connection is being closed: what the same bytes held behind its last request is not executed
        chosen = self._lane.choose(self.url) if free and self.parser.get_method() == b"POST" else None
        if chosen is not None:
            sent, keep_alive = Headers(self.headers), self.parser.should_keep_alive()
            if self._is_plain(sent, keep_alive):
                self._call = call = LaneCall(self._lane, self, chosen, self.url, sent, keep_alive)
                self.cycle = cast("RequestResponseCycle", call)
                call.begin()
                return
        self._ask_asgi()

    def _is_plain(self, sent: Headers, keep_alive: bool) -> bool:
        # Kept without a word about it is only HTTP/1.1; the parser takes a microsecond to spell the version out.
        is_1_1 = (keep_alive and sent.get(b"connection") is None) or self.parser.get_http_version() == "1.1"
        return (
            is_1_1
            and not self.expect_100_continue
            and not self.flow.write_paused  # a caller who reads no answers has to wait, as ASGI makes it
            and self.limit_concurrency is None
            and not self.parser.should_upgrade()
        )

    def _ask_asgi(self) -> None:
        self._call = None
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body of the request whose head came last."""
        if self._call is None:
            super().on_body(body)
        else:
            self._call.take(body)

    def on_message_complete(self) -> None:
        """Its end."""
        if self._call is None:
            super().on_message_complete()
        else:
            self._call.ask()

    def answer(self, reply: Reply, more: bytes, *, keep_alive: bool) -> None:
        """Send a whole answer; then wait for the next request, or close."""
        first = self._lane.default_lines(self.server_state.default_headers)
        last = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        self._wire.write_whole(b"".join((STATUS_LINE[reply.status], first, reply.lines, more, last, reply.body)))
        if not keep_alive:
            self._wire.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """An answer was sent: begin with the next request that is here, or note since when there is none.

        Uvicorn starts a timer after each answer and cancels it with the next request; here one looks at what was noted.
        """
        self.server_state.total_requests += 1
        if self._wire.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_after(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _look_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for so long; for one that has not, look again when it may have been."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # the next answer brings the next look
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_after(left)
        else:
            super().timeout_keep_alive_handler()
