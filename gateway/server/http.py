"""The HTTP server of one process: granian, embedded in this process's event loop, behind limits."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # as the library documents them
from granian.server.embed import Server

from gateway.errors import StartProblem
from gateway.process.listen import cut_off_unread, open_port
from gateway.server.connections import room_for, watch_connections
from gateway.settings import Limits
from gateway.telemetry.access_log import AccessLog

RsgiApp = Callable[[Scope, HTTPProtocol], Awaitable[None]]

_BACKLOG = 2048
"""Connections that may wait at the port."""


class HttpServer:
    """Serves an RSGI application on the port that `held` keeps. The library's interface for embedding, and nothing below it."""

    def __init__(self, app: RsgiApp, held: socket.socket, limits: Limits, log: AccessLog) -> None:
        self.__rsgi__ = app
        self._held, self._limits, self._log = held, limits, log
        self._listening, self._finishing = asyncio.Event(), asyncio.Event()
        self._server: Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by the library in the turn of the loop in which it begins to listen."""
        loop.call_soon(self._listening.set)

    async def start(self) -> None:
        """Return once it listens; raises StartProblem."""
        open_port(self._held)
        most = room_for(self._limits.connections)
        self._server = self._embedded(most)
        loop = asyncio.get_running_loop()
        serving, listening = loop.create_task(self._server.serve()), loop.create_task(self._listening.wait())
        await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if serving.done():
            raise StartProblem(f"the HTTP server did not start: {serving.exception()}")
        cut_off_unread(self._held, self._limits.unread_s)
        self._held.close()
        self._tasks = [serving, loop.create_task(watch_connections(most, self._log))]
        if self._finishing.is_set():
            self._server.stop()  # type: ignore[no-untyped-call]  # the library types it nowhere

    def finish(self) -> None:
        """Take no new connections, close those that are idle, answer what is in flight. May be called before `start`."""
        self._finishing.set()
        if self._server is not None:
            self._server.stop()  # type: ignore[no-untyped-call]  # the library types it nowhere

    async def ended(self) -> None:
        """Return when everything in flight is answered, at the latest `grace_s` after `finish`."""
        serving, watching = self._tasks
        finishing = asyncio.get_running_loop().create_task(self._finishing.wait())
        await asyncio.wait({serving, finishing}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        if not self._finishing.is_set():
            finishing.cancel()
            raise RuntimeError("the HTTP server ended by itself")
        await asyncio.wait({serving}, timeout=self._limits.grace_s)

    def _embedded(self, most: int) -> Server:
        host, port = self._held.getsockname()[:2]
        head_ms = round(self._limits.head_s * 1000)
        return Server(
            self,
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=most,
            http1_settings=HTTP1Settings(header_read_timeout=head_ms, max_buffer_size=self._limits.head_bytes),
            log_enabled=False,
        )
