"""How a mutation gets its answer: first and second requests of a key, what failed, and who is told of what was decided."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from gateway.clock import format_utc
from gateway.errors import Code, Refusal
from gateway.idempotency.claim import Mutation
from gateway.idempotency.in_flight import InFlight, scope_of
from gateway.journal import Answer, refuse
from gateway.settings import Settings
from gateway.store.group_commit import Waiter
from gateway.store.port import StorageError

Listener = Callable[[str, str, bool], None]
"""Told of each decided mutation: operation kind, outcome (ok or the refusal's code), whether it was a replay."""

_log = logging.getLogger(__name__)


class Decider(ABC):
    """Has mutations decided by an engine, in this process or in another."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.draining = False
        self.listeners: list[Listener] = []
        self._in_flight = InFlight()
        self._tasks: set[asyncio.Task[Answer]] = set()

    @property
    @abstractmethod
    def held_up(self) -> bool:
        """Whether a batch waits for another program's lock, and all that is queued behind it too."""

    @abstractmethod
    def enqueue(self, mutation: Mutation, waiter: Waiter[Answer]) -> None:
        """Have one request decided durably; `waiter` is told from inside the event loop, of StorageError or a defect too."""

    async def submit(self, mutation: Mutation) -> Answer:
        """Decide one request durably; raises StorageError, or whatever went wrong with this request alone."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.enqueue(mutation, future)
        return await future

    async def mutate(self, mutation: Mutation, wait_s: int = 0) -> Answer:
        """Decide one request; returns once the answer is durable. Expected refusals are answers, not exceptions.

        `wait_s` is how long it may wait where the first request with its key is held up.
        """
        scope = scope_of(mutation)
        first = self._in_flight.first(scope)
        if first is None:
            self._in_flight.begin(scope, mutation.route, self.settings.clock())
            try:
                return await self._answer(mutation)
            finally:
                self._in_flight.end(scope)
        if self.held_up and not await self._in_flight.wait(first, wait_s):
            detail = f"the first request with this key is held up since {format_utc(first.since)}"
            return refuse(Refusal(Code.IDEMPOTENCY_IN_FLIGHT, detail), mutation.request_id)
        return await self._answer(mutation)

    def mutate_for(self, waiter: Waiter[Answer], mutation: Mutation, wait_s: int) -> None:
        """The same for a waiter that is told: a first request, as nearly all are, costs neither a task nor a future."""
        scope, flights = scope_of(mutation), self._in_flight
        if self.draining or flights.first(scope) is not None:
            task = asyncio.get_running_loop().create_task(self.mutate(mutation, wait_s))
            self._tasks.add(task)  # the loop itself keeps no task alive
            task.add_done_callback(partial(self._pass_on, waiter))
            return
        flights.begin(scope, mutation.route, self.settings.clock())
        first = _First(self.listeners, mutation, partial(flights.end, scope), waiter)
        try:
            self.enqueue(mutation, first)
        except Exception as error:  # noqa: BLE001  # as one that is met while it is decided
            first.set_exception(error)

    async def _answer(self, mutation: Mutation) -> Answer:
        if self.draining:
            return refuse(Refusal(Code.DRAINING, "the gateway is shutting down"), mutation.request_id)
        try:
            answer = await self.submit(mutation)
        except Exception as error:  # noqa: BLE001  # one defect must not stop the service; it is logged and answered as internal
            answer = failed_answer(mutation, error)
        _tell(self.listeners, mutation, answer)
        return answer

    def _pass_on(self, waiter: Waiter[Answer], task: asyncio.Task[Answer]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return  # the loop is being closed, and every connection with it
        error = task.exception()
        if isinstance(error, Exception):
            waiter.set_exception(error)
        else:
            waiter.set_result(task.result())


class _First:
    """Told of the first request of its scope: that one has landed, and `waiter` gets an answer whatever became of it."""

    __slots__ = ("_end", "_listeners", "_mutation", "_waiter")

    def __init__(self, listeners: list[Listener], mutation: Mutation, end: Callable[[], None], waiter: Waiter[Answer]) -> None:
        self._listeners, self._mutation, self._end, self._waiter = listeners, mutation, end, waiter

    def done(self) -> bool:
        """Never before it is told: the flight has to end, whether or not its caller is still there."""
        return False

    def set_result(self, result: Answer, /) -> None:
        """It is decided, and durable."""
        self._end()
        try:
            _tell(self._listeners, self._mutation, result)
        except Exception as error:  # noqa: BLE001  # whoever tells has others to tell as well
            self._waiter.set_exception(error)
        else:
            self._waiter.set_result(result)

    def set_exception(self, exception: Exception, /) -> None:
        """It failed, which is an answer, too."""
        self.set_result(failed_answer(self._mutation, exception))


def _tell(listeners: list[Listener], mutation: Mutation, answer: Answer) -> None:
    for listener in listeners:
        listener(mutation.route.kind, answer.outcome, answer.replayed)


def failed_answer(mutation: Mutation, error: Exception) -> Answer:
    """What is answered where there is no decision: what the storage said, or `internal` after a line in the log."""
    if isinstance(error, StorageError):
        moved = "unknown" if error.ambiguous else "no"
        return refuse(Refusal(error.code, error.detail, money_moved=moved), mutation.request_id)
    _log.error("request %s failed", mutation.request_id, exc_info=error)
    return refuse(Refusal(Code.INTERNAL, "the request was rolled back", money_moved="no"), mutation.request_id)
