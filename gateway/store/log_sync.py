"""Before anything is read from a log that an earlier start left: is all of it on the disk?

After a sync that failed, the kernel takes what was not written for written: programs see it, the next sync succeeds, and the next
loss of power takes it. A gateway that was killed then leaves a log whose last commits are such pages. Recovery would find them,
answer from them, and move them into the database next to a log on the disk that ends before them: after a loss of power SQLite
would put that log's older pages over newer ones. So the log is written once more, with the bytes that it has, and synced.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from gateway.errors import StartProblem
from gateway.store.in_use import InUse

_CHUNK = 1 << 20


def require_durable_log(path: Path, connection: sqlite3.Connection) -> None:
    """Write the log of the database at `path` once more and sync it, unless a gateway works on it: that one has synced it.

    Raises StartProblem where the disk refuses, and closes the connection; sqlite3.Error where the database cannot be locked.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return
    mark = InUse(path)
    try:
        if mark.alone:
            connection.execute("BEGIN IMMEDIATE")  # nobody appends to the log meanwhile
            _write_again(log)
            connection.execute("ROLLBACK")
    except OSError as error:
        _close_as_it_is(path, connection)
        raise StartProblem(
            f"{path}: its log cannot be made durable ({error.strerror}); see what the system's log reports of the disk, "
            "replace the disk or make room, then start again"
        ) from None
    finally:
        mark.close()


def _write_again(log: Path) -> None:
    handle = os.open(log, os.O_RDWR | os.O_CLOEXEC)
    try:
        at = 0
        while chunk := os.pread(handle, _CHUNK, at):
            at += os.pwrite(handle, chunk, at)
        os.fsync(handle)
    finally:
        os.close(handle)


def _close_as_it_is(path: Path, connection: sqlite3.Connection) -> None:
    """Close the connection, and leave the log alone: only the last connection to close moves it, and only one that may write."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as last:
        last.execute("SELECT 1 FROM sqlite_schema").fetchone()
        connection.close()
