"""One database file, opened to be written: what the engine and the commands that run while a gateway may run work on."""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gateway.receipts.batch_signer import BatchSigner
from gateway.store.batch import SqliteBatch
from gateway.store.checkpoint import Checkpoints
from gateway.store.connections import open_writer, own_transaction
from gateway.store.group_commit import GroupCommit
from gateway.store.in_use import InUse
from gateway.store.migrations import migrate
from gateway.store.transaction import SqliteTransaction

_log = logging.getLogger(__name__)

Request = TypeVar("Request")
Result = TypeVar("Result")


class SqliteStore:
    """The database at `path`, brought up to this release's schema.

    Raises StartProblem, with what to do, where it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        migrate(path)
        self._path, self._writer = path, open_writer(path)
        self._checkpoints: Checkpoints | None = None
        self._in_use: InUse | None = None

    def batch(self, signer: BatchSigner) -> SqliteBatch:
        """The transaction in which a group commit decides, one batch after another."""
        return SqliteBatch(self._writer, signer)

    def group_commit(
        self, decide: Callable[[Sequence[Request]], list[Result]], lock_wait_s: float
    ) -> GroupCommit[Request, Result]:
        """What runs `decide` for requests that come together, and commits once for all of them."""
        return GroupCommit(self._writer, decide, lock_wait_s)

    def checkpoints(self) -> Callable[[int], None]:
        """Begin to move the log into the database between batches; the group commit calls what is returned after each."""
        self._checkpoints = Checkpoints(self._path, self._writer)
        return self._checkpoints.between

    def mark_in_use(self) -> bool:
        """Mark the database as used until `drain`; whether this process is the only one that did."""
        self._in_use = InUse(self._path)
        return self._in_use.alone

    @contextlib.contextmanager
    def alone(self) -> Iterator[SqliteTransaction]:
        """One transaction outside the group commit; raises StartProblem where it cannot be."""
        with own_transaction(self._path, self._writer):
            yield SqliteTransaction(self._writer)

    async def drain(self) -> None:
        """Move what is left of the log into the database, and close it; where the disk is full the log stays as it is."""
        if self._checkpoints is not None:
            await self._checkpoints.close()
        try:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _log.warning("the write-ahead log stays next to the database (%s); nothing is lost, the next start reads it", error)
        self._writer.close()
        if self._in_use is not None:
            self._in_use.close()

    def close(self) -> None:
        """Close it as it is: a gateway that runs goes on with it."""
        self._writer.close()


@contextlib.contextmanager
def one_transaction(path: Path) -> Iterator[SqliteTransaction]:
    """One transaction on the database at `path`, whether or not a gateway runs on it; raises StartProblem."""
    with contextlib.closing(SqliteStore(path)) as store, store.alone() as tx:
        yield tx
