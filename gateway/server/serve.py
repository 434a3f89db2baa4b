"""One gateway: bind, open, serve, and on a signal finish what was taken before leaving; in one process or in two."""

import contextlib
import logging
import os
import socket
import sys
from functools import partial

import msgspec
import uvloop
from prometheus_client import disable_created_metrics

from gateway.engine.engine import Engine
from gateway.process.listen import Server, bind, tune_process
from gateway.protocol import LaneProtocol
from gateway.receipts.batch_signer import Signatures, fork_signer
from gateway.server.app import create_app
from gateway.server.front import fork_front
from gateway.server.writer import write
from gateway.settings import Settings
from gateway.telemetry.access_log import AccessLog, EventHandler


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
    # A timestamp beside every counter is noise to us. The switch is the process's, so it is thrown here, not in Metrics.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types it nowhere
    with contextlib.closing(bind(settings.host, settings.port)) as listener:
        url = _url(listener)
        if processes == 1:
            _alone(settings, listener, url, access_log=access_log)
        else:
            _in_two(settings, listener, url, access_log=access_log)


def _in_two(settings: Settings, listener: socket.socket, url: str, *, access_log: bool) -> None:
    """The front and the signing helper are children of this process, which holds the database and the keys."""
    with contextlib.closing(fork_signer((listener,))) as helper:
        front, channel = fork_front(settings, listener, (helper,), access_log=access_log)
        listener.close()
        with contextlib.closing(channel):
            uvloop.run(write(settings, channel, front, Signatures(helper), lambda build: _say_ready(url, build)))


def _alone(settings: Settings, listener: socket.socket, url: str, *, access_log: bool) -> None:
    log = AccessLog(sys.stderr.buffer, settings.clock, requests=access_log)
    handler = EventHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        uvloop.run(_serve(settings, listener, url, log))
    finally:
        logging.getLogger().removeHandler(handler)
        log.close()


async def _serve(settings: Settings, listener: socket.socket, url: str, log: AccessLog) -> None:
    engine = Engine.open(settings)
    engine.announce()
    await engine.start()
    try:
        app = create_app(engine, settings, log)
        tune_process()
        http = partial(LaneProtocol, app.lane)
        await Server(app.asgi, lambda: _say_ready(url, engine.build), http).serve(sockets=[listener])
    finally:
        await engine.drain()


def _say_ready(url: str, build: str) -> None:
    sys.stdout.write(msgspec.json.encode(Ready("ready", url, os.getpid(), build)).decode() + "\n")
    sys.stdout.flush()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
