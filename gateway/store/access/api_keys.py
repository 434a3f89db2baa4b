"""API keys as their tenants see and revoke them; how they are made and looked up is with the tenants and the reads."""

import sqlite3

from gateway.store.access_rows import ApiKeyRow

_COLUMNS = ", ".join(ApiKeyRow.__struct_fields__)


class ApiKeyStore:
    """Statements on api_keys."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def of_tenant(self, tenant_id: str, after: str, limit: int) -> list[ApiKeyRow]:
        """A tenant's keys by id, after this id."""
        sql = f"SELECT {_COLUMNS} FROM api_keys WHERE tenant_id = ? AND key_id > ? ORDER BY key_id LIMIT ?"  # noqa: S608  # our own names
        return [ApiKeyRow(*row) for row in self._execute(sql, (tenant_id, after, limit))]

    def find(self, tenant_id: str | None, key_id: str) -> ApiKeyRow | None:
        """A key of a tenant, or of the house."""
        sql = f"SELECT {_COLUMNS} FROM api_keys WHERE tenant_id IS ? AND key_id = ?"  # noqa: S608  # our own names
        row = self._execute(sql, (tenant_id, key_id)).fetchone()
        return None if row is None else ApiKeyRow(*row)

    def revoke(self, key_id: str, now: str) -> bool:
        """Revoke a key; False where it was revoked already."""
        sql = "UPDATE api_keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL"
        return self._execute(sql, (now, key_id)).rowcount == 1
