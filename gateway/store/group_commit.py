"""Group commit: whatever queued while the last commit ran is decided together, made durable once, then answered.

Statements run in the event loop and only the commit (the fsync) in a thread, because a writer thread fights the loop for
the interpreter lock. A batch of one commits in the loop: nobody else is waiting, and the hop would be its whole delay. So does
every batch of a process that does nothing else.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Generic, Protocol, TypeVar

from gateway.errors import Code
from gateway.store.connections import storage_code
from gateway.store.port import StorageError

STOPPED = (
    "a commit could not be made durable ({error}), so nothing more is acknowledged; "
    "check the disk, then stop the gateway and start it again"
)

MAX_BATCH = 512
"""The most requests that one transaction decides: what more there is waits for the next."""

_log = logging.getLogger(__name__)

Request = TypeVar("Request")
Result = TypeVar("Result")
Result_contra = TypeVar("Result_contra", contravariant=True)


class Waiter(Protocol[Result_contra]):
    """Receives the result of a request; a future is one."""

    def done(self) -> bool:
        """Whether nobody waits for the result any more."""

    def set_result(self, result: Result_contra, /) -> None:
        """It is decided, and durable."""

    def set_exception(self, exception: Exception, /) -> None:
        """It failed."""


class GroupCommit(Generic[Request, Result]):
    """Runs `decide` for each submitted request inside shared transactions on the one writing connection."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        decide: Callable[[Sequence[Request]], list[Result]],
        lock_wait_s: float,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self.in_loop = False
        """Whether every commit is made in the loop: right where nothing else runs in it, since a thread costs two switches."""
        self._connection = connection
        self._decide = decide
        self._lock_wait_s = lock_wait_s
        self._max_batch = max_batch
        self._queue: list[tuple[Request, Waiter[Result]]] = []
        self._wakeup = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.observe: Callable[[float, int], None] = lambda _seconds, _requests: None
        self.between: Callable[[int], None] = lambda _requests: None
        """Called with the number of requests of a batch, when it is over and the next transaction has not begun."""
        self.on_state: Callable[[], None] = lambda: None
        """Called when one of the following two changes."""
        self.held_up = False
        """Whether a batch waits for another program's lock, and all that is queued behind it too."""
        self.stopped: str | None = None
        """Why nothing is committed any more; None while commits are durable.

        After a failed sync the kernel takes what was not written for written, so that the next sync would succeed without it.
        Only a start, which writes the whole log once more (gateway/store/log_sync.py), knows again what is on the disk.
        """

    def start(self) -> None:
        """Begin to take work; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="group-commit")

    async def submit(self, request: Request) -> Result:
        """Decide `request` and return once the commit that holds it is durable.

        Raises StorageError, or whatever `decide` raised for this request alone.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.enqueue(request, future)
        return await future

    def enqueue(self, request: Request, waiter: Waiter[Result]) -> None:
        """The same, but `waiter` gets the result."""
        self._queue.append((request, waiter))
        self._wakeup.set()

    async def drain(self) -> None:
        """Finish what is queued, then stop."""
        self._closing = True
        self._wakeup.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wakeup.clear()
                await self._wakeup.wait()
                continue
            batch, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
            await self._settle_batch(batch)
            if self.in_loop:
                await asyncio.sleep(0)  # a commit in the loop lets nothing else run: send the answers, receive what came
            self.between(len(batch))

    async def _settle_batch(self, batch: list[tuple[Request, Waiter[Result]]]) -> None:
        try:
            results = await self._transact([request for request, _ in batch])
        except StorageError as failure:
            _fail(batch, failure)
        except Exception as error:  # noqa: BLE001  # one request's defect must not take the others with it
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for item in batch:
                    await self._settle_batch([item])
        else:
            for (_, waiter), result in zip(batch, results, strict=True):
                if not waiter.done():  # the caller may have gone away; the effect stands and its key replays it
                    waiter.set_result(result)

    async def _transact(self, requests: Sequence[Request]) -> list[Result]:
        loop = asyncio.get_running_loop()
        if self.stopped is not None:  # the key may be that of a request in doubt
            raise StorageError(Code.STORAGE_UNUSABLE, self.stopped, ambiguous=True)
        await self._begin()
        try:
            results = self._decide(requests)
        except sqlite3.Error as error:
            self._rollback()
            code = storage_code(error)
            if code is None:
                raise
            raise StorageError(code, str(error)) from error
        except BaseException:
            self._rollback()
            raise
        try:
            began = perf_counter()  # not the loop's clock, which stands still while we block it
            if self.in_loop or (len(requests) == 1 and not self._queue):
                self._connection.execute("COMMIT")
            else:
                await loop.run_in_executor(None, self._connection.execute, "COMMIT")
            self.observe(perf_counter() - began, len(requests))
        except sqlite3.Error as error:
            self._rollback()
            code = storage_code(error) or Code.STORAGE_UNUSABLE
            # A full disk is met while the log is written, before its commit frame: nothing happened. After any other
            # failure the frame may be on the disk, and the next start may find it.
            if code is not Code.STORAGE_UNUSABLE:
                raise StorageError(code, str(error)) from error
            self._stop(str(error))
            raise StorageError(code, str(error), ambiguous=True) from error
        return results

    async def _begin(self) -> None:
        """Take the write lock; another program may hold it for a while, which must not stop the loop."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._lock_wait_s
        pause = 0.001
        try:
            while True:
                try:
                    self._connection.execute("BEGIN IMMEDIATE")
                except sqlite3.Error as error:
                    code = storage_code(error) or Code.STORAGE_UNUSABLE
                    if code is not Code.STORAGE_BUSY or loop.time() >= deadline:
                        raise StorageError(code, str(error)) from error
                    self._hold_up(True)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 0.05)
                else:
                    return
        finally:
            self._hold_up(False)

    def _hold_up(self, held_up: bool) -> None:
        if held_up is not self.held_up:
            self.held_up = held_up
            self.on_state()

    def _stop(self, error: str) -> None:
        self.stopped = STOPPED.format(error=error)
        _log.error("%s", self.stopped)
        self.on_state()

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _fail(batch: list[tuple[Request, Waiter[Result]]], error: Exception) -> None:
    for _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(error)
