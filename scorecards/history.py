"""The official verdicts, week by week, in SQLite: what was official once is never changed."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnknownProblem, UnverifiedProblem, UsageProblem
from scorecards.folder import read_scorecard
from scorecards.schema import Scorecard, Standing
from scorecards.streak import not_passed, state_of
from scorecards.weekly import PastWeek

FILE = "history.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS scorecards (
  id INTEGER PRIMARY KEY,
  target TEXT NOT NULL,
  week TEXT NOT NULL,
  official INTEGER NOT NULL CHECK (official IN (0, 1)),
  decision TEXT NOT NULL,
  evaluated_at TEXT NOT NULL,
  yaml_sha256 TEXT NOT NULL,
  yaml BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_official_verdict ON scorecards (target, week) WHERE official = 1;
CREATE TRIGGER IF NOT EXISTS official_is_not_updated BEFORE UPDATE ON scorecards WHEN OLD.official = 1
BEGIN SELECT RAISE(ABORT, 'an official scorecard cannot be changed'); END;
CREATE TRIGGER IF NOT EXISTS official_is_not_deleted BEFORE DELETE ON scorecards WHEN OLD.official = 1
BEGIN SELECT RAISE(ABORT, 'an official scorecard cannot be deleted'); END;
"""


class History:
    """The scorecards of one state folder; open it with `open_history`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def official(self, target: str, until: str) -> list[tuple[PastWeek, bytes]]:
        """The official weeks of a target up to and with the week `until`, oldest first, each with its YAML.

        Raises UnverifiedProblem where a row does not match its digest: it was changed past the triggers.
        """
        where = "official = 1 AND target = ? AND week <= ?"
        rows = self._database.table("scorecards").rows_where(where, [target, until], order_by="week")
        return [_checked(row) for row in rows]

    def rows(self, target: str | None) -> list[dict[str, object]]:
        """What was evaluated and when, newest week first, without the YAML."""
        select = "id, target, week, official, decision, evaluated_at, yaml_sha256"
        where, values = ("target = ?", [target]) if target else ("1", [])
        order = "week DESC, evaluated_at DESC, id DESC"
        return list(self._database.table("scorecards").rows_where(where, values, select=select, order_by=order))

    def add(self, scorecard: Scorecard, yaml_bytes: bytes) -> None:
        """Keep one evaluation; the week's second official one is refused by the database."""
        spec = scorecard.spec
        row = {
            "target": spec.target,
            "week": spec.week,
            "official": int(spec.standing is Standing.OFFICIAL),
            "decision": spec.decision.value,
            "evaluated_at": spec.evaluated_at,
            "yaml_sha256": sha256_hex(yaml_bytes),
            "yaml": yaml_bytes,
        }
        self._database.table("scorecards").insert(row)


@contextmanager
def open_history(home: Path) -> Iterator[History]:
    """The history of a state folder, locked in one transaction: what is read here is still true when a row is added."""
    with _explained(home / FILE), closing(sqlite3.connect(home / FILE, isolation_level=None, timeout=30)) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        yield History(Database(connection))
        connection.execute("COMMIT")


@contextmanager
def read_history(home: Path) -> Iterator[History]:
    """The same for reading only, in a folder that may be read-only; empty where nothing was kept yet."""
    path = home / FILE
    where = f"{path.absolute().as_uri()}?mode=ro" if path.exists() else "file::memory:"
    with _explained(path), closing(sqlite3.connect(where, uri=True, timeout=30)) as connection:
        if not path.exists():
            connection.executescript(_SCHEMA)
        yield History(Database(connection))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise what SQLite says as a problem that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise UsageProblem(f"{path}: {error}", next_step="GONOGO_HOME names a state folder that can be written to") from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise UnknownProblem(f"{path}: {error}", next_step="another review may hold it, or the disk is full") from error
        hint = "if it is damaged, move it away, and the streak starts again"
        raise UnverifiedProblem(f"{path}: {error}", next_step=hint) from error


def history_text(rows: Sequence[Mapping[str, object]], output_format: str) -> str:
    """The rows as text, or as JSON."""
    if output_format == "json":
        return canonical_json([{**row, "official": bool(row["official"])} for row in rows]).decode() + "\n"
    if not rows:
        return "no scorecard was built yet\n"
    lines = [f"{'week':<9} {'target':<12} {'standing':<9} {'decision':<15} {'evaluated':<25} sha256 of scorecard.yaml"]
    for row in rows:
        standing = Standing.OFFICIAL if row["official"] else Standing.PREVIEW
        head = f"{row['week']:<9} {row['target']:<12} {standing.value:<9} {row['decision']:<15}"
        lines.append(f"{head} {row['evaluated_at']:<25} {row['yaml_sha256']}")
    return "\n".join(lines) + "\n"


def to_past(scorecard: Scorecard, yaml_sha256: str) -> PastWeek:
    """What later weeks need to know of an official scorecard."""
    spec = scorecard.spec
    return PastWeek(
        week=spec.week,
        state=state_of(spec.decision, spec.exit_code),
        decision=spec.decision,
        evaluated_at=spec.evaluated_at,
        yaml_sha256=yaml_sha256,
        bar=spec.bar.state,
        not_passed=not_passed(spec.gates),
    )


def _checked(row: dict[str, object]) -> tuple[PastWeek, bytes]:
    data = row["yaml"]
    assert isinstance(data, bytes), "the column is a blob"
    found = sha256_hex(data)
    if found != row["yaml_sha256"]:
        raise UnverifiedProblem(f"{FILE}: the scorecard of {row['week']} has the sha256 {found}, not {row['yaml_sha256']}")
    return to_past(read_scorecard(data, f"{FILE}: {row['week']}"), found), data
