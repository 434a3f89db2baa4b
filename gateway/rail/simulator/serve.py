"""The simulated rail as a process of its own."""

import asyncio
import contextlib
import os
import socket
import sqlite3
import sys
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.clock import system_clock
from gateway.errors import StartProblem
from gateway.ids import SystemIds
from gateway.process.listen import Server, bind
from gateway.rail.simulator.app import HANG_UP, Simulator
from gateway.rail.simulator.book import Book
from gateway.rail.simulator.script import Script, ScriptProblem, load_script
from gateway.rail.simulator.webhooks import Messenger


class RailReady(msgspec.Struct, frozen=True):
    """The one line on standard output, written when requests are answered."""

    event: str
    url: str
    pid: int
    book: str


class RailSettings(msgspec.Struct, frozen=True):
    """What a rail process is told when it starts. `secret` signs the webhooks that go to `webhook_url`."""

    book: Path
    host: str
    port: int
    script: Path | None = None
    webhook_url: str | None = None
    secret: str | None = None


class _Protocol(HttpToolsProtocol):
    """Uvicorn's, which also lets the app drop the connection: a lost reply is no reply at all."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[HANG_UP] = self.transport.abort


def serve_rail(settings: RailSettings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises StartProblem when the address, the script or the book cannot be used.
    """
    try:
        script = load_script(settings.script) if settings.script else Script()
        listener = bind(settings.host, settings.port)
        with contextlib.closing(listener), contextlib.closing(Book(settings.book)) as book:
            uvloop.run(_serve(settings, script, book, listener))
    except ScriptProblem as problem:
        raise StartProblem(str(problem)) from None
    except sqlite3.Error as error:
        raise StartProblem(f"{settings.book}: {error}") from None


async def _serve(settings: RailSettings, script: Script, book: Book, listener: socket.socket) -> None:
    ids = SystemIds()
    simulator = Simulator(book, script, Messenger(ids, settings.webhook_url, settings.secret), system_clock, ids)
    host, port = listener.getsockname()[:2]
    ready = RailReady("ready", f"http://{host}:{port}", os.getpid(), str(settings.book))
    http: type[asyncio.Protocol] = _Protocol
    try:
        await Server(simulator, lambda: _say(ready), http).serve(sockets=[listener])
    finally:
        await simulator.close()


def _say(ready: RailReady) -> None:
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
