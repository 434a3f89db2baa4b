"""API keys as their tenants see and revoke them; how they are made and looked up is with the tenants and the reads."""

import sqlite3

from gateway.store.access_rows import ApiKeyRow

_COLUMNS = ", ".join(ApiKeyRow.__struct_fields__)


class ApiKeyStore:
    """Statements on api_keys."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def of_tenant(self, tenant_id: str, limit: int) -> list[ApiKeyRow]:
        """A tenant's newest keys, the newest first."""
        sql = f"""
        SELECT {_COLUMNS} FROM api_keys WHERE tenant_id = ? ORDER BY created_at DESC, key_id DESC LIMIT ?
        """  # noqa: S608  # our own names
        return [ApiKeyRow(*row) for row in self._execute(sql, (tenant_id, limit))]

    def find(self, tenant_id: str | None, key_id: str) -> ApiKeyRow | None:
        """A key of a tenant, or of the house."""
        sql = f"SELECT {_COLUMNS} FROM api_keys WHERE tenant_id IS ? AND key_id = ?"  # noqa: S608  # our own names
        row = self._execute(sql, (tenant_id, key_id)).fetchone()
        return None if row is None else ApiKeyRow(*row)

    def revoke(self, key_id: str, now: str) -> bool:
        """Revoke a key; False where it was revoked already."""
        sql = "UPDATE api_keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL"
        return self._execute(sql, (now, key_id)).rowcount == 1

    def revoke_of_person(self, tenant_id: str, person_id: str, now: str) -> int:
        """Revoke a person's keys of a tenant; how many."""
        sql = "UPDATE api_keys SET revoked_at = ? WHERE person_id = ? AND tenant_id = ? AND revoked_at IS NULL"
        return self._execute(sql, (now, person_id, tenant_id)).rowcount

    def by_id(self, key_id: str) -> ApiKeyRow | None:
        """A key, whosever it is: for the commands of the house."""
        row = self._execute(f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = ?", (key_id,)).fetchone()  # noqa: S608  # our own names
        return None if row is None else ApiKeyRow(*row)

    def made_at(self, tenant_id: str, place: int) -> str | None:
        """When the tenant's key that has this place was made, the newest being 1; None where there are fewer."""
        sql = "SELECT created_at FROM api_keys WHERE tenant_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?"
        row = self._execute(sql, (tenant_id, place - 1)).fetchone()
        return None if row is None else str(row[0])

    def people_called(self, tenant_id: str, agent_id: str) -> frozenset[str | None]:
        """Whose keys of this tenant act, or have acted, under a name, however it is written; None stands for programs."""
        sql = "SELECT DISTINCT person_id FROM api_keys WHERE tenant_id = ? AND lower(agent_id) = lower(?)"
        return frozenset(row[0] for row in self._execute(sql, (tenant_id, agent_id)))
