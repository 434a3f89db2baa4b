"""What is counted against addresses and networks: a row an event, which goes after a day."""

import sqlite3

from gateway.store.access_rows import Counted


class ThrottleStore:
    """Statements on throttles and failures_in_row."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, subject: str, kind: Counted, now: str) -> None:
        """Count one event."""
        self._execute("INSERT INTO throttles (subject, kind, at) VALUES (?, ?, ?)", (subject, kind, now))

    def newest(self, subject: str, kind: Counted, since: str, limit: int) -> list[str]:
        """When the newest events after `since` happened, newest first."""
        sql = "SELECT at FROM throttles WHERE subject = ? AND kind = ? AND at > ? ORDER BY at DESC LIMIT ?"
        return [str(row[0]) for row in self._execute(sql, (subject, kind, since, limit))]

    def failures_in_row(self, address_hash: str) -> int:
        """Wrong codes since the last right one."""
        row = self._execute("SELECT failures FROM failures_in_row WHERE address_hash = ?", (address_hash,)).fetchone()
        return 0 if row is None else int(row[0])

    def fail(self, address_hash: str, now: str) -> None:
        """Count a wrong code, in the row and within the day."""
        sql = """
        INSERT INTO failures_in_row (address_hash, failures, at) VALUES (?1, 1, ?2)
        ON CONFLICT (address_hash) DO UPDATE SET failures = failures + 1, at = excluded.at
        """
        self._execute(sql, (address_hash, now))
        self.add(address_hash, "failed", now)

    def succeed(self, address_hash: str) -> None:
        """A right code ends the row."""
        self._execute("DELETE FROM failures_in_row WHERE address_hash = ?", (address_hash,))

    def forget(self, address_hash: str) -> None:
        """Delete everything that was counted against an address."""
        self.succeed(address_hash)
        self._execute("DELETE FROM throttles WHERE subject = ?", (address_hash,))

    def purge(self, until: str, limit: int) -> int:
        """Delete events before a moment; returns how many."""
        sql = "DELETE FROM throttles WHERE rowid IN (SELECT rowid FROM throttles WHERE at <= ? ORDER BY at LIMIT ?)"
        return self._execute(sql, (until, limit)).rowcount

    def purge_rows(self, until: str, fewer_than: int, limit: int) -> int:
        """Delete rows of failures whose last one is older, but for those that lock their address; returns how many."""
        old = "SELECT address_hash FROM failures_in_row WHERE at <= ? AND failures < ? ORDER BY at LIMIT ?"
        return self._execute(f"DELETE FROM failures_in_row WHERE address_hash IN ({old})", (until, fewer_than, limit)).rowcount  # noqa: S608  # our own text
