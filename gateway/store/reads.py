"""What callers can read: always of one tenant, always of the last durable commit."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar, cast

from gateway.commands import HOUSE, Principal
from gateway.errors import Code, Refusal, Refused
from gateway.idempotency.claim import tenant_key
from gateway.rate_limit import RateLimit, limit_of
from gateway.store.bulk import PAYMENT_COLUMNS, payment_row
from gateway.store.connections import Reader, open_reader
from gateway.store.payout_rows import PayoutRow
from gateway.store.port import StorageError
from gateway.store.read_rows import RECEIPTS_BYTES, KeyUseRow, LegRow, ReceiptRow
from gateway.store.rows import PayeeRow, PaymentRow, WalletRow
from gateway.store.transaction import SELECT_PAYEE, SELECT_WALLET, SqliteTransaction

_PAYMENTS = f"""
SELECT {PAYMENT_COLUMNS} FROM payments
WHERE tenant_id = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?
"""  # noqa: S608  # our own column names
_WAITING = _PAYMENTS.replace("AND payment_id < ?", "AND payment_id < ? AND state = 'approval_required'")
_RECEIPT = """
SELECT seq, suffix, resource_id, kind, receipt, signature, keyid FROM operations
WHERE suffix = ? AND tenant_id = ? AND receipt IS NOT NULL
"""
_RECEIPTS = """
SELECT seq, suffix, resource_id, kind, receipt, signature, keyid FROM operations
WHERE tenant_id = ? AND seq > ? AND receipt IS NOT NULL ORDER BY seq LIMIT ?
"""
_RECEIPTS_OF_RESOURCE = """
SELECT seq, suffix, resource_id, kind, receipt, signature, keyid FROM operations
WHERE resource_kind = ? AND resource_id = ? AND resource_seq IS NOT NULL AND tenant_id = ? AND seq > ?
ORDER BY resource_seq LIMIT ?
"""
_LEDGER = """
SELECT o.seq, o.suffix, o.resource_id, o.entry_kind, o.at, o.receipt IS NOT NULL, m.amount, m.currency, d.name, c.name
FROM operations AS o JOIN movements AS m ON m.seq = o.seq
JOIN accounts AS d ON d.account = m.debit JOIN accounts AS c ON c.account = m.credit
WHERE o.seq IN (SELECT seq FROM operations WHERE tenant_id = ? AND seq > ? AND entry_kind IS NOT NULL ORDER BY seq LIMIT ?)
ORDER BY o.seq, m.leg
"""
_KEY = """
SELECT o.route, o.status, o.suffix, o.location, o.resource_kind, o.resource_id, o.at,
  EXISTS (SELECT 1 FROM answers AS a WHERE a.seq = o.seq)
FROM idempotency_keys AS k JOIN operations AS o ON o.seq = k.seq WHERE k.tenant_key = ? ORDER BY o.seq
"""
_PRINCIPAL = f"""
SELECT t.tenant_id, k.key_id, k.role, k.agent_id, k.person_id, t.rate_per_s, t.burst,
  EXISTS (SELECT 1 FROM disabled_tenants AS d WHERE d.tenant_id = k.tenant_id) FROM api_keys AS k
JOIN tenants AS t ON t.tenant_id = coalesce(k.tenant_id, '{HOUSE}') WHERE k.key_sha256 = ? AND k.revoked_at IS NULL
"""  # noqa: S608  # our own tenant's id
_WALLETS = SELECT_WALLET.replace("AND w.wallet_id = ?", "AND w.wallet_id < ? ORDER BY w.wallet_id DESC LIMIT ?")
_PAYEES = SELECT_PAYEE.replace("AND p.payee_id = ?", "AND p.payee_id < ? ORDER BY p.payee_id DESC LIMIT ?")
_LAST_PAYMENT_ID, _LAST_ID = "pay_~", "~"

Row = TypeVar("Row")


class SqliteReads:
    """Queries on the reading connection; an id of another tenant is not found, like one that never was."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        reader = cast("sqlite3.Connection", Reader(connection))  # all of it that is used here
        self._execute, self.close = reader.execute, reader.close
        self.rows = SqliteTransaction(reader)

    @classmethod
    def open(cls, path: Path) -> "SqliteReads":
        """Reads of the database at `path`."""
        return cls(open_reader(path))

    def problem(self) -> str | None:
        """Why the database does not answer; None if it does."""
        try:
            self._execute("SELECT 1 FROM service WHERE only_row = 1").fetchone()
        except StorageError as error:
            return f"database: {error.detail}"
        return None

    def service_mode(self) -> str:
        """Whether all tenants are paused at once."""
        return str(self._execute("SELECT mode FROM service WHERE only_row = 1").fetchone()[0])

    def principal(self, key_sha256: bytes, default: RateLimit | None = None) -> Principal | None:
        """Whose API key this is, unless it was revoked; `default` limits a tenant that has set no rate.

        Raises Refused(tenant_disabled).
        """
        row = self._execute(_PRINCIPAL, (key_sha256,)).fetchone()
        if row is None:
            return None
        tenant_id, key_id, role, agent_id, person_id, rate_per_s, burst, disabled = row
        if disabled:
            raise Refused(Refusal(Code.TENANT_DISABLED, f"The tenant {tenant_id} is disabled."))
        limit = limit_of(rate_per_s, burst, default)
        return Principal(tenant_id, key_id, role, agent_id, limit, person_id)

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow:
        """One payment; raises Refused."""
        return _found(self.rows.payment(tenant_id, payment_id), "no such payment")

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow:
        """One wallet; raises Refused."""
        return _found(self.rows.wallet(tenant_id, wallet_id), "no such wallet")

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow:
        """One payee; raises Refused."""
        return _found(self.rows.payee(tenant_id, payee_id), "no such payee")

    def policy(self, tenant_id: str, digest: str) -> bytes:
        """A policy's canonical bytes; raises Refused."""
        return _found(self.rows.policy_document(tenant_id, digest), "no such policy")

    def payments(self, tenant_id: str, cursor: str | None, limit: int, *, waiting: bool = False) -> list[PaymentRow]:
        """Payments, newest first, or those that wait for approval; the cursor is the last id of the page before."""
        found = self._execute(_WAITING if waiting else _PAYMENTS, (tenant_id, cursor or _LAST_PAYMENT_ID, limit))
        return [payment_row(row) for row in found]

    def wallets(self, tenant_id: str, cursor: str | None, limit: int) -> list[WalletRow]:
        """Wallets, newest first, after the cursor: the last id of the page before."""
        return [WalletRow(*row) for row in self._execute(_WALLETS, (tenant_id, cursor or _LAST_ID, limit))]

    def payees(self, tenant_id: str, cursor: str | None, limit: int) -> list[PayeeRow]:
        """Payees, newest first, after the cursor: the last id of the page before."""
        return [PayeeRow(*row) for row in self._execute(_PAYEES, (tenant_id, cursor or _LAST_ID, limit))]

    def payout(self, tenant_id: str, payout_id: str) -> PayoutRow:
        """One payout; raises Refused."""
        return _found(self.rows.payouts.find(tenant_id, payout_id), "no such payout")

    def receipt(self, tenant_id: str, receipt_id: str) -> ReceiptRow:
        """One receipt; raises Refused."""
        row = self._execute(_RECEIPT, (receipt_id.removeprefix("rcp_"), tenant_id)).fetchone()
        return ReceiptRow(*_found(row, "no such receipt"))

    def receipts(self, tenant_id: str, payment_id: str | None, after: int, limit: int) -> list[ReceiptRow]:
        """Receipts in journal order, of one payment or payout or of all; raises Refused for one that is not there."""
        if payment_id is None:
            found = self._execute(_RECEIPTS, (tenant_id, after, limit))
        else:
            kind = "payment" if self.rows.payouts.find(tenant_id, payment_id) is None else "payout"
            if kind == "payment":
                self.payment(tenant_id, payment_id)
            found = self._execute(_RECEIPTS_OF_RESOURCE, (kind, payment_id, tenant_id, after, limit))
        return _bounded(found)

    def key_uses(self, tenant_id: str, key: str) -> list[KeyUseRow]:
        """Everything that was decided under a key."""
        return [KeyUseRow(*row) for row in self._execute(_KEY, (tenant_key(tenant_id, key),))]

    def ledger(self, tenant_id: str, after: int, limit: int) -> list[LegRow]:
        """The legs of the entries after a position, in order; `limit` counts entries."""
        return [LegRow(*row) for row in self._execute(_LEDGER, (tenant_id, after, limit))]


def _bounded(found: Iterable[tuple[object, ...]]) -> list[ReceiptRow]:
    """Rows until their payloads are more than RECEIPTS_BYTES: the last row is then one too many, and shows that more exist."""
    rows: list[ReceiptRow] = []
    size = 0
    for values in found:
        rows.append(ReceiptRow(*values))  # type: ignore[arg-type]  # the columns' types are the schema's
        size += len(rows[-1].payload)
        if size > RECEIPTS_BYTES and len(rows) > 1:
            break
    return rows


def _found(row: Row | None, detail: str) -> Row:
    if row is None:
        raise Refused(Refusal(Code.NOT_FOUND, detail))
    return row
