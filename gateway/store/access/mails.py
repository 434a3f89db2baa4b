"""The outbox: mails to be sent, which a worker takes when they are due."""

import sqlite3

from gateway.store.access_rows import MailRow, MailsLine, NewMail

_COLUMNS = ", ".join(MailRow.__struct_fields__)


class MailStore:
    """Statements on mails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, row: NewMail) -> None:
        """Queue a mail, due at once."""
        sql = """
        INSERT INTO mails (mail_id, sign_in_id, address, kind, created_at, due_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
        """
        self._execute(sql, (row.mail_id, row.sign_in_id, row.address, row.kind, row.created_at, row.expires_at))

    def due(self, now: str, limit: int) -> list[MailRow]:
        """Queued mails whose time has come, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM mails WHERE state = 'queued' AND due_at <= ? ORDER BY due_at, mail_id LIMIT ?"  # noqa: S608  # our own names
        return [MailRow(*row) for row in self._execute(sql, (now, limit))]

    def next_due(self) -> str | None:
        """When the next queued mail is due; None where nothing waits."""
        row = self._execute("SELECT min(due_at) FROM mails WHERE state = 'queued'").fetchone()
        return None if row[0] is None else str(row[0])

    def find(self, mail_id: str) -> MailRow | None:
        """A mail."""
        row = self._execute(f"SELECT {_COLUMNS} FROM mails WHERE mail_id = ?", (mail_id,)).fetchone()  # noqa: S608  # our own names
        return None if row is None else MailRow(*row)

    def summary(self) -> list[MailsLine]:
        """The mails by state and last code."""
        sql = "SELECT state, last_code, count(*), min(created_at) FROM mails GROUP BY state, last_code ORDER BY state, last_code"
        return [MailsLine(*row) for row in self._execute(sql)]

    def take(self, mail_id: str, due_at: str) -> None:
        """A try begins; without a result the mail is due again then."""
        sql = "UPDATE mails SET tries = tries + 1, due_at = ? WHERE mail_id = ? AND state = 'queued'"
        self._execute(sql, (due_at, mail_id))

    def sent(self, mail_id: str) -> None:
        """It was handed over."""
        self._execute("UPDATE mails SET state = 'sent' WHERE mail_id = ? AND state = 'queued'", (mail_id,))

    def failed(self, mail_id: str, code: str) -> None:
        """It will not be sent: `code` says why."""
        sql = "UPDATE mails SET state = 'failed', last_code = ? WHERE mail_id = ? AND state = 'queued'"
        self._execute(sql, (code, mail_id))

    def again(self, mail_id: str, due_at: str, code: str) -> None:
        """A try failed; the next one is due later."""
        sql = "UPDATE mails SET due_at = ?, last_code = ? WHERE mail_id = ? AND state = 'queued'"
        self._execute(sql, (due_at, code, mail_id))
