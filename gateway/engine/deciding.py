"""How a mutation gets its answer: first and second requests of a key, failures, and the listeners of each decision."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable

from gateway.clock import format_utc
from gateway.errors import Code, Refusal
from gateway.idempotency.claim import Mutation
from gateway.idempotency.in_flight import InFlight, scope_of
from gateway.journal import Answer, refuse
from gateway.settings import Settings
from gateway.store.group_commit import Waiter
from gateway.store.port import StorageError

Listener = Callable[[str, str, bool], None]
"""Called for each decided mutation: operation kind, outcome (ok or the refusal's code), whether it was a replay."""

_log = logging.getLogger(__name__)


class Decider(ABC):
    """Has mutations decided by an engine, in this process or in another."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.draining = False
        self.listeners: list[Listener] = []
        self._in_flight = InFlight()

    @property
    @abstractmethod
    def held_up(self) -> bool:
        """Whether a batch waits for another program's lock, and all that is queued behind it too."""

    @abstractmethod
    def enqueue(self, mutation: Mutation, waiter: Waiter[Answer]) -> None:
        """Have one request decided durably; `waiter` gets the answer, a StorageError or a defect inside the event loop."""

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

    async def _answer(self, mutation: Mutation) -> Answer:
        if self.draining:
            return refuse(Refusal(Code.DRAINING, "the gateway is shutting down"), mutation.request_id)
        try:
            future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self.enqueue(mutation, future)
            answer = await future
        except Exception as error:  # noqa: BLE001  # one defect must not stop the service; it is logged and answered as internal
            answer = failed_answer(mutation, error)
        _notify(self.listeners, mutation, answer)
        return answer


def _notify(listeners: list[Listener], mutation: Mutation, answer: Answer) -> None:
    for listener in listeners:
        listener(mutation.route.kind, answer.outcome, answer.replayed)


def failed_answer(mutation: Mutation, error: Exception) -> Answer:
    """What is answered where there is no decision: what the storage said, or `internal` after a line in the log."""
    if isinstance(error, StorageError):
        moved = "unknown" if error.ambiguous else "no"
        return refuse(Refusal(error.code, error.detail, money_moved=moved), mutation.request_id)
    _log.error("request %s failed", mutation.request_id, exc_info=error)
    return refuse(Refusal(Code.INTERNAL, "the request was rolled back", money_moved="no"), mutation.request_id)
