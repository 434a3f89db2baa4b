"""A transaction that decides many requests: reads ahead for all of them, and writes the hot tables several rows a statement.

What was written in the batch is seen by its later reads, though it reaches the database only at the end (`flush`). Statements
that other stores send straight to the database are for tables that are not collected here.
"""

import sqlite3
from collections.abc import Sequence

from msgspec.structs import replace

from gateway.ledger import Movement
from gateway.policy import Rules, Tally
from gateway.receipts.batch_signer import BatchSigner
from gateway.receipts.signer import ReceiptSigner
from gateway.store import bulk
from gateway.store.bulk import blob, payment_row
from gateway.store.rows import Like, Mode, OperationRow, PayeeRow, PaymentRow, StoredAnswer, Vote, WalletRow
from gateway.store.transaction import SqliteTransaction

_FEW = 3
"""Rows for which statements of their own cost less than one that has to spread out a list of them first."""

Key = tuple[str, bytes]
PaymentKey = tuple[str, str]


class SqliteBatch(SqliteTransaction):
    """One transaction's reads and writes. `open` begins it again, whatever became of the one before."""

    def __init__(self, connection: sqlite3.Connection, signer: BatchSigner | None = None) -> None:
        super().__init__(connection)
        self._reset()
        self._signer = signer or BatchSigner()

    def _reset(self) -> None:
        self._seq: int | None = None
        self._last: OperationRow | None = None
        self._answers: dict[Key, StoredAnswer | OperationRow | None] = {}
        self._payments: dict[PaymentKey, PaymentRow | None] = {}
        self._modes: dict[str, Mode] = {}
        self._in_force: dict[str, Rules] = {}
        self._ended: dict[str, tuple[bool, bool]] = {}
        self._wallets: dict[PaymentKey, WalletRow | None] = {}
        self._payees: dict[PaymentKey, PayeeRow | None] = {}
        self._deltas: dict[int, int] = {}
        self._operations: list[tuple[int, OperationRow]] = []
        self._bodies: list[tuple[object, ...]] = []
        self._keys: list[tuple[object, ...]] = []
        self._movements: list[tuple[object, ...]] = []
        self._new_payments: list[tuple[object, ...]] = []
        self._changed: dict[PaymentKey, PaymentRow] = {}
        self._tallies: dict[str, dict[str, Tally]] = {}
        self._counted: set[tuple[str, str]] = set()

    def open(self, keys: Sequence[Key], payments: Sequence[PaymentKey], signer: ReceiptSigner) -> None:
        """Begin a batch: read the stored answers and the payments that its requests name, a statement each."""
        self._reset()
        self._signer.begin_batch(signer)
        if len(keys) < _FEW:
            return  # each is read when it is needed
        self._answers.update(dict.fromkeys(keys))
        for row in bulk.STORED.run(self._execute, [(key, blob(route)) for key, route in self._answers]):
            self._answers[row[0], row[1]] = StoredAnswer(*row[2:])
        self._payments.update(dict.fromkeys(payments))
        for row in bulk.PAYMENTS.run(self._execute, list(self._payments)):
            found = payment_row(row)
            self._payments[found.key] = found

    def flush(self) -> None:
        """Send what was collected to the database; constraints and triggers speak now."""
        for statement, rows in (
            (bulk.ANSWERS, self._bodies),
            (bulk.KEYS, self._keys),
            (bulk.MOVEMENTS, self._movements),
            (bulk.NEW_PAYMENTS, self._new_payments),
        ):
            if rows:
                statement.run(self._execute, rows)
                rows.clear()
        self._write_changed()
        self.write_counters([(tenant, name, *self._tallies[tenant][name]) for tenant, name in sorted(self._counted)])
        self._counted.clear()
        if self._operations:  # last, since the others need no signature: it is made meanwhile
            self._write_operations()
        self._deltas.clear()
        self._wallets.clear()
        self._payees.clear()

    def stored_answer(self, tenant_key: str, route_hash: bytes) -> StoredAnswer | None:
        """What this key led to on this route, in this batch too."""
        key = (tenant_key, route_hash)
        if key not in self._answers:
            self._answers[key] = super().stored_answer(tenant_key, route_hash)
        found = self._answers[key]
        return found.answer if isinstance(found, OperationRow) else found

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow | None:
        """A payment of this tenant as the batch has left it."""
        key = (tenant_id, payment_id)
        if key not in self._payments:
            self._payments[key] = super().payment(tenant_id, payment_id)
        return self._payments[key]

    def mode(self, tenant_id: str) -> Mode:
        """The mode in force; read once a batch."""
        known = self._modes.get(tenant_id)
        if known is None:
            known = self._modes[tenant_id] = super().mode(tenant_id)
        return known

    def rules(self, tenant_id: str) -> Rules:
        """The policy in force; read once a batch."""
        known = self._in_force.get(tenant_id)
        if known is None:
            known = self._in_force[tenant_id] = super().rules(tenant_id)
        return known

    def key_ended(self, tenant_id: str, key_id: str) -> tuple[bool, bool]:
        """Whether key or tenant have ended; read once a batch, and again after a request that may have ended them."""
        known = self._ended.get(key_id)
        if known is None:
            known = self._ended[key_id] = super().key_ended(tenant_id, key_id)
        return known

    def forget_settings(self) -> None:
        """An administrator's command was carried out in this batch: modes, policies and keys are read again."""
        self._ended.clear()
        self._modes.clear()
        self._in_force.clear()

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
        known = self._tallies.get(tenant_id)
        if known is None:
            known = self._tallies[tenant_id] = {}
        unread = [name for name in names if name not in known]
        if unread:
            known.update(super().counters(tenant_id, unread))
        return {name: known[name] for name in names}

    def count(self, tenant_id: str, names: Sequence[str], amount: int, payments: int) -> None:
        """Count under each of these names; however many requests count, the table is written once."""
        counted = self.counters(tenant_id, names)
        known = self._tallies[tenant_id]
        for name, was in counted.items():
            known[name] = Tally(was.amount + amount, was.payments + payments)
            self._counted.add((tenant_id, name))

    def write_counters(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        """Store counters, several a statement."""
        bulk.COUNTERS.run(self._execute, rows)

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
        self._payments[row.key] = row

    def expired_holds(self, now: str, limit: int) -> list[PaymentKey]:
        """Holds whose time is over; reads the table, so what was collected goes there first."""
        self.flush()
        return super().expired_holds(now, limit)

    def add_operation(self, row: OperationRow) -> int:
        """Append to the journal; returns the position."""
        self._seq = seq = self.next_seq()
        if row.receipt is not None:
            self._signer.add(row.receipt)
        self._operations.append((seq, row))
        if row.body is not None:
            self._bodies.append((seq, blob(row.body)))
        self._last = row
        return seq

    def _write_operations(self) -> None:
        """Write the journal's rows, with the signatures in their places."""
        made = iter(self._signer.finish())
        rows = [bulk.operation(seq, row, next(made) if row.receipt is not None else None) for seq, row in self._operations]
        self._operations.clear()
        bulk.OPERATIONS.run(self._execute, rows)

    def next_seq(self) -> int:
        """The position that the next operation of this batch will have."""
        if self._seq is None:
            self._seq = super().next_seq() - 1
        return self._seq + 1

    def add_key(self, tenant_key: str, route_hash: bytes, seq: int) -> None:
        """Bind a key to the operation just added."""
        assert self._last is not None, "a key is bound to the operation that was added before it"
        self._answers[tenant_key, route_hash] = self._last
        self._keys.append((tenant_key, blob(route_hash), seq))

    def add_movements(self, seq: int, tenant_id: str, currency: str, movements: Sequence[Movement]) -> None:
        """Append the legs of an entry."""
        deltas = self._deltas
        for leg, item in enumerate(movements):
            deltas[item.debit] = deltas.get(item.debit, 0) - item.amount
            deltas[item.credit] = deltas.get(item.credit, 0) + item.amount
            self._movements.append((seq, leg, tenant_id, item.debit, item.credit, item.amount, currency))

    def add_payment(self, row: PaymentRow) -> None:
        """Store a new payment."""
        self._payments[row.key] = row
        self._new_payments.append(bulk.new_payment(row))

    def update_payment(self, row: PaymentRow) -> None:
        """Store a payment's new amounts and state."""
        key = row.key
        if key in self._changed:  # each change is checked by the table's triggers, so one must not swallow another
            self.flush()
        self._payments[key] = self._changed[key] = row

    def _write_changed(self) -> None:
        if len(self._changed) < _FEW:
            for row in self._changed.values():
                super().update_payment(row)
            self._changed.clear()
            return
        rows = [bulk.changed_payment(row) for row in self._changed.values()]
        self._changed.clear()
        bulk.CHANGED.run(self._execute, rows)
