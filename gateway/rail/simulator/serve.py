"""The simulated rail as a process of its own.

h11 reads and writes its HTTP, since a rail that loses replies has to drop connections, which no HTTP server lets an app do.
"""

import asyncio
import contextlib
import os
import socket
import sqlite3
import sys
from functools import partial
from pathlib import Path

import h11
import msgspec
import uvloop

from gateway.clock import Clock, system_clock
from gateway.errors import StartProblem
from gateway.ids import SystemIds
from gateway.process.listen import hold_port, on_signals, url_of
from gateway.rail.simulator.app import Answer, Request, Simulator
from gateway.rail.simulator.book import Book
from gateway.rail.simulator.script import Script, ScriptProblem, load_script
from gateway.rail.simulator.webhooks import Messenger

_READ_BYTES = 65_536


class RailReady(msgspec.Struct, frozen=True):
    """The one line on standard output, written when requests are answered."""

    event: str
    url: str
    pid: int
    book: str


class RailSettings(msgspec.Struct, frozen=True):
    """The configuration of a rail process. `secret` signs the webhooks that go to `webhook_url`."""

    book: Path
    host: str
    port: int
    script: Path | None = None
    webhook_url: str | None = None
    secret: str | None = None
    clock: Clock = system_clock


def serve_rail(settings: RailSettings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises StartProblem when the address, the script or the book cannot be used.
    """
    try:
        script = load_script(settings.script) if settings.script else Script()
        held = hold_port(settings.host, settings.port)
        with contextlib.closing(held), contextlib.closing(Book(settings.book)) as book:
            uvloop.run(_serve(settings, script, book, held))
    except ScriptProblem as problem:
        raise StartProblem(str(problem)) from None
    except sqlite3.Error as error:
        raise StartProblem(f"{settings.book}: {error}") from None


async def _serve(settings: RailSettings, script: Script, book: Book, held: socket.socket) -> None:
    ids, ended = SystemIds(), asyncio.Event()
    simulator = Simulator(book, script, Messenger(ids, settings.webhook_url, settings.secret), settings.clock, ids)
    ready = RailReady("ready", url_of(held), os.getpid(), str(settings.book))
    on_signals(ended.set)
    try:
        async with await asyncio.start_server(partial(_serve_connection, simulator), sock=held, backlog=2048):
            _say(ready)
            await ended.wait()
    finally:
        await simulator.close()


async def _serve_connection(simulator: Simulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    with contextlib.suppress(h11.RemoteProtocolError, ConnectionError):
        while (request := await _next_request(connection, reader)) is not None:
            answer = await simulator.answer(request)
            if answer.status is None:
                writer.transport.abort()
                return
            writer.write(_encoded(connection, answer, answer.status))
            await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                break
            connection.start_next_cycle()
    writer.close()


async def _next_request(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    """The next whole request, or None once the client has closed."""
    head, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            path, _, query = head.target.decode("latin-1").partition("?")
            key = dict(head.headers).get(b"idempotency-key", b"").decode("latin-1")
            return Request(head.method.decode("ascii"), path, query, key, body)
        else:
            return None


def _encoded(connection: h11.Connection, answer: Answer, status: int) -> bytes:
    headers = [("content-type", answer.media_type), ("content-length", str(len(answer.body)))]
    events = (h11.Response(status_code=status, headers=headers), h11.Data(data=answer.body), h11.EndOfMessage())
    return b"".join(connection.send(event) or b"" for event in events)


def _say(ready: RailReady) -> None:
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
