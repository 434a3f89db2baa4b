"""One gateway: hold the port, open the database, serve, and on a signal finish what was taken; in one process or in two."""

import contextlib
import os
import socket
import sys

import msgspec
import uvloop
from prometheus_client import disable_created_metrics

from gateway.engine.engine import Engine
from gateway.process.listen import hold_port, on_signals, url_of
from gateway.server.app import create_app
from gateway.server.front import fork_front
from gateway.server.http import HttpServer
from gateway.server.writer import write
from gateway.settings import Settings
from gateway.telemetry.access_log import AccessLog, standard_log


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output, written when requests are answered."""

    event: str
    url: str
    pid: int
    build: str


def serve(settings: Settings, *, access_log: bool, processes: int = 2) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises StartProblem when the address or the database cannot be used.
    """
    # A timestamp with every counter is noise to us. The switch is the process's, so it is thrown here, not in Metrics.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types it nowhere
    with contextlib.closing(hold_port(settings.host, settings.port)) as held:
        settings = msgspec.structs.replace(settings, public_url=settings.public_url or url_of(held))
        settings = msgspec.structs.replace(settings, public_url=settings.public_url or url_of(held))
        if processes == 1:
            _in_one(settings, held, access_log=access_log)
        else:
            _in_two(settings, held, access_log=access_log)


def _in_two(settings: Settings, held: socket.socket, *, access_log: bool) -> None:
    """The front is a child of this process, which holds the database and the keys."""
    url = url_of(held)
    front, channel = fork_front(settings, held, access_log=access_log)
    held.close()  # it is the front's now: a copy that listens here would take half of the connections
    with contextlib.closing(channel):
        uvloop.run(write(settings, channel, front, lambda build: _say_ready(url, build)))


def _in_one(settings: Settings, held: socket.socket, *, access_log: bool) -> None:
    with standard_log(settings.clock, requests=access_log) as log:
        uvloop.run(_serve(settings, held, log))


async def _serve(settings: Settings, held: socket.socket, log: AccessLog) -> None:
    url, engine = url_of(held), Engine.open(settings)
    engine.announce()
    await engine.start()
    try:
        server = HttpServer(create_app(engine, settings, log).door, held, settings.limits, log)
        on_signals(server.finish)
        await server.start()
        _say_ready(url, engine.build)
        await server.ended()
    finally:
        await engine.drain()


def _say_ready(url: str, build: str) -> None:
    sys.stdout.write(msgspec.json.encode(Ready("ready", url, os.getpid(), build)).decode() + "\n")
    sys.stdout.flush()
