"""Challenges: stored without their code, used by one conditional update."""

import sqlite3

from msgspec.structs import astuple

from gateway.store.access_rows import MOST_TRIES, SignInRow

_COLUMNS = ", ".join(SignInRow.__struct_fields__)
_MARKS = ", ".join("?" * len(SignInRow.__struct_fields__))


class SignInStore:
    """Statements on sign_ins."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, row: SignInRow) -> None:
        """Store a challenge."""
        self._execute(f"INSERT INTO sign_ins ({_COLUMNS}) VALUES ({_MARKS})", astuple(row))  # noqa: S608  # our own column names

    def find(self, sign_in_id: str) -> SignInRow | None:
        """A challenge."""
        sql = f"SELECT {_COLUMNS} FROM sign_ins WHERE sign_in_id = ?"  # noqa: S608  # our own column names
        row = self._execute(sql, (sign_in_id,)).fetchone()
        return None if row is None else SignInRow(*row)

    def use(self, sign_in_id: str, now: str) -> bool:
        """Mark a challenge as used; False where it was used, has expired or is locked: one conditional update decides."""
        sql = "UPDATE sign_ins SET used_at = ?2 WHERE sign_in_id = ?1 AND used_at IS NULL AND tries < ?3 AND expires_at > ?2"
        return self._execute(sql, (sign_in_id, now, MOST_TRIES)).rowcount == 1

    def add_try(self, sign_in_id: str) -> None:
        """Count a wrong code."""
        self._execute("UPDATE sign_ins SET tries = tries + 1 WHERE sign_in_id = ?", (sign_in_id,))

    def sent_again(self, sign_in_id: str, now: str) -> None:
        """Its code was sent once more."""
        self._execute("UPDATE sign_ins SET sent_at = ? WHERE sign_in_id = ?", (now, sign_in_id))

    def purge(self, expired_until: str, limit: int) -> int:
        """Delete challenges that expired before a moment, with their mails; returns how many."""
        old = "SELECT sign_in_id FROM sign_ins WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
        self._execute(f"DELETE FROM mails WHERE sign_in_id IN ({old})", (expired_until, limit))  # noqa: S608  # our own text
        return self._execute(f"DELETE FROM sign_ins WHERE sign_in_id IN ({old})", (expired_until, limit)).rowcount  # noqa: S608  # our own text

    def forget(self, address_hash: str) -> None:
        """Delete the challenges of an address, with their mails."""
        theirs = "SELECT sign_in_id FROM sign_ins WHERE address_hash = ?"
        self._execute(f"DELETE FROM mails WHERE sign_in_id IN ({theirs})", (address_hash,))  # noqa: S608  # our own text
        self._execute("DELETE FROM sign_ins WHERE address_hash = ?", (address_hash,))
