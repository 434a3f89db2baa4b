"""Setup runs and the activation funnel: append-only, in the order in which the gateway saw it."""

import sqlite3

from gateway.store.house_rows import FunnelRow, RunRow, VerifiedRow

_COLUMNS = "seq, event, at, tenant_id, run, cohort, host, step, code"


class FunnelStore:
    """Statements on runs and the funnel; shares the connection and the transaction of its Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add_run(self, row: RunRow) -> None:
        """Store a run that begins."""
        self._execute("INSERT INTO runs (run, version, started_at) VALUES (?, ?, ?)", (row.run, row.version, row.started_at))

    def run(self, run: str) -> RunRow | None:
        """A run that was announced."""
        row = self._execute("SELECT run, version, started_at FROM runs WHERE run = ?", (run,)).fetchone()
        return None if row is None else RunRow(*row)

    def events(self, run: str) -> tuple[FunnelRow, ...]:
        """What happened in a run, in order."""
        sql = f"SELECT {_COLUMNS} FROM funnel WHERE run = ? ORDER BY seq"  # noqa: S608  # our own column names
        return tuple(FunnelRow(*row) for row in self._execute(sql, (run,)))

    def newest_run(self, tenant_id: str) -> str | None:
        """The run of a tenant in which something happened last."""
        sql = "SELECT run FROM funnel WHERE tenant_id = ? AND run IS NOT NULL ORDER BY seq DESC LIMIT 1"
        row = self._execute(sql, (tenant_id,)).fetchone()
        return None if row is None else str(row[0])

    def tenant_of(self, run: str) -> str | None:
        """The tenant that a run led to."""
        sql = "SELECT tenant_id FROM funnel WHERE run = ? AND tenant_id IS NOT NULL ORDER BY seq LIMIT 1"
        row = self._execute(sql, (run,)).fetchone()
        return None if row is None else str(row[0])

    def run_of_session(self, session_id: str) -> str | None:
        """The run that a session's sign-in was made for, while the sign-in is kept."""
        sql = """
        SELECT i.run FROM sessions AS s JOIN persons AS p ON p.person_id = s.person_id
        JOIN sign_ins AS i ON i.address_hash = p.address_hash AND i.purpose = 'sign_in' AND i.used_at = s.created_at
        WHERE s.session_id = ? AND i.run IS NOT NULL LIMIT 1
        """
        row = self._execute(sql, (session_id,)).fetchone()
        return None if row is None else str(row[0])

    def add(self, row: FunnelRow) -> None:
        """Append an event; its position is the next one."""
        sql = """
        INSERT INTO funnel (event, at, tenant_id, run, cohort, host, step, code) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
        self._execute(sql, (row.event, row.at, row.tenant_id, row.run, row.cohort, row.host, row.step, row.code))

    def after(self, seq: int, limit: int) -> tuple[FunnelRow, ...]:
        """Events after a position, in order."""
        sql = f"SELECT {_COLUMNS} FROM funnel WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608  # our own column names
        return tuple(FunnelRow(*row) for row in self._execute(sql, (seq, limit)))

    def verified_since(self, since: str, limit: int) -> tuple[VerifiedRow, ...]:
        """Runs whose receipt was verified after a moment, with their tenants."""
        sql = """
        SELECT run, tenant_id, at FROM funnel WHERE event = 'receipt_verified' AND at > ? AND tenant_id IS NOT NULL
        ORDER BY at LIMIT ?
        """
        return tuple(VerifiedRow(*row) for row in self._execute(sql, (since, limit)))

    def acted_at(self, tenant_id: str) -> str | None:
        """When a caller of the tenant last made a request that has a receipt."""
        sql = """
        SELECT at FROM operations WHERE tenant_id = ? AND (receipt IS NOT NULL OR entry_kind IS NOT NULL) AND key IS NOT NULL
        ORDER BY seq DESC LIMIT 1
        """
        row = self._execute(sql, (tenant_id,)).fetchone()
        return None if row is None else str(row[0])

    def has_settled(self, tenant_id: str, since: str) -> bool:
        """Whether one of the tenant's newest payments, made since a moment, has settled."""
        sql = """
        SELECT 1 FROM (SELECT settled, created_at FROM payments WHERE tenant_id = ? ORDER BY payment_id DESC LIMIT 100)
        WHERE settled > 0 AND created_at >= ? LIMIT 1
        """
        return self._execute(sql, (tenant_id, since)).fetchone() is not None
