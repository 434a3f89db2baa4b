"""The schema's history. A migration whose name contains `expand` only adds: older releases run on its result.

Constraints and triggers are what holds when code is wrong, so a database without them, or with others, is not served.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gateway.errors import StartProblem
from gateway.private_file import make_private
from gateway.store.connections import open_writer, start_text
from gateway.store.log_sync import require_durable_log

_EARLIER = {"m001_create"}
"""What builds before the first release have applied; their tables are others."""

_MOST_NAMED = 3
"""Differences that are named at the start; one is enough to know that it is another build's."""

migrations = Migrations("gateway")


@migrations()
def m001_first_release(db: Database) -> None:
    """All tables, indexes and triggers of the first release."""
    _run(db, "schema.sql")


@migrations()
def m002_expand_access(db: Database) -> None:
    """The tables of access: sign-ins, people, sessions, mail, bootstrap keys, sign-up, cohorts, funnel."""
    _run(db, "m002_expand_access.sql")


def migrate(path: Path) -> tuple[str, ...]:
    """Bring the database at `path` to this release's schema; returns the names of the migrations that were applied now.

    Raises StartProblem for a file that is not usable, whose log cannot be made durable, whose schema is newer in a way that this
    release cannot run on, or whose tables, indexes or triggers are not those that its migrations make.
    """
    make_private(path)
    connection = open_writer(path)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        require_durable_log(path, connection)
        database = Database(connection)
        newer = _newer(path, database)
        pending = tuple(item.name for item in migrations.pending(database))
        migrations.apply(database)
        _refuse_altered(path, database, grown=bool(newer))
    except sqlite3.Error as error:
        raise StartProblem(start_text(path, error)) from None
    finally:
        connection.close()
    return pending


def _newer(path: Path, database: Database) -> list[str]:
    """The migrations of a newer release that only add; raises StartProblem where there are others."""
    known = {item.name for item in migrations._migrations}  # noqa: SLF001  # the library lists them nowhere else
    applied = [item.name for item in migrations.applied(database)]
    if not _EARLIER.isdisjoint(applied):
        raise StartProblem(
            f"{path}: written by an earlier build, which this one cannot read; start the build that wrote it, "
            "or move the file and its signing key away and start again with a new one"
        )
    newer = [name for name in applied if name not in known]
    unknown = [name for name in newer if "expand" not in name]
    if unknown:
        names = ", ".join(unknown)
        raise StartProblem(f"{path}: a newer release changed it ({names}) so that this one cannot run; start the newer release")
    return newer


def _refuse_altered(path: Path, database: Database, *, grown: bool) -> None:
    """Raise StartProblem unless tables, indexes and triggers are as made; one that has `grown` may have wider ones, and more."""
    theirs, ours = _objects(database), _made()
    altered = [what for what, made_by in ours.items() if theirs.get(what) != made_by]
    if grown:
        altered = [what for what in altered if not (what.startswith("table ") and what in theirs)]
    else:
        altered += [what for what in theirs if what.startswith("trigger ") and what not in ours]
    if altered:
        more = f" and {len(altered) - _MOST_NAMED} more" if len(altered) > _MOST_NAMED else ""
        differs = f"not as this release makes it: {', '.join(sorted(altered)[:_MOST_NAMED])}{more}"
        raise StartProblem(f"{path}: {differs}; start the build that made it, or restore a backup, see runbooks/rollback.md")


@cache
def _made() -> dict[str, str]:
    """What the migrations make; they are the same as long as the process runs."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        made = Database(connection)
        migrations.apply(made)
        return _objects(made)


def _objects(database: Database) -> dict[str, str]:
    """What a database consists of, such as `table wallets`, and the statements that made it; the library's own table apart."""
    found = database.execute(
        "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql <> '' AND name <> '_sqlite_migrations'"
    )
    return dict(found.fetchall())


def _run(db: Database, name: str) -> None:
    for statement in _statements(Path(__file__).with_name(name).read_text(encoding="utf-8")):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements; triggers hold semicolons, so SQLite itself says where a statement ends."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip(), "the schema ends in the middle of a statement"
