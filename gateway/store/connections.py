"""Opening the database: the settings that make an answered commit durable, and clear words where it cannot be used."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway.errors import Code, StartProblem
from gateway.store.port import StorageError

_CACHE_KB = 16_384
"""Pages that a connection keeps, in KiB: room for what the largest batch dirties, and little more. SQLite walks through all of
them in every commit that split pages out of order (it swaps two by way of a number beyond the end), and what is not among them
the system has anyway."""

_STORAGE_CODES = {
    sqlite3.SQLITE_BUSY: Code.STORAGE_BUSY,
    sqlite3.SQLITE_LOCKED: Code.STORAGE_BUSY,
    sqlite3.SQLITE_FULL: Code.STORAGE_FULL,
    sqlite3.SQLITE_IOERR: Code.STORAGE_UNUSABLE,
    sqlite3.SQLITE_CORRUPT: Code.STORAGE_UNUSABLE,
    sqlite3.SQLITE_NOTADB: Code.STORAGE_UNUSABLE,
    sqlite3.SQLITE_READONLY: Code.STORAGE_UNUSABLE,
    sqlite3.SQLITE_CANTOPEN: Code.STORAGE_UNUSABLE,
}


def storage_code(error: sqlite3.Error) -> Code | None:
    """Which refusal an SQLite error means to the caller; None for a defect of ours, such as a broken constraint."""
    number = getattr(error, "sqlite_errorcode", None)
    return None if number is None else _STORAGE_CODES.get(number & 0xFF)


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes. WAL with synchronous=FULL: a commit that returned survives loss of power.

    Transactions are begun by hand (autocommit mode), and waiting for locks is the caller's: it must not block the loop.
    """
    connection = _connect(path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 40000")  # 160 MB: what gateway/store/checkpoint.py left undone
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA secure_delete = ON")  # a forgotten address leaves no bytes; Debian's SQLite does it anyway
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; it sees every commit made before its statement began."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA busy_timeout = 2000")
    return connection


class Rows(list[tuple[Any, ...]]):
    """A whole result, as a cursor hands it out."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Its first row."""
        return self[0] if self else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All of them."""
        return self


class Reader:
    """A reading connection as statements use it: whole results at once, and StorageError in place of the driver's errors."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.close = connection.close

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Rows:
        """The rows of one statement."""
        try:
            return Rows(self._connection.execute(sql, parameters).fetchall())
        except sqlite3.Error as error:
            code = storage_code(error)
            if code is None and hasattr(error, "sqlite_errorcode"):
                raise  # a defect of ours
            raise StorageError(code or Code.STORAGE_UNUSABLE, str(error)) from error


@contextlib.contextmanager
def own_transaction(path: Path, connection: sqlite3.Connection, wait_ms: int = 10_000) -> Iterator[None]:
    """One transaction outside the group commit, while a gateway may run: waits for its lock, commits, or rolls back.

    Raises StartProblem where the database at `path` cannot be used.
    """
    try:
        connection.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StartProblem(start_text(path, error)) from None
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA busy_timeout = 0")


def _connect(path: Path) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=5.0)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise StartProblem(f"{path}: this file system cannot hold a write-ahead log; use a local disk")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except (sqlite3.Error, StartProblem) as error:
        if connection is not None:
            connection.close()
        raise (error if isinstance(error, StartProblem) else StartProblem(start_text(path, error))) from None
    return connection


def start_text(path: Path, error: sqlite3.Error) -> str:
    """The message for the operator who starts the gateway on a database that cannot be used."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{path}: not a usable SQLite database ({error}); restore it from a backup, see runbooks/rollback.md"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path}: locked by another program; end that program, then start again"
        case sqlite3.SQLITE_FULL:
            return f"{path}: the disk is full; make room, then start again"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR:
            return f"{path}: cannot be opened for writing ({error}); check the folder, its owner and its mode"
        case _:
            return f"{path}: {error}"
