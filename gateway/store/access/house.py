"""What the house decides: sign-up, claimed domains, the waiting list, disabled tenants and cohorts."""

import sqlite3

from gateway.commands.house import SignUpMode
from gateway.store.house_rows import LabelRow, SignUpRow, StopRow, WaitingRow

_WAITING_COLUMNS = "person_id, name, asked_at, admitted_at, admitted_by"


class HouseStore:
    """Statements on what the house decides; shares the connection and the transaction of its Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def sign_up(self) -> SignUpRow:
        """Who may make a tenant now."""
        mode, at, actor = self._execute("SELECT mode, at, actor FROM sign_up WHERE only_row = 1").fetchone()
        domains = tuple(row[0] for row in self._execute("SELECT domain FROM claimed_domains ORDER BY domain"))
        return SignUpRow(SignUpMode(mode), domains, at, actor)

    def set_sign_up(self, row: SignUpRow) -> None:
        """Replace mode and domains."""
        self._execute("UPDATE sign_up SET mode = ?, at = ?, actor = ? WHERE only_row = 1", (row.mode.value, row.at, row.actor))
        self._execute("DELETE FROM claimed_domains")
        for domain in row.domains:
            self._execute("INSERT INTO claimed_domains (domain, at) VALUES (?, ?)", (domain, row.at))

    def is_claimed(self, domain: str) -> bool:
        """Whether a domain is claimed: its people make no tenants."""
        return self._execute("SELECT 1 FROM claimed_domains WHERE domain = ?", (domain,)).fetchone() is not None

    def waiting(self, person_id: str) -> WaitingRow | None:
        """A person's place on the waiting list."""
        sql = f"SELECT {_WAITING_COLUMNS} FROM waitlist WHERE person_id = ?"  # noqa: S608  # our own column names
        row = self._execute(sql, (person_id,)).fetchone()
        return None if row is None else WaitingRow(*row)

    def waiting_list(self, limit: int) -> tuple[WaitingRow, ...]:
        """Who waits and is not admitted yet, longest first."""
        sql = f"""
        SELECT {_WAITING_COLUMNS} FROM waitlist WHERE admitted_at IS NULL ORDER BY asked_at, person_id LIMIT ?
        """  # noqa: S608  # our own column names
        return tuple(WaitingRow(*row) for row in self._execute(sql, (limit,)))

    def wait(self, person_id: str, name: str, now: str) -> None:
        """Put a person on the waiting list; who waits already keeps the place."""
        sql = "INSERT INTO waitlist (person_id, name, asked_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._execute(sql, (person_id, name, now))

    def admit(self, person_id: str, actor: str, now: str) -> None:
        """Let a person who waits make a tenant; who was admitted stays so."""
        sql = "UPDATE waitlist SET admitted_at = ?, admitted_by = ? WHERE person_id = ? AND admitted_at IS NULL"
        self._execute(sql, (now, actor, person_id))

    def stop_waiting(self, person_id: str) -> None:
        """Take a person off the waiting list."""
        self._execute("DELETE FROM waitlist WHERE person_id = ?", (person_id,))

    def stop_of(self, tenant_id: str) -> StopRow | None:
        """Why the tenant is disabled; None where it is not."""
        row = self._execute("SELECT reason, at, actor FROM disabled_tenants WHERE tenant_id = ?", (tenant_id,)).fetchone()
        return None if row is None else StopRow(*row)

    def disable(self, tenant_id: str, stop: StopRow) -> None:
        """Disable a tenant; the newest reason counts."""
        sql = "INSERT OR REPLACE INTO disabled_tenants (tenant_id, reason, at, actor) VALUES (?, ?, ?, ?)"
        self._execute(sql, (tenant_id, stop.reason, stop.at, stop.actor))

    def enable(self, tenant_id: str) -> None:
        """Enable a tenant again."""
        self._execute("DELETE FROM disabled_tenants WHERE tenant_id = ?", (tenant_id,))

    def labels(self, tenant_id: str) -> tuple[LabelRow, ...]:
        """A tenant's cohorts, oldest first."""
        sql = "SELECT cohort, reason, at, actor FROM tenant_cohorts WHERE tenant_id = ? ORDER BY version"
        return tuple(LabelRow(*row) for row in self._execute(sql, (tenant_id,)))

    def add_label(self, tenant_id: str, label: LabelRow) -> None:
        """Append a cohort; it counts from now on."""
        sql = """
        INSERT INTO tenant_cohorts (tenant_id, version, cohort, reason, at, actor)
        SELECT ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4, ?5 FROM tenant_cohorts WHERE tenant_id = ?1
        """
        self._execute(sql, (tenant_id, label.cohort, label.reason, label.at, label.actor))
