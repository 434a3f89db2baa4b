"""The front process: HTTP, admission and reads. It sends mutations to the writing process over a socket.

It holds no lock, no key and no connection that can write. It ends when the writing process ends, however that ends.
"""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable
from typing import cast

import uvloop

from gateway.engine.service import Service
from gateway.errors import Code, StartProblem
from gateway.idempotency.claim import Mutation, claim
from gateway.journal import Answer
from gateway.mailing import MailCounts, MailState
from gateway.process.child import fork
from gateway.routes import MUTATIONS
from gateway.server.app import create_app
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
    Prepared,
    RailEventStored,
    SeeSession,
    State,
    StoreRailEvent,
    ToFront,
)
from gateway.server.http import HttpServer
from gateway.settings import Settings
from gateway.store.group_commit import Waiter
from gateway.store.payout_rows import RailEventRow
from gateway.store.port import StorageError
from gateway.store.reads import SqliteReads
from gateway.telemetry.access_log import AccessLog, standard_log

SILENT_S = 5.0
"""Seconds without a sign of life from the writing process, which gives one each second, after which the gateway is not ready."""

_PLACES = {route.kind: (place, route.is_keyed) for place, route in enumerate(MUTATIONS)}


class WriterFailed(Exception):
    """The writing process met a defect with this request, and has logged it."""


class Front(Service):
    """The service whose engine is in another process."""

    def __init__(self, settings: Settings, build: str, link: "WriterLink") -> None:
        super().__init__(settings, SqliteReads.open(settings.db), build)
        self._link = link

    @property
    def held_up(self) -> bool:
        """The writing process's latest state."""
        return self._link.state.held_up

    @property
    def stopped(self) -> str | None:
        """The writing process's latest state."""
        return self._link.state.stopped

    @property
    def rail_open(self) -> bool:
        """The writing process's latest state."""
        return self._link.state.rail_open

    @property
    def answers_purged(self) -> int:
        """The writing process's latest state."""
        return self._link.state.answers_purged

    @property
    def mail(self) -> MailState:
        """The writing process's latest state."""
        return self._link.state.mail

    @property
    def mail_counts(self) -> MailCounts:
        """The writing process's latest state."""
        return self._link.state.mail_counts

    def observe_commits(self, observe: Callable[[float, int], None]) -> None:
        """Call `observe` with the seconds and the number of requests of each durable commit."""
        self._link.observe = observe

    def enqueue(self, mutation: Mutation, waiter: Waiter[Answer]) -> None:
        """Send the mutation to the writing process."""
        self._link.decide(mutation, waiter)

    def see_session(self, session_id: str) -> None:
        """Pass it on to the writing process."""
        self._link.channel.send(SeeSession(session_id))

    async def take_rail_event(self, event: RailEventRow) -> bool:
        """Send the event to the writing process; whether it is new."""
        return await self._link.store_event(event)

    def ready(self) -> str | None:
        """Ready needs a writing process that gives signs of life."""
        silent = self._link.silent_s()
        return super().ready() if silent < SILENT_S else f"the writing process has been silent for {silent:.0f} seconds"


class WriterLink:
    """The front's end of the channel: the waiters by request number, and the writing process's latest state."""

    def __init__(self, log: AccessLog) -> None:
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._numbers = itertools.count()
        self._waiting: dict[int, Waiter[Answer | bool]] = {}
        self._received_at = self._loop.time()
        self.channel: Channel[ToFront] = Channel(ToFront, self._receive, self._lost)
        self.state = State(rail_open=False, held_up=False, answers_purged=0)
        self.opened: asyncio.Future[str] = self._loop.create_future()
        self.observe: Callable[[float, int], None] = lambda _seconds, _requests: None
        self._draining = False
        self._on_drain: Callable[[], None] = lambda: None

    def decide(self, mutation: Mutation, waiter: Waiter[Answer]) -> None:
        """Have a mutation decided. Its claim is worked out here: the writing process has enough to do. A key it does not have."""
        (route, is_keyed), body = _PLACES[mutation.route.kind], mutation.body
        claimed = None if is_keyed else claim(mutation)
        who, ids, request_id = mutation.principal, mutation.path_ids, mutation.request_id
        self.channel.send(
            DecideMutation(self._expect(waiter), route, who, ids, mutation.key, mutation.query, body, request_id, claimed)
        )

    async def store_event(self, event: RailEventRow) -> bool:
        """Have the rail's event stored; whether it is new."""
        future: asyncio.Future[bool] = self._loop.create_future()
        self.channel.send(StoreRailEvent(self._expect(future), event))
        return await future

    def drain_with(self, finish: Callable[[], None]) -> None:
        """Call `finish` once the writing process requests the drain; at once if it already has."""
        self._on_drain = finish
        if self._draining:
            finish()

    def silent_s(self) -> float:
        """Seconds since the last message of the writing process."""
        return self._loop.time() - self._received_at

    def _expect(self, waiter: Waiter[Answer] | Waiter[bool]) -> int:
        number = next(self._numbers)
        self._waiting[number] = cast("Waiter[Answer | bool]", waiter)  # the number selects the type of the result
        return number

    def _receive(self, items: list[ToFront]) -> None:
        self._received_at = self._loop.time()
        for item in items:
            if isinstance(item, MutationDecided):
                self._settle(item.number, item.answer)
            else:
                self._receive_other(item)

    def _receive_other(self, item: ToFront) -> None:
        match item:
            case Committed():
                self.observe(item.seconds, item.requests)
            case State():
                self.state = item
            case RailEventStored():
                self._settle(item.number, item.new)
            case Failed():
                self._fail(item.number, StorageError(Code(item.code), item.detail, ambiguous=item.ambiguous))
            case Broken():
                self._fail(item.number, WriterFailed("the writing process met a defect with this request"))
            case LogLine():
                self._log.add(item.line)
            case Opened():
                self.opened.set_result(item.build)
            case Drain():
                self._draining = True
                self._on_drain()

    def _settle(self, number: int, result: Answer | bool) -> None:
        waiter = self._waiting.pop(number)
        if not waiter.done():  # the caller may have gone away; the effect stands and its key replays it
            waiter.set_result(result)

    def _fail(self, number: int, error: Exception) -> None:
        waiter = self._waiting.pop(number)
        if not waiter.done():
            waiter.set_exception(error)

    def _lost(self) -> None:
        """Without the writing process there is nothing to serve, and no answer that could be given in its name."""
        self._log.close()
        os._exit(0)


def fork_front(settings: Settings, held: socket.socket, *, access_log: bool) -> tuple[int, socket.socket]:
    """Start the front process, before this one has threads or an event loop; returns its process id and the socket to it."""
    ours, theirs = socket.socketpair()
    pid = fork(lambda: _run(settings, held, theirs, access_log=access_log), (ours,))
    theirs.close()
    ours.setblocking(False)
    return pid, ours


def _run(settings: Settings, held: socket.socket, theirs: socket.socket, *, access_log: bool) -> int:
    theirs.setblocking(False)
    with standard_log(settings.clock, requests=access_log) as log:
        try:
            uvloop.run(_serve(settings, held, theirs, log))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it goes to the log, and the process ends
            log.event("front_failed", str(error), None, error)
            return 1
    return 0


async def _serve(settings: Settings, held: socket.socket, theirs: socket.socket, log: AccessLog) -> None:
    link = WriterLink(log)
    await asyncio.get_running_loop().create_unix_connection(lambda: link.channel, sock=theirs)
    front = Front(settings, await link.opened, link)
    server = HttpServer(create_app(front, settings, log).door, held, settings.limits, log)
    link.drain_with(server.finish)
    try:
        await server.start()
    except StartProblem as problem:
        link.channel.send(NotPrepared(str(problem)))
        await asyncio.Event().wait()  # the writing process hangs up, which ends this one
    link.channel.send(Prepared())
    await server.ended()
