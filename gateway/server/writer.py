"""The writing process: the engine, its database and its keys, asked by the front process over a socket."""

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
    Ask,
    Broken,
    Channel,
    Committed,
    Drain,
    Event,
    Failed,
    LogLine,
    NotPrepared,
    Opened,
    State,
    Taken,
    Told,
    ToWriter,
)
from gateway.settings import Settings
from gateway.store.port import StorageError
from gateway.telemetry.access_log import EventLine, event_line, standard_log

SIGN_OF_LIFE_S = 1.0

_log = logging.getLogger(__name__)


class FrontGone(Exception):
    """The front process ended although nobody asked it to."""


class Pending:
    """Who waits for one answer: a caller of the front process. A `Waiter` of the group commit."""

    __slots__ = ("_desk", "_kind", "_number")

    def __init__(self, desk: "Desk", number: int, kind: str) -> None:
        self._desk, self._number, self._kind = desk, number, kind

    def done(self) -> bool:
        """The front knows whether its caller is still there."""
        return False

    def set_result(self, result: Answer, /) -> None:
        """Tell the answer."""
        self._desk.told(self._number, self._kind, result)

    def set_exception(self, exception: Exception, /) -> None:
        """Tell that there is none."""
        self._desk.failed(self._number, exception)


class Desk:
    """The engine's end of the channel."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._decoders = [msgspec.json.Decoder(route.command) for route in MUTATIONS]
        self._tasks: set[asyncio.Task[None]] = set()
        self.channel: Channel[ToWriter] = Channel(ToWriter, self._hear, self._lost)
        self.prepared: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """None once the front listens, or why it cannot."""
        self.gone = asyncio.Event()
        engine.observe_commits(lambda seconds, requests: self.channel.say(Committed(seconds, requests)))
        engine.on_state(self.tell_state)
        engine.commit_in_loop()

    def told(self, number: int, kind: str, answer: Answer) -> None:
        """One mutation is decided."""
        for listener in self._engine.listeners:
            listener(kind, answer.outcome, answer.replayed)
        self.channel.say(Told(number, answer))

    def failed(self, number: int, error: Exception) -> None:
        """One mutation is not decided."""
        if isinstance(error, StorageError):
            self.channel.say(Failed(number, error.code.value, error.detail, error.ambiguous))
        else:
            _log.error("a request failed", exc_info=error)
            self.channel.say(Broken(number))

    def tell_state(self) -> None:
        """Say what the front must know."""
        engine = self._engine
        self.channel.say(State(engine.rail_open, engine.held_up, engine.answers_purged))

    async def give_signs_of_life(self) -> None:
        """Until cancelled."""
        while True:
            self.tell_state()
            await asyncio.sleep(SIGN_OF_LIFE_S)

    def _hear(self, items: list[ToWriter]) -> None:
        for item in items:
            if isinstance(item, Ask):
                self._engine.enqueue(self._mutation(item), Pending(self, item.number, MUTATIONS[item.route].kind))
            elif isinstance(item, Event):
                task = asyncio.get_running_loop().create_task(self._take(item))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif not self.prepared.done():
                self.prepared.set_result(item.problem if isinstance(item, NotPrepared) else None)

    def _mutation(self, ask: Ask) -> Mutation:
        route, command = MUTATIONS[ask.route], self._decoders[ask.route].decode(ask.body)
        asked = (ask.path_ids, ask.key, ask.query, command, ask.body, ask.request_id, ask.claim)
        return Mutation(route, ask.principal, *asked)

    async def _take(self, item: Event) -> None:
        try:
            self.channel.say(Taken(item.number, await self._engine.take_rail_event(item.event)))
        except Exception as error:  # noqa: BLE001  # told to the front as what it is
            self.failed(item.number, error)

    def _lost(self) -> None:
        self.gone.set()
        if not self.prepared.done():
            self.prepared.set_result(None)


class RelayHandler(logging.Handler):
    """Lets this process's warnings out through the front's log, so that lines stay whole."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        super().__init__(logging.WARNING)
        self._desk, self._settings = desk, settings

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        error = record.exc_info[1] if record.exc_info else None
        line: EventLine = event_line(self._settings.now_text(), "server", record.getMessage(), None, error)
        self._desk.channel.say(LogLine(line))


async def write(settings: Settings, ours: socket.socket, front: int, on_ready: Callable[[str], None]) -> None:
    """Run the engine until a signal or the front's end; `on_ready` gets the build once the front answers requests.

    Raises StartProblem for an unusable database or port, FrontGone where the front process `front` ended by itself.
    """
    engine = Engine.open(settings)
    await engine.start()
    desk, loop = Desk(engine), asyncio.get_running_loop()
    handler = RelayHandler(desk, settings)
    try:
        await loop.create_unix_connection(lambda: desk.channel, sock=ours)
        logging.getLogger().addHandler(handler)
        engine.announce()
        desk.channel.say(Opened(engine.build))
        asked = asyncio.Event()
        on_signals(partial(_drain, desk, asked))
        life = loop.create_task(desk.give_signs_of_life())
        problem = await desk.prepared
        if problem is not None:
            raise StartProblem(problem)
        if not desk.gone.is_set():
            on_ready(engine.build)
        await desk.gone.wait()
        life.cancel()
        code = os.waitstatus_to_exitcode(os.waitpid(front, 0)[1])  # noqa: ASYNC222  # it has hung up, so it is at its end
        if code or not asked.is_set():
            raise FrontGone(f"the front process ended with {code}")
    finally:
        logging.getLogger().removeHandler(handler)
        with standard_log(settings.clock):  # the front, which wrote the log so far, has ended
            await engine.drain()


def _drain(desk: Desk, asked: asyncio.Event) -> None:
    asked.set()
    desk.channel.say(Drain())
