"""Copying a database while a gateway works on it, and whether a copy is sound."""

import contextlib
import os
import sqlite3
from pathlib import Path

import msgspec

from gateway.errors import StartProblem
from gateway.private_file import make_private
from gateway.store.access import AccessStore
from gateway.store.connections import open_reader, start_text
from gateway.store.key_events import KeyEvents
from gateway.store.rows import KeyEvent

_LAST = "SELECT seq, at FROM operations ORDER BY seq DESC LIMIT 1"


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last row of the journal that a copy holds; 0 and "" for an empty journal."""

    seq: int
    at: str


class Copy(msgspec.Struct, frozen=True):
    """A copy: where its journal ends, the receipt key events in it, and what recognises its access key, where it has one."""

    journal: Snapshot
    key_events: tuple[KeyEvent, ...]
    access_key_check: bytes | None


def copy_database(source: Path, copy: Path) -> Copy:
    """Copy the database at `source`, as it is at one moment, into the new file `copy`: one file, without a log, and durable.

    A gateway goes on writing meanwhile; what it commits after that moment is not in the copy. Raises StartProblem.
    """
    if not source.is_file():
        raise StartProblem(f"{source}: there is no such database; name it with --db")
    if os.path.lexists(copy):
        raise StartProblem(f"{copy}: exists already; name another place")
    make_private(copy)
    try:
        with contextlib.closing(open_reader(source)) as reader, contextlib.closing(sqlite3.connect(copy)) as target:
            reader.backup(target)  # in one step: smaller ones begin again with each commit of the gateway
            target.execute("PRAGMA journal_mode = DELETE")
            found = Copy(_snapshot(target), KeyEvents(target).all(), _access_key_check(target))
        sync(copy)
    except sqlite3.Error as error:
        copy.unlink()
        raise StartProblem(start_text(source, error)) from None
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return found


def require_sound(path: Path, expected: Snapshot) -> None:
    """Raise StartProblem unless SQLite finds the database whole, and its journal ends where the backup says."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
            dangling = connection.execute("PRAGMA foreign_key_check")
            found += [f"{row[0]} names a row of {row[2]} that is not there" for row in dangling]
            snapshot = _snapshot(connection)
    except sqlite3.Error as error:
        raise StartProblem(start_text(path, error)) from None
    if found != ["ok"]:
        raise StartProblem(f"{path}: damaged: {'; '.join(found[:3])}; restore another backup")
    if snapshot != expected:
        raise StartProblem(
            f"{path}: its journal ends at {snapshot.seq}, and the backup says {expected.seq}; restore another backup"
        )


def sync(path: Path) -> None:
    """Make a file and its name durable."""
    for each, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        handle = os.open(each, flags | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _access_key_check(connection: sqlite3.Connection) -> bytes | None:
    """None in a database that no release with sign-ins has opened."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'access_key'").fetchone()
    return AccessStore(connection).key_check() if there else None


def _snapshot(connection: sqlite3.Connection) -> Snapshot:
    row = connection.execute(_LAST).fetchone()
    return Snapshot(0, "") if row is None else Snapshot(int(row[0]), str(row[1]))
