"""One database file, opened to be written: what the engine and the commands that run while a gateway may run work on."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gateway.receipts.batch_signer import Signatures
from gateway.store.batch import SqliteBatch
from gateway.store.checkpoint import Checkpoints
from gateway.store.connections import open_writer, own_transaction
from gateway.store.group_commit import GroupCommit
from gateway.store.migrations import migrate
from gateway.store.transaction import SqliteTransaction

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

    def batch(self, signatures: Signatures) -> SqliteBatch:
        """The transaction in which a group commit decides, one batch after another."""
        return SqliteBatch(self._writer, signatures)

    def group_commit(
        self, decide: Callable[[Sequence[Request]], list[Result]], lock_wait_s: float
    ) -> GroupCommit[Request, Result]:
        """What runs `decide` for requests that come together, and commits once for all of them."""
        return GroupCommit(self._writer, decide, lock_wait_s)

    def checkpoints(self) -> Callable[[int], None]:
        """Begin to move the log into the database between batches; the group commit calls what is returned after each."""
        self._checkpoints = Checkpoints(self._path, self._writer)
        return self._checkpoints.between

    @contextlib.contextmanager
    def alone(self) -> Iterator[SqliteTransaction]:
        """One transaction outside the group commit; raises StartProblem where it cannot be."""
        with own_transaction(self._path, self._writer):
            yield SqliteTransaction(self._writer)

    async def drain(self) -> None:
        """Move what is left of the log into the database, and close it."""
        if self._checkpoints is not None:
            await self._checkpoints.close()
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writer.close()

    def close(self) -> None:
        """Close it as it is: a gateway that runs goes on with it."""
        self._writer.close()


@contextlib.contextmanager
def one_transaction(path: Path) -> Iterator[SqliteTransaction]:
    """One transaction on the database at `path`, whether or not a gateway runs on it; raises StartProblem."""
    with contextlib.closing(SqliteStore(path)) as store, store.alone() as tx:
        yield tx
