"""One gateway process: bind, open, serve, and on a signal finish what was taken before leaving."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator
from typing import Literal

import msgspec
import uvicorn
import uvloop
from litestar.types import ASGIApp
from prometheus_client import disable_created_metrics

from gateway.access_log import AccessLog, EventHandler
from gateway.app import create_app
from gateway.engine import Engine
from gateway.settings import Settings, StartProblem

GRACE_S = 10
"""Seconds that requests in flight get to finish after SIGTERM; none takes that long unless its caller is gone."""


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output, written when requests are answered."""

    event: str
    url: str
    pid: int
    build: str


def serve(settings: Settings, *, access_log: bool) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises StartProblem when the address or the database cannot be used.
    """
    listener = bind(settings.host, settings.port)
    log = AccessLog(sys.stderr.buffer, settings.clock, requests=access_log)
    handler = EventHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.closing(listener):
            uvloop.run(_serve(settings, listener, log))
    finally:
        logging.getLogger().removeHandler(handler)
        log.close()


async def _serve(settings: Settings, listener: socket.socket, log: AccessLog) -> None:
    # A timestamp beside every counter is noise to us. The switch is the process's, so it is thrown here, not in Metrics.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types it nowhere
    engine = Engine.open(settings)
    await engine.start()
    try:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        ready = Ready("ready", f"http://{shown}:{port}", os.getpid(), engine.build)
        await Server(create_app(engine, settings, log), ready).serve(sockets=[listener])
    finally:
        await engine.drain()


class Server(uvicorn.Server):
    """Uvicorn, but for two things: it says when it is ready, and it ends with 0 after a signal that it obeyed."""

    def __init__(
        self, app: ASGIApp, ready: msgspec.Struct, http: type[asyncio.Protocol] | Literal["httptools"] = "httptools"
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=http,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        sys.stdout.write(msgspec.json.encode(self._ready).decode() + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """The first signal drains; a second ends the process at once, which is safe: answers wait for their commit."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        if self.should_exit:
            os._exit(128 + number)
        self.should_exit = True


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
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartProblem(f"port {port} of {host} is in use; end that program, or choose another with --port") from None
        raise StartProblem(f"cannot listen on {host} port {port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener
