"""The writing process: the engine, its database and its keys. The front process sends it requests over a socket."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from functools import partial

import msgspec

from gateway.engine.engine import Engine
from gateway.errors import StartProblem
from gateway.idempotency.claim import Mutation
from gateway.journal import Answer
from gateway.process.listen import on_signals
from gateway.routes import MUTATIONS
from gateway.server.channel import (
    Broken,
    Channel,
    Committed,
    DecideMutation,
    Drain,
    Failed,
    LogLine,
    MutationDecided,
    NotPrepared,
    Opened,
    RailEventStored,
    SeeSession,
    State,
    StoreRailEvent,
    ToWriter,
)
from gateway.settings import Settings
from gateway.store.port import StorageError
from gateway.telemetry.access_log import EventLine, event_line, standard_log

SIGN_OF_LIFE_S = 1.0

_log = logging.getLogger(__name__)


class FrontGone(Exception):
    """The front process ended without a request to drain."""


class Pending:
    """Who waits for one answer: a caller of the front process. A `Waiter` of the group commit."""

    __slots__ = ("_kind", "_link", "_number")

    def __init__(self, link: "FrontLink", number: int, kind: str) -> None:
        self._link, self._number, self._kind = link, number, kind

    def done(self) -> bool:
        """The front knows whether its caller is still there."""
        return False

    def set_result(self, result: Answer, /) -> None:
        """Send the answer."""
        self._link.decided(self._number, self._kind, result)

    def set_exception(self, exception: Exception, /) -> None:
        """Send the error."""
        self._link.failed(self._number, exception)


class FrontLink:
    """The engine's end of the channel."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._decoders = [msgspec.json.Decoder(route.command) for route in MUTATIONS]
        self._tasks: set[asyncio.Task[None]] = set()
        self.channel: Channel[ToWriter] = Channel(ToWriter, self._receive, self._lost)
        self.prepared: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """None once the front listens, or why it cannot."""
        self.gone = asyncio.Event()
        engine.observe_commits(lambda seconds, requests: self.channel.send(Committed(seconds, requests)))
        engine.on_state(self.send_state)
        engine.commit_in_loop()

    def decided(self, number: int, kind: str, answer: Answer) -> None:
        """One mutation is decided."""
        for listener in self._engine.listeners:
            listener(kind, answer.outcome, answer.replayed)
        self.channel.send(MutationDecided(number, answer))

    def failed(self, number: int, error: Exception) -> None:
        """One mutation is not decided."""
        if isinstance(error, StorageError):
            self.channel.send(Failed(number, error.code.value, error.detail, error.ambiguous))
        else:
            _log.error("a request failed", exc_info=error)
            self.channel.send(Broken(number))

    def send_state(self) -> None:
        """Send the state that the front must know."""
        engine = self._engine
        service = engine.rail_open, engine.held_up, engine.answers_purged, engine.stopped
        self.channel.send(State(*service, engine.mail, engine.mail_counts))

    async def give_signs_of_life(self) -> None:
        """Send the state once a second until cancelled."""
        while True:
            self.send_state()
            await asyncio.sleep(SIGN_OF_LIFE_S)

    def _receive(self, items: list[ToWriter]) -> None:
        for item in items:
            if isinstance(item, DecideMutation):
                self._engine.enqueue(self._mutation(item), Pending(self, item.number, MUTATIONS[item.route].kind))
            elif isinstance(item, StoreRailEvent):
                task = asyncio.get_running_loop().create_task(self._take(item))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif isinstance(item, SeeSession):
                self._engine.see_session(item.session_id)
            elif not self.prepared.done():
                self.prepared.set_result(item.problem if isinstance(item, NotPrepared) else None)

    def _mutation(self, item: DecideMutation) -> Mutation:
        route, command = MUTATIONS[item.route], self._decoders[item.route].decode(item.body)
        rest = (item.path_ids, item.key, item.query, command, item.body, item.request_id, item.claim)
        return Mutation(route, item.principal, *rest)

    async def _take(self, item: StoreRailEvent) -> None:
        try:
            self.channel.send(RailEventStored(item.number, await self._engine.take_rail_event(item.event)))
        except Exception as error:  # noqa: BLE001  # the front gets the error as what it is
            self.failed(item.number, error)

    def _lost(self) -> None:
        self.gone.set()
        if not self.prepared.done():
            self.prepared.set_result(None)


class RelayHandler(logging.Handler):
    """Lets this process's warnings out through the front's log, so that lines stay whole."""

    def __init__(self, link: FrontLink, settings: Settings) -> None:
        super().__init__(logging.WARNING)
        self._link, self._settings = link, settings

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        error = record.exc_info[1] if record.exc_info else None
        line: EventLine = event_line(self._settings.now_text(), "server", record.getMessage(), None, error)
        self._link.channel.send(LogLine(line))


async def write(settings: Settings, ours: socket.socket, front: int, on_ready: Callable[[str], None]) -> None:
    """Run the engine until a signal or the front's end; `on_ready` gets the build once the front answers requests.

    Raises StartProblem for an unusable database or port, FrontGone where the front process `front` ended by itself.
    """
    engine = Engine.open(settings)
    await engine.start()
    link, loop = FrontLink(engine), asyncio.get_running_loop()
    handler = RelayHandler(link, settings)
    try:
        await loop.create_unix_connection(lambda: link.channel, sock=ours)
        logging.getLogger().addHandler(handler)
        engine.announce()
        link.channel.send(Opened(engine.build))
        drain_requested = asyncio.Event()
        on_signals(partial(_drain, link, drain_requested))
        life = loop.create_task(link.give_signs_of_life())
        problem = await link.prepared
        if problem is not None:
            raise StartProblem(problem)
        if not link.gone.is_set():
            on_ready(engine.build)
        await link.gone.wait()
        life.cancel()
        code = os.waitstatus_to_exitcode(os.waitpid(front, 0)[1])  # noqa: ASYNC222  # it has hung up, so it is at its end
        if code or not drain_requested.is_set():
            raise FrontGone(f"the front process ended with {code}")
    finally:
        logging.getLogger().removeHandler(handler)
        with standard_log(settings.clock):  # the front, which wrote the log so far, has ended
            await engine.drain()


def _drain(link: FrontLink, drain_requested: asyncio.Event) -> None:
    drain_requested.set()
    link.channel.send(Drain())
