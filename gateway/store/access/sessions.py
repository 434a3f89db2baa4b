"""Sessions: only the hash of a token is stored."""

import sqlite3

from gateway.store.access_rows import EndedBy, NewSession, SessionRow

_SELECT = """
SELECT s.session_id, s.person_id, s.tenant_id, s.created_at, s.expires_at, s.seen_at, s.fresh_at, s.ended_at, s.ended_by,
  p.house_role, coalesce(t.rate_per_s, 0), coalesce(t.burst, 0),
  EXISTS (SELECT 1 FROM disabled_tenants AS d WHERE d.tenant_id = s.tenant_id)
FROM sessions AS s JOIN persons AS p ON p.person_id = s.person_id LEFT JOIN tenants AS t ON t.tenant_id = s.tenant_id
WHERE {column} = ?
"""
_BY_ID, _BY_TOKEN = _SELECT.format(column="s.session_id"), _SELECT.format(column="s.token_sha256")
_INSERT = """
INSERT INTO sessions (session_id, token_sha256, person_id, tenant_id, created_at, expires_at, seen_at, fresh_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?5)
"""
_LIVE = """
SELECT session_id FROM sessions WHERE person_id = ? AND ended_at IS NULL AND expires_at > ? AND seen_at > ?
ORDER BY created_at, session_id
"""


class SessionStore:
    """Statements on sessions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, row: NewSession) -> None:
        """Store a session; it counts as fresh, and as seen now."""
        whose = (row.session_id, row.token_sha256, row.person_id, row.tenant_id)
        self._execute(_INSERT, (*whose, row.created_at, row.expires_at))

    def find(self, session_id: str) -> SessionRow | None:
        """A session by its id."""
        row = self._execute(_BY_ID, (session_id,)).fetchone()
        return None if row is None else SessionRow(*row)

    def of_token(self, token_sha256: bytes) -> SessionRow | None:
        """A session by its token's hash."""
        row = self._execute(_BY_TOKEN, (token_sha256,)).fetchone()
        return None if row is None else SessionRow(*row)

    def live(self, person_id: str, now: str, seen_after: str) -> list[str]:
        """The ids of a person's sessions that are not over, oldest first."""
        return [str(row[0]) for row in self._execute(_LIVE, (person_id, now, seen_after))]

    def choose_tenant(self, session_id: str, tenant_id: str) -> None:
        """Let a session act in a tenant; a trigger wants its person to be a member."""
        self._execute("UPDATE sessions SET tenant_id = ? WHERE session_id = ?", (tenant_id, session_id))

    def refresh(self, session_id: str, now: str) -> None:
        """A code was confirmed: the session is fresh again."""
        self._execute("UPDATE sessions SET fresh_at = ?2, seen_at = max(seen_at, ?2) WHERE session_id = ?1", (session_id, now))

    def see(self, session_id: str, now: str) -> None:
        """The session was used; never back in time, and not once it has ended."""
        sql = "UPDATE sessions SET seen_at = ?2 WHERE session_id = ?1 AND seen_at < ?2 AND ended_at IS NULL"
        self._execute(sql, (session_id, now))

    def end(self, session_id: str, now: str, by: EndedBy) -> int:
        """End a session; 1, or 0 where it had ended."""
        return self._end("session_id", session_id, now, by)

    def end_of_person(self, person_id: str, now: str, by: EndedBy) -> int:
        """End all sessions of a person; how many."""
        return self._end("person_id", person_id, now, by)

    def end_of_tenant(self, tenant_id: str, now: str) -> int:
        """End all sessions that act in a tenant; how many."""
        return self._end("tenant_id", tenant_id, now, "tenant")

    def end_of_member(self, person_id: str, tenant_id: str, now: str) -> int:
        """End the sessions of a person that act in a tenant; how many."""
        sql = """
        UPDATE sessions SET ended_at = ?, ended_by = 'tenant' WHERE person_id = ? AND tenant_id = ? AND ended_at IS NULL
        """
        return self._execute(sql, (now, person_id, tenant_id)).rowcount

    def _end(self, column: str, value: str, now: str, by: EndedBy) -> int:
        sql = f"UPDATE sessions SET ended_at = ?, ended_by = ? WHERE {column} = ? AND ended_at IS NULL"  # noqa: S608  # our own names
        return self._execute(sql, (now, by, value)).rowcount

    def purge(self, until: str, limit: int) -> int:
        """Delete sessions whose time was over before a moment; returns how many."""
        old = "SELECT session_id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
        return self._execute(f"DELETE FROM sessions WHERE session_id IN ({old})", (until, limit)).rowcount  # noqa: S608  # our own text
