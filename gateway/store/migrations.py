"""The schema's history. A migration whose name contains `expand` only adds: older releases run on its result."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gateway.settings import StartProblem
from gateway.store.connections import open_writer, start_text

migrations = Migrations("gateway")


@migrations()
def m001_create(db: Database) -> None:
    """All tables, indexes and triggers of the first release."""
    for statement in _statements(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")):
        db.execute(statement)


def migrate(path: Path) -> tuple[str, ...]:
    """Bring the database at `path` to this release's schema; returns the names of the migrations that were applied now.

    Raises StartProblem for a file that is not usable, or whose schema is newer in a way that this release cannot run on.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartProblem(f"{path.parent}: cannot be made: {error.strerror}") from None
    connection = open_writer(path)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        database = Database(connection)
        _refuse_newer(path, database)
        pending = tuple(item.name for item in migrations.pending(database))
        migrations.apply(database)
    except sqlite3.Error as error:
        raise StartProblem(start_text(path, error)) from None
    finally:
        connection.close()
    return pending


def _refuse_newer(path: Path, database: Database) -> None:
    known = {item.name for item in migrations._migrations}  # noqa: SLF001  # the library lists them nowhere else
    unknown = [item.name for item in migrations.applied(database) if item.name not in known and "expand" not in item.name]
    if unknown:
        names = ", ".join(unknown)
        raise StartProblem(f"{path}: a newer release changed it ({names}) so that this one cannot run; start the newer release")


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements; triggers hold semicolons, so SQLite itself says where a statement ends."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip(), "the schema ends in the middle of a statement"
