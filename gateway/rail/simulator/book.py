"""The rail's own book: what it really did, durable before it answers, in a file that shares nothing with the gateway's."""

import sqlite3
from pathlib import Path
from typing import Literal

import msgspec

from gateway.private_file import make_private

Status = Literal["pending", "succeeded", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
  number INTEGER PRIMARY KEY,
  rail_id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL,
  payee TEXT NOT NULL,
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  reason TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS charges_by_key ON charges (key);
CREATE TABLE IF NOT EXISTS lines (
  seq INTEGER PRIMARY KEY,
  rail_id TEXT NOT NULL REFERENCES charges (rail_id),
  status TEXT NOT NULL CHECK (status IN ('succeeded', 'failed')),
  at TEXT NOT NULL,
  UNIQUE (rail_id, status)
) STRICT;
"""
_CHARGE = "SELECT rail_id, key, payee, amount, currency, status, reason, at FROM charges"


class Charge(msgspec.Struct, frozen=True):
    """A charge as the rail shows it."""

    rail_id: str
    key: str
    payee: str
    amount: str
    currency: str
    status: Status
    reason: str | None
    at: str


class Line(msgspec.Struct, frozen=True):
    """One line of the exported book: a charge that became final."""

    seq: int
    rail_id: str
    key: str
    payee: str
    amount: str
    currency: str
    status: Status
    at: str


class Book:
    """Charges, and the lines of those that are final."""

    def __init__(self, path: Path) -> None:
        make_private(path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._execute = self._connection.execute
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def find(self, key: str) -> Charge | None:
        """The first charge that was made with this key."""
        row = self._execute(f"{_CHARGE} WHERE key = ? ORDER BY number LIMIT 1", (key,)).fetchone()
        return None if row is None else Charge(*row)

    def add(self, charge: Charge) -> None:
        """Write a new charge, and its line if it is final, in one commit."""
        names = ", ".join(Charge.__struct_fields__)
        with self._connection:
            self._execute("BEGIN IMMEDIATE")
            self._execute(f"INSERT INTO charges ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(charge))  # noqa: S608  # our own column names
            self._finish(charge)

    def decide(self, key: str, status: Status, reason: str | None, at: str) -> Charge | None:
        """Make a pending charge final, or a failed one a late success; None where there is no such charge to change."""
        charge = self.find(key)
        if charge is None or status == "pending" or charge.status in ("succeeded", status):
            return None
        changed = msgspec.structs.replace(charge, status=status, reason=reason, at=at)
        with self._connection:
            self._execute("BEGIN IMMEDIATE")
            sql = "UPDATE charges SET status = ?, reason = ?, at = ? WHERE rail_id = ?"
            self._execute(sql, (status, reason, at, charge.rail_id))
            self._finish(changed)
        return changed

    def lines(self, after: int, limit: int) -> list[Line]:
        """Lines after a sequence number."""
        sql = """
        SELECT l.seq, c.rail_id, c.key, c.payee, c.amount, c.currency, l.status, l.at
        FROM lines AS l JOIN charges AS c ON c.rail_id = l.rail_id WHERE l.seq > ? ORDER BY l.seq LIMIT ?
        """
        return [Line(*row) for row in self._execute(sql, (after, limit))]

    def charges(self) -> int:
        """How many charges were made."""
        return int(self._execute("SELECT count(*) FROM charges").fetchone()[0])

    def _finish(self, charge: Charge) -> None:
        if charge.status != "pending":
            sql = "INSERT INTO lines (rail_id, status, at) VALUES (?, ?, ?)"
            self._execute(sql, (charge.rail_id, charge.status, charge.at))
