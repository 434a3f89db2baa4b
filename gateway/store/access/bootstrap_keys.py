"""Bootstrap keys: traded once for API keys. Only their hashes are stored."""

import sqlite3
from typing import cast

from gateway.commands.house import BootstrapRoleName
from gateway.store.house_rows import BootstrapRow

_COLUMNS = "bootstrap_key_id, tenant_id, roles, made_by, created_at, expires_at, used_at"


class BootstrapKeyStore:
    """Statements on bootstrap keys; shares the connection and the transaction of its Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, row: BootstrapRow, key_sha256: bytes) -> None:
        """Store a bootstrap key's hash."""
        sql = """
        INSERT INTO bootstrap_keys (bootstrap_key_id, key_sha256, tenant_id, roles, made_by, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
        whose = (row.tenant_id, " ".join(row.roles), row.made_by)
        self._execute(sql, (row.bootstrap_key_id, key_sha256, *whose, row.created_at, row.expires_at))

    def find(self, bootstrap_key_id: str) -> BootstrapRow | None:
        """A bootstrap key by its id."""
        return self._found("bootstrap_key_id", bootstrap_key_id)

    def of_key(self, key_sha256: bytes) -> BootstrapRow | None:
        """A bootstrap key by its hash."""
        return self._found("key_sha256", key_sha256)

    def use(self, bootstrap_key_id: str, now: str) -> bool:
        """Use it up; False for one that is used or expired: one conditional update decides."""
        sql = """
        UPDATE bootstrap_keys SET used_at = ?1 WHERE bootstrap_key_id = ?2 AND used_at IS NULL AND expires_at > ?1
        """
        return self._execute(sql, (now, bootstrap_key_id)).rowcount == 1

    def _found(self, column: str, value: str | bytes) -> BootstrapRow | None:
        sql = f"SELECT {_COLUMNS} FROM bootstrap_keys WHERE {column} = ?"  # noqa: S608  # our own column names
        row = self._execute(sql, (value,)).fetchone()
        if row is None:
            return None
        roles = cast("tuple[BootstrapRoleName, ...]", tuple(row[2].split(" ")))
        return BootstrapRow(row[0], row[1], roles, *row[3:])
