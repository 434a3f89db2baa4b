"""Tenants, keys, wallets, payees and policies: written rarely, read on every request."""

import sqlite3

from gateway.commands import HOUSE, Principal
from gateway.store.rows import Mode, NewPayee


class TenantStore:
    """Statements for what is set up once; shares the connection and the transaction of its Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add_tenant(self, tenant_id: str, name: str, now: str) -> None:
        """Store a tenant in normal mode, with its clearing account for each currency made on demand."""
        sql = "INSERT INTO tenants (tenant_id, name, mode_at, mode_actor, created_at) VALUES (?, ?, ?, 'system', ?)"
        self._execute(sql, (tenant_id, name, now, now))

    def add_key(self, principal: Principal, key_sha256: bytes, now: str) -> None:
        """Store the hash of an API key; one of the house belongs to no tenant."""
        sql = """
        INSERT INTO api_keys (key_sha256, key_id, tenant_id, role, agent_id, person_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
        tenant_id = None if principal.tenant_id == HOUSE else principal.tenant_id
        whose = (principal.key_id, tenant_id, principal.role, principal.agent_id, principal.person_id)
        self._execute(sql, (key_sha256, *whose, now))

    def account(self, tenant_id: str, name: str, currency: str, *, may_go_negative: bool = False) -> int:
        """The number of an account, made if absent."""
        insert = "INSERT INTO accounts (tenant_id, name, currency, may_go_negative) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._execute(insert, (tenant_id, name, currency, int(may_go_negative)))
        select = "SELECT account FROM accounts WHERE tenant_id = ? AND name = ? AND currency = ?"
        return int(self._execute(select, (tenant_id, name, currency)).fetchone()[0])

    def add_wallet(self, tenant_id: str, wallet_id: str, currency: str, now: str) -> None:
        """Store an empty wallet with its two accounts."""
        available = self.account(tenant_id, f"wallet/{wallet_id}/available", currency)
        held = self.account(tenant_id, f"wallet/{wallet_id}/held", currency)
        sql = "INSERT INTO wallets (tenant_id, wallet_id, currency, available, held, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        self._execute(sql, (tenant_id, wallet_id, currency, available, held, now))

    def add_payee(self, payee: NewPayee) -> None:
        """Store a payee with its account."""
        payable = self.account(payee.tenant_id, f"payee/{payee.payee_id}/payable", payee.currency)
        columns = "tenant_id, payee_id, name, currency, payable, category, created_at"
        sql = f"INSERT INTO payees ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # our own column names
        values = (payee.tenant_id, payee.payee_id, payee.name, payee.currency, payable, payee.category, payee.created_at)
        self._execute(sql, values)

    def add_policy(self, tenant_id: str, digest: str, document: bytes, now: str) -> None:
        """Put a policy in force."""
        sql = """
        INSERT INTO policies (tenant_id, version, policy_sha256, document, created_at)
        SELECT ?, coalesce(max(version), 0) + 1, ?, ?, ? FROM policies WHERE tenant_id = ?
        """
        self._execute(sql, (tenant_id, digest, document, now, tenant_id))

    def policy_put_at(self, tenant_id: str, place: int) -> str | None:
        """When the tenant put the policy that has this place, the newest being 1; None where there are fewer."""
        sql = "SELECT created_at FROM policies WHERE tenant_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?"
        row = self._execute(sql, (tenant_id, place - 1)).fetchone()
        return None if row is None else str(row[0])

    def set_mode_everywhere(self, mode: Mode) -> None:
        """Pause or resume all tenants at once; a tenant's own pause stays as it is."""
        sql = "UPDATE service SET mode = ?, mode_reason = ?, mode_at = ?, mode_actor = ? WHERE only_row = 1"
        self._execute(sql, (mode.mode, mode.reason, mode.at, mode.actor))

    def name_of(self, tenant_id: str) -> str:
        """What a tenant is called."""
        return str(self._execute("SELECT name FROM tenants WHERE tenant_id = ?", (tenant_id,)).fetchone()[0])

    def knows(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        return self._execute("SELECT 1 FROM tenants WHERE tenant_id = ?", (tenant_id,)).fetchone() is not None

    def set_rate(self, tenant_id: str, rate_per_s: int, burst: int) -> None:
        """Limit a tenant's requests; 0 and 0 stand for the gateway's default, UNLIMITED_PER_S for no limit."""
        self._execute("UPDATE tenants SET rate_per_s = ?, burst = ? WHERE tenant_id = ?", (rate_per_s, burst, tenant_id))

    def set_mode(self, tenant_id: str, mode: Mode) -> None:
        """Pause or resume a tenant."""
        sql = "UPDATE tenants SET mode = ?, mode_reason = ?, mode_at = ?, mode_actor = ? WHERE tenant_id = ?"
        self._execute(sql, (mode.mode, mode.reason, mode.at, mode.actor, tenant_id))
