"""What callers can read: always of one tenant, always of the last durable commit."""

import sqlite3
from typing import Literal, TypeVar

import msgspec

from gateway.answers import (
    EnvelopeView,
    KeyUse,
    KeyView,
    LedgerLine,
    PaymentPage,
    PayoutPage,
    PayoutView,
    PostingView,
    ReceiptItem,
    ReceiptPage,
)
from gateway.commands import Principal
from gateway.errors import Code, Refusal, Refused
from gateway.idempotency.claim import expires_at, resource_path, tenant_key
from gateway.rate_limit import RateLimit
from gateway.receipts.receipt import envelope
from gateway.store.key_events import KeyEvents
from gateway.store.payouts import PayoutRow
from gateway.store.rows import PayeeRow, PaymentRow, WalletRow
from gateway.store.transaction import Transaction, payment_row
from gateway.views import payment_view, payout_view

_PAYMENTS = f"""
SELECT {", ".join(PaymentRow.__struct_fields__)} FROM payments
WHERE tenant_id = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?
"""  # noqa: S608  # our own column names
_WAITING = _PAYMENTS.replace("AND payment_id < ?", "AND payment_id < ? AND state = 'approval_required'")
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
SELECT o.route, o.status, o.suffix, o.location, o.payment_id, o.at, EXISTS (SELECT 1 FROM answers AS a WHERE a.seq = o.seq)
FROM idempotency_keys AS k JOIN operations AS o ON o.seq = k.seq WHERE k.tenant_key = ? ORDER BY o.seq
"""
_PRINCIPAL = """
SELECT k.tenant_id, k.key_id, k.role, k.agent_id, t.rate_per_s, t.burst
FROM api_keys AS k JOIN tenants AS t ON t.tenant_id = k.tenant_id WHERE k.key_sha256 = ? AND k.revoked_at IS NULL
"""
_LAST_PAYMENT_ID = "pay_~"

Row = TypeVar("Row")


class Reads:
    """Queries on the reading connection; an id of another tenant is not found, like one that never was."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.rows = Transaction(connection)
        self.key_events = KeyEvents(connection)

    def service_mode(self) -> str:
        """Whether all tenants are paused at once."""
        return str(self._execute("SELECT mode FROM service WHERE only_row = 1").fetchone()[0])

    def principal(self, key_sha256: bytes) -> Principal | None:
        """Whose API key this is, unless it was revoked."""
        row = self._execute(_PRINCIPAL, (key_sha256,)).fetchone()
        return None if row is None else Principal(row[0], row[1], row[2], row[3], RateLimit(row[4], row[5]) if row[4] else None)

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

    def payments(self, tenant_id: str, cursor: str | None, limit: int, *, waiting: bool = False) -> PaymentPage:
        """A page of payments, newest first, or of those that wait for approval; the cursor is the last id of the page before."""
        found = self._execute(_WAITING if waiting else _PAYMENTS, (tenant_id, cursor or _LAST_PAYMENT_ID, limit + 1)).fetchall()
        items = tuple(payment_view(payment_row(row)) for row in found[:limit])
        return PaymentPage(items, items[-1].payment_id if len(found) > limit else None)

    def payout(self, tenant_id: str, payout_id: str) -> PayoutView:
        """One payout with its reviews and what does not fit; raises Refused."""
        return self._payout_view(_found(self.rows.payouts.find(tenant_id, payout_id), "no such payout"))

    def payouts(self, tenant_id: str, cursor: str | None, limit: int) -> PayoutPage:
        """A page of payouts, newest first; the cursor is the last id of the page before."""
        found = self.rows.payouts.page(tenant_id, cursor, limit + 1)
        items = tuple(self._payout_view(row) for row in found[:limit])
        return PayoutPage(items, items[-1].payout_id if len(found) > limit else None)

    def _payout_view(self, row: PayoutRow) -> PayoutView:
        of = (row.tenant_id, row.payout_id)
        return payout_view(row, self.rows.payouts.reviews(*of), self.rows.payouts.items(*of))

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
            if self.rows.payouts.find(tenant_id, payment_id) is None:
                self.payment(tenant_id, payment_id)
            found = self._execute(_RECEIPTS_OF_PAYMENT, (payment_id, tenant_id, after, limit + 1)).fetchall()
        items = tuple(
            ReceiptItem(f"rcp_{suffix}", of, kind, seq, envelope(payload, signature, keyid))
            for seq, suffix, of, kind, payload, signature, keyid in found[:limit]
        )
        return ReceiptPage(items, str(items[-1].seq) if len(found) > limit else None)

    def key(self, tenant_id: str, key: str, now: str, under_way: tuple[KeyUse, ...] = ()) -> KeyView:
        """Everything that was decided under a key, and what is under way; raises Refused for a key that led to nothing."""
        uses = tuple(_key_use(row, now) for row in self._execute(_KEY, (tenant_key(tenant_id, key),)))
        return KeyView(key, _found((*uses, *under_way) or None, "no request with this key was decided"))

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


def _key_use(row: tuple[str, int, str, str | None, str | None, str, int], now: str) -> KeyUse:
    route, status, suffix, location, payment_id, at, kept = row
    until = expires_at(at)
    state: Literal["answered", "expired"] = "answered" if kept and now < until else "expired"
    return KeyUse(route, state, status, f"opr_{suffix}", resource_path(location, payment_id), at, until)


def _found(row: Row | None, detail: str) -> Row:
    if row is None:
        raise Refused(Refusal(Code.NOT_FOUND, detail))
    return row
