"""What callers can read: always of one tenant, always of the last durable commit."""

import sqlite3
from typing import TypeVar

import msgspec

from gateway.answers import EnvelopeView, KeyUse, KeyView, LedgerLine, PaymentPage, PostingView, ReceiptItem, ReceiptPage
from gateway.commands import Principal
from gateway.errors import Code, Refusal, Refused
from gateway.idempotency import expires_at, key_hash
from gateway.receipts import envelope
from gateway.store.rows import PayeeRow, PaymentRow, WalletRow
from gateway.store.store import Transaction, payment_row
from gateway.views import payment_view

_PAYMENTS = f"""
SELECT {", ".join(PaymentRow.__struct_fields__)} FROM payments
WHERE tenant_id = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?
"""  # noqa: S608  # our own column names
_RECEIPTS = """
SELECT seq, suffix, payment_id, kind, receipt, signature, keyid FROM operations
WHERE tenant_id = ? AND seq > ? AND receipt IS NOT NULL ORDER BY seq LIMIT ?
"""
_RECEIPTS_OF_PAYMENT = """
SELECT seq, suffix, payment_id, kind, receipt, signature, keyid FROM operations
WHERE payment_id = ? AND payment_seq IS NOT NULL AND tenant_id = ? AND seq > ? ORDER BY payment_seq LIMIT ?
"""
_LEDGER = """
SELECT o.seq, o.suffix, o.payment_id, o.entry_kind, o.at, o.receipt IS NOT NULL, m.amount, m.currency, d.name, c.name
FROM operations AS o JOIN movements AS m ON m.seq = o.seq
JOIN accounts AS d ON d.account = m.debit JOIN accounts AS c ON c.account = m.credit
WHERE o.seq IN (SELECT seq FROM operations WHERE tenant_id = ? AND seq > ? AND entry_kind IS NOT NULL ORDER BY seq LIMIT ?)
ORDER BY o.seq, m.leg
"""
_KEY = """
SELECT o.route, o.status, o.suffix, o.location, o.payment_id, o.at
FROM idempotency_keys AS k JOIN operations AS o ON o.seq = k.seq WHERE k.key_hash = ? ORDER BY o.seq
"""
_PRINCIPAL = "SELECT tenant_id, key_id, role, agent_id FROM api_keys WHERE key_sha256 = ? AND revoked_at IS NULL"
_LAST_PAYMENT_ID = "pay_~"

Row = TypeVar("Row")


class Reads:
    """Queries on the reading connection; an id of another tenant is not found, like one that never was."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.rows = Transaction(connection)

    def principal(self, key_sha256: bytes) -> Principal | None:
        """Whose API key this is, unless it was revoked."""
        row = self._execute(_PRINCIPAL, (key_sha256,)).fetchone()
        return None if row is None else Principal(*row)

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow:
        """One payment; raises Refused."""
        return _found(self.rows.payment(tenant_id, payment_id), "no such payment")

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow:
        """One wallet; raises Refused."""
        return _found(self.rows.wallet(tenant_id, wallet_id), "no such wallet")

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow:
        """One payee; raises Refused."""
        return _found(self.rows.payee(tenant_id, payee_id), "no such payee")

    def payments(self, tenant_id: str, cursor: str | None, limit: int) -> PaymentPage:
        """A page of payments, newest first; the cursor is the last id of the page before."""
        found = self._execute(_PAYMENTS, (tenant_id, cursor or _LAST_PAYMENT_ID, limit + 1)).fetchall()
        items = tuple(payment_view(payment_row(row)) for row in found[:limit])
        return PaymentPage(items, items[-1].payment_id if len(found) > limit else None)

    def receipt(self, tenant_id: str, receipt_id: str) -> EnvelopeView:
        """One receipt's envelope; raises Refused."""
        sql = "SELECT receipt, signature, keyid FROM operations WHERE suffix = ? AND tenant_id = ? AND receipt IS NOT NULL"
        row = _found(self._execute(sql, (receipt_id.removeprefix("rcp_"), tenant_id)).fetchone(), "no such receipt")
        return envelope(*row)

    def receipts(self, tenant_id: str, payment_id: str | None, after: int, limit: int) -> ReceiptPage:
        """A page of receipts in journal order, of one payment or of all."""
        if payment_id is None:
            found = self._execute(_RECEIPTS, (tenant_id, after, limit + 1)).fetchall()
        else:
            self.payment(tenant_id, payment_id)
            found = self._execute(_RECEIPTS_OF_PAYMENT, (payment_id, tenant_id, after, limit + 1)).fetchall()
        items = tuple(
            ReceiptItem(f"rcp_{suffix}", of, kind, seq, envelope(payload, signature, keyid))
            for seq, suffix, of, kind, payload, signature, keyid in found[:limit]
        )
        return ReceiptPage(items, str(items[-1].seq) if len(found) > limit else None)

    def key(self, tenant_id: str, key: str) -> KeyView:
        """Everything that was decided under a key; raises Refused for a key that led to nothing."""
        uses = tuple(
            KeyUse(route, "answered", status, f"opr_{suffix}", location or _payment_path(payment_id), at, expires_at(at))
            for route, status, suffix, location, payment_id, at in self._execute(_KEY, (key_hash(tenant_id, key),))
        )
        return KeyView(key, _found(uses or None, "no request with this key was decided"))

    def ledger(self, tenant_id: str, after: int, limit: int) -> list[LedgerLine]:
        """Entries after a position, each with its legs; `limit` counts entries."""
        lines: dict[int, LedgerLine] = {}
        for row in self._execute(_LEDGER, (tenant_id, after, limit)):
            seq, suffix, payment_id, kind, at, has_receipt, amount, currency, debit, credit = row
            legs = (PostingView(debit, str(-amount), currency), PostingView(credit, str(amount), currency))
            if seq in lines:
                lines[seq] = msgspec.structs.replace(lines[seq], postings=lines[seq].postings + legs)
            else:
                receipt_id = f"rcp_{suffix}" if has_receipt else None
                names = (f"ent_{suffix}", tenant_id, payment_id, f"opr_{suffix}")
                lines[seq] = LedgerLine(seq, *names, kind, at, receipt_id, legs)
        return list(lines.values())


def _payment_path(payment_id: str | None) -> str | None:
    return f"/v1/payments/{payment_id}" if payment_id else None


def _found(row: Row | None, detail: str) -> Row:
    if row is None:
        raise Refused(Refusal(Code.NOT_FOUND, detail))
    return row
