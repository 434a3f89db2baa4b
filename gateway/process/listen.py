"""The HTTP server of one process: its address, its signals and how it says that it is ready."""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Generator
from typing import cast

import uvicorn
from litestar.types import ASGIApp

from gateway.errors import StartProblem

GRACE_S = 10
"""Seconds that requests in flight get to finish after SIGTERM; none takes that long unless its caller is gone."""

_TRIES, _BETWEEN_TRIES_S = 20, 0.05

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Uvicorn, but for two things: it says when it is ready, and it ends with 0 after a signal that it obeyed."""

    def __init__(
        self,
        app: ASGIApp,
        on_ready: Callable[[], None],
        http: Callable[..., asyncio.Protocol],
        signals: Collection[signal.Signals] = SIGNALS,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=cast("type[asyncio.Protocol]", http),  # it is called, and nothing else
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # who is calling is told by the key, never by X-Forwarded-For
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._on_ready, self._signals = on_ready, signals

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Uvicorn's, which cancels the tasks that are not done in time; a request without one is cut off, and logged."""
        await super().shutdown(sockets)
        await asyncio.sleep(0)  # what was cancelled says so to its caller
        for connection in list(self.server_state.connections):
            connection.transport.close()
        await asyncio.sleep(0)

    def finish(self) -> None:
        """Take no new connections, let those that are served come to an end."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """The first signal drains; a second ends the process at once, which is safe: answers wait for their commit."""
        loop = asyncio.get_running_loop()
        for number in self._signals:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in self._signals:
                loop.remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        if self.should_exit:
            os._exit(128 + number)
        self.finish()


def tune_process() -> None:
    """Look for reference cycles a hundred times less often: a request leaves none, and what stands at the start stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 20, 100)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anything else is touched.

    Raises StartProblem naming the address and what is wrong with it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise StartProblem(f"{host!r} is not an address of this machine: {error.strerror}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _take(listener, address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartProblem(f"port {port} of {host} is in use; end that program, or choose another with --port") from None
        raise StartProblem(f"cannot listen on {host} port {port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def _take(listener: socket.socket, address: tuple[object, ...], pause: Callable[[float], None] = time.sleep) -> None:
    """Bind; ask again for a while where the port is in use: the children of a killed gateway outlive it by an instant."""
    for _ in range(_TRIES):
        try:
            listener.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            pause(_BETWEEN_TRIES_S)
        else:
            return
    listener.bind(address)
