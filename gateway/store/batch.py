"""A transaction that decides many requests: reads ahead for all of them, and writes the hot tables several rows a statement.

What was written in the batch is seen by its later reads, though it reaches the database only at the end (`flush`). Statements
that other stores send straight to the database are for tables that are not collected here.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

from msgspec.structs import astuple, replace

from gateway.ledger import Movement
from gateway.policy import Tally
from gateway.receipts import ReceiptSigner
from gateway.signatures import Signatures
from gateway.store.rows import Like, OperationRow, PayeeRow, PaymentRow, StoredAnswer, Vote, WalletRow
from gateway.store.store import OPERATION_COLUMNS, PAYMENT_COLUMNS, STORED_COLUMNS, WRITE_COUNTERS, Transaction, payment_row

_CHUNKS = (64, 16, 4, 1)
"""Rows a statement: few different texts, so that SQLite's prepared statements are found again."""

_STORED = """
SELECT k.key_hash, k.route_hash, {columns}
FROM (VALUES {rows}) AS v
JOIN idempotency_keys AS k ON k.key_hash = v.column1 AND k.route_hash = v.column2 JOIN operations AS o ON o.seq = k.seq
LEFT JOIN answers AS a ON a.seq = k.seq
""".replace("{columns}", STORED_COLUMNS)
_PAYMENTS = """
SELECT {columns} FROM (VALUES {rows}) AS v JOIN payments AS p ON p.tenant_id = v.column1 AND p.payment_id = v.column2
""".replace("{columns}", ", ".join(f"p.{name}" for name in PaymentRow.__struct_fields__))
_OPERATIONS = "INSERT INTO operations (seq, {columns}) VALUES {rows}".replace("{columns}", OPERATION_COLUMNS)
_NEW_ANSWERS = "INSERT INTO answers (seq, body) VALUES {rows}"
_KEYS = "INSERT INTO idempotency_keys (key_hash, route_hash, seq) VALUES {rows}"
_MOVEMENTS = "INSERT INTO movements (seq, leg, tenant_id, debit, credit, amount, currency) VALUES {rows}"
_NEW_PAYMENTS = "INSERT INTO payments ({columns}) VALUES {rows}".replace("{columns}", PAYMENT_COLUMNS)
_CHANGED = """
UPDATE payments SET state = v.column3, settled = v.column4, released = v.column5, open = v.column6, refunded = v.column7,
  charged_back = v.column8, operations = v.column9, last_receipt_sha256 = v.column10
FROM (VALUES {rows}) AS v WHERE payments.tenant_id = v.column1 AND payments.payment_id = v.column2
"""

_SIGNATURE_AT = 1 + OperationRow.__struct_fields__.index("signature")

_FEW = 3
"""Rows for which statements of their own cost less than one that has to spread out a list of them first."""

Key = tuple[bytes, bytes]
PaymentKey = tuple[str, str]


class Batch(Transaction):
    """One transaction's reads and writes. `open` begins it anew, whatever became of the one before."""

    def __init__(self, connection: sqlite3.Connection, signatures: Signatures | None = None) -> None:
        super().__init__(connection)
        self._reset()
        self._signatures = signatures or Signatures()

    def _reset(self) -> None:
        self._seq: int | None = None
        self._last: OperationRow | None = None
        self._answers: dict[Key, StoredAnswer | None] = {}
        self._payments: dict[PaymentKey, PaymentRow | None] = {}
        self._wallets: dict[PaymentKey, WalletRow | None] = {}
        self._payees: dict[PaymentKey, PayeeRow | None] = {}
        self._deltas: dict[int, int] = {}
        self._operations: list[tuple[object, ...]] = []
        self._unsigned: list[int] = []
        self._bodies: list[tuple[object, ...]] = []
        self._keys: list[tuple[object, ...]] = []
        self._movements: list[tuple[object, ...]] = []
        self._new_payments: list[tuple[object, ...]] = []
        self._changed: dict[PaymentKey, PaymentRow] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._counted: set[tuple[str, str]] = set()

    def open(self, keys: Sequence[Key], payments: Sequence[PaymentKey], signer: ReceiptSigner) -> None:
        """Begin a batch: read the stored answers and the payments that its requests name, a statement each."""
        self._reset()
        self._signatures.begin_batch(signer)
        if len(keys) < _FEW:
            return  # each is read when it is asked for
        self._answers.update(dict.fromkeys(keys))
        for row in self._in_chunks(_STORED, list(self._answers)):
            self._answers[row[0], row[1]] = StoredAnswer(*row[2:])
        self._payments.update(dict.fromkeys(payments))
        for row in self._in_chunks(_PAYMENTS, list(self._payments)):
            found = payment_row(row)
            self._payments[found.tenant_id, found.payment_id] = found

    def flush(self) -> None:
        """Send what was collected to the database; constraints and triggers speak now."""
        self._signatures.hurry()
        for sql, rows in (
            (_NEW_ANSWERS, self._bodies),
            (_KEYS, self._keys),
            (_MOVEMENTS, self._movements),
            (_NEW_PAYMENTS, self._new_payments),
        ):
            if rows:
                self._in_chunks(sql, rows)
                rows.clear()
        self._write_changed()
        self.write_counters([(*key, *self._tallies[key]) for key in sorted(self._counted)])
        self._counted.clear()
        if self._operations:  # last, since the others need no signature: it is made meanwhile
            self._sign()
            self._in_chunks(_OPERATIONS, self._operations)
            self._operations.clear()
        self._deltas.clear()
        self._wallets.clear()
        self._payees.clear()

    def stored_answer(self, key_hash: bytes, route_hash: bytes) -> StoredAnswer | None:
        """What this key led to on this route, in this batch too."""
        key = (key_hash, route_hash)
        if key not in self._answers:
            self._answers[key] = super().stored_answer(key_hash, route_hash)
        return self._answers[key]

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow | None:
        """A payment of this tenant as the batch has left it."""
        key = (tenant_id, payment_id)
        if key not in self._payments:
            self._payments[key] = super().payment(tenant_id, payment_id)
        return self._payments[key]

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow | None:
        """A wallet with its balances as the batch has left them."""
        key = (tenant_id, wallet_id)
        if key not in self._wallets:
            self._wallets[key] = super().wallet(tenant_id, wallet_id)
        row = self._wallets[key]
        if row is None or not self._deltas:
            return row
        available = row.available + self._deltas.get(row.available_account, 0)
        return replace(row, available=available, held=row.held + self._deltas.get(row.held_account, 0))

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow | None:
        """A payee with its balance as the batch has left it."""
        key = (tenant_id, payee_id)
        if key not in self._payees:
            self._payees[key] = super().payee(tenant_id, payee_id)
        row = self._payees[key]
        return row and replace(row, payable=row.payable + self._deltas.get(row.payable_account, 0))

    def counters(self, tenant_id: str, names: Sequence[str]) -> dict[str, Tally]:
        """What has been counted under each of these names, in this batch too."""
        unread = [name for name in names if (tenant_id, name) not in self._tallies]
        if unread:
            for name, tally in super().counters(tenant_id, unread).items():
                self._tallies[tenant_id, name] = tally
        return {name: self._tallies[tenant_id, name] for name in names}

    def count(self, tenant_id: str, names: Sequence[str], amount: int, payments: int) -> None:
        """Count under each of these names; however many requests count, the table is written once."""
        for name, was in self.counters(tenant_id, names).items():
            self._tallies[tenant_id, name] = Tally(was.amount + amount, was.payments + payments)
            self._counted.add((tenant_id, name))

    def write_counters(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        """Store counters, several a statement."""
        self._in_chunks(WRITE_COUNTERS, rows)

    def last_like(self, payment: Like, since: str, apart_from: str) -> str | None:
        """The last payment like this one; reads the table, so what was collected goes there first."""
        self.flush()
        return super().last_like(payment, since, apart_from)

    def know_payee(self, tenant_id: str, payee_id: str) -> None:
        """A payment to this payee is held, and the batch knows it from now on."""
        super().know_payee(tenant_id, payee_id)
        self._payees.pop((tenant_id, payee_id), None)

    def add_vote(self, tenant_id: str, payment_id: str, vote: Vote) -> None:
        """Record a vote; a trigger looks at the payment, so what was collected goes to the database first."""
        self.flush()
        super().add_vote(tenant_id, payment_id, vote)

    def decide_payment(self, row: PaymentRow) -> None:
        """Store what a vote made of a payment."""
        self.flush()
        super().decide_payment(row)
        self._payments[row.tenant_id, row.payment_id] = row

    def expired_holds(self, now: str, limit: int) -> list[PaymentKey]:
        """Holds whose time is over; reads the table, so what was collected goes there first."""
        self.flush()
        return super().expired_holds(now, limit)

    def add_operation(self, row: OperationRow) -> int:
        """Append to the journal; returns the position."""
        self._seq = seq = self.next_seq()
        *columns, body = astuple(row)
        if row.receipt is not None and row.signature is None:
            self._signatures.begin(row.receipt)
            self._unsigned.append(len(self._operations))
        self._operations.append((seq, *columns))
        if body is not None:
            self._bodies.append((seq, body))
        self._last = row
        return seq

    def _sign(self) -> None:
        """Put the signatures where they belong."""
        if self._unsigned:
            rows = self._operations
            for at, signature in zip(self._unsigned, self._signatures.finish(), strict=True):
                rows[at] = (*rows[at][:_SIGNATURE_AT], signature, *rows[at][_SIGNATURE_AT + 1 :])
            self._unsigned.clear()

    def next_seq(self) -> int:
        """The position that the next operation of this batch will have."""
        if self._seq is None:
            self._seq = super().next_seq() - 1
        return self._seq + 1

    def add_key(self, key_hash: bytes, route_hash: bytes, seq: int) -> None:
        """Bind a key to the operation just added."""
        row = self._last
        assert row is not None, "a key is bound to the operation that was added before it"
        decided = (row.suffix, row.kind, row.at, row.actor, row.fingerprint, row.request)
        answer = (row.status, row.location, row.payment_id, row.body)
        self._answers[key_hash, route_hash] = StoredAnswer(seq, *decided, *answer)
        self._keys.append((key_hash, route_hash, seq))

    def add_movements(self, seq: int, tenant_id: str, currency: str, movements: Sequence[Movement]) -> None:
        """Append the legs of an entry."""
        deltas = self._deltas
        for leg, item in enumerate(movements):
            deltas[item.debit] = deltas.get(item.debit, 0) - item.amount
            deltas[item.credit] = deltas.get(item.credit, 0) + item.amount
            self._movements.append((seq, leg, tenant_id, item.debit, item.credit, item.amount, currency))

    def add_payment(self, row: PaymentRow) -> None:
        """Store a new payment."""
        self._payments[row.tenant_id, row.payment_id] = row
        self._new_payments.append(astuple(row))

    def update_payment(self, row: PaymentRow) -> None:
        """Store a payment's new amounts and state."""
        key = (row.tenant_id, row.payment_id)
        if key in self._changed:  # each change is checked by the table's triggers, so one must not swallow another
            self.flush()
        self._payments[key] = self._changed[key] = row

    def _write_changed(self) -> None:
        if len(self._changed) < _FEW:
            for row in self._changed.values():
                super().update_payment(row)
            self._changed.clear()
            return
        rows = [
            (*key, row.state.value, row.settled, row.released, row.open, row.refunded, row.charged_back, row.operations,
             row.last_receipt_sha256)
            for key, row in self._changed.items()
        ]  # fmt: skip
        self._changed.clear()
        self._in_chunks(_CHANGED, rows)

    def _in_chunks(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Run `sql` over `rows`, several a statement, and gather what it returns."""
        found: list[tuple[Any, ...]] = []
        start = 0
        while start < len(rows):
            size = next(size for size in _CHUNKS if size <= len(rows) - start)
            part = rows[start : start + size]
            values = self._execute(_text(sql, len(part[0]), size), tuple(chain.from_iterable(part)))
            found += values.fetchall()
            start += size
        return found


_TEXTS: dict[tuple[str, int, int], str] = {}


def _text(sql: str, width: int, size: int) -> str:
    """The statement for `size` rows of `width` columns."""
    key = (sql, width, size)
    text = _TEXTS.get(key)
    if text is None:
        row = f"({', '.join('?' * width)})"
        text = _TEXTS[key] = sql.format(rows=", ".join([row] * size))
    return text
