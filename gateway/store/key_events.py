"""The life of the receipt keys, in the journal's own order."""

import sqlite3

from gateway.store.rows import KeyEvent


class KeyEvents:
    """Statements on key_events; each event stands at the position of the operation that recorded it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def newest(self) -> int:
        """The position of the newest event, 0 where there is none; read once a batch, so it must stay cheap."""
        return int(self._execute("SELECT coalesce(max(seq), 0) FROM key_events").fetchone()[0])

    def all(self) -> tuple[KeyEvent, ...]:
        """Every event, oldest first."""
        rows = self._execute("SELECT seq, keyid, event, at, x FROM key_events ORDER BY seq").fetchall()
        return tuple(KeyEvent(*row) for row in rows)

    def add(self, event: KeyEvent) -> None:
        """Record an event; the operation of its position must have been written before."""
        sql = "INSERT INTO key_events (seq, keyid, event, at, x) VALUES (?, ?, ?, ?, ?)"
        self._execute(sql, (event.seq, event.keyid, event.event, event.at, event.x))
