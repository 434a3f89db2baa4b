"""What a handler can read and write inside the one transaction that decides a request."""

import sqlite3
from collections.abc import Sequence

from gateway.ledger import Movement
from gateway.machines import State
from gateway.store.rows import Mode, OperationRow, PayeeRow, PaymentRow, StoredAnswer, WalletRow

_PAYMENT_COLUMNS = ", ".join(PaymentRow.__struct_fields__)
_OPERATION_COLUMNS = ", ".join(OperationRow.__struct_fields__)
_SELECT_PAYMENT = f"SELECT {_PAYMENT_COLUMNS} FROM payments WHERE tenant_id = ? AND payment_id = ?"  # noqa: S608  # our own names
_INSERT_PAYMENT = f"INSERT INTO payments ({_PAYMENT_COLUMNS}) VALUES ({', '.join('?' * len(PaymentRow.__struct_fields__))})"  # noqa: S608  # our own names
_INSERT_OPERATION = (
    f"INSERT INTO operations ({_OPERATION_COLUMNS}) VALUES ({', '.join('?' * len(OperationRow.__struct_fields__))})"  # noqa: S608  # our own names
)
_SELECT_KEY = """
SELECT o.seq, o.suffix, o.kind, o.at, o.fingerprint, o.request, o.status, o.body, o.location
FROM idempotency_keys AS k JOIN operations AS o ON o.seq = k.seq WHERE k.key_hash = ? AND k.route_hash = ?
"""
_UPDATE_PAYMENT = """
UPDATE payments SET state = ?, settled = ?, released = ?, open = ?, refunded = ?, charged_back = ?, operations = ?,
  last_receipt_sha256 = ? WHERE tenant_id = ? AND payment_id = ?
"""
_SELECT_WALLET = """
SELECT w.wallet_id, w.currency, w.available, w.held, a.balance, h.balance, w.created_at
FROM wallets AS w JOIN accounts AS a ON a.account = w.available JOIN accounts AS h ON h.account = w.held
WHERE w.tenant_id = ? AND w.wallet_id = ?
"""
_SELECT_PAYEE = """
SELECT p.payee_id, p.name, p.currency, p.payable, a.balance, p.created_at
FROM payees AS p JOIN accounts AS a ON a.account = p.payable WHERE p.tenant_id = ? AND p.payee_id = ?
"""
_SELECT_POLICY = "SELECT policy_sha256, document FROM policies WHERE tenant_id = ? ORDER BY version DESC LIMIT 1"
_ADD_COUNTER = """
INSERT INTO counters (tenant_id, scope, window, amount) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant_id, scope, window) DO UPDATE SET amount = amount + excluded.amount
"""
_OPEN_EXPIRED = "SELECT tenant_id, payment_id FROM payments WHERE open > 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?"


class Transaction:
    """Named statements on the writing connection; begun and committed by the group commit, never here."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany

    def stored_answer(self, key_hash: bytes, route_hash: bytes) -> StoredAnswer | None:
        """What this key led to on this route, if it was ever decided."""
        row = self._execute(_SELECT_KEY, (key_hash, route_hash)).fetchone()
        return None if row is None else StoredAnswer(*row)

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow | None:
        """A payment of this tenant."""
        row = self._execute(_SELECT_PAYMENT, (tenant_id, payment_id)).fetchone()
        return None if row is None else payment_row(row)

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow | None:
        """A wallet of this tenant with its balances."""
        row = self._execute(_SELECT_WALLET, (tenant_id, wallet_id)).fetchone()
        return None if row is None else WalletRow(*row)

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow | None:
        """A payee of this tenant with its balance."""
        row = self._execute(_SELECT_PAYEE, (tenant_id, payee_id)).fetchone()
        return None if row is None else PayeeRow(*row)

    def policy(self, tenant_id: str) -> tuple[str, bytes] | None:
        """The hash and canonical bytes of the policy in force."""
        row: tuple[str, bytes] | None = self._execute(_SELECT_POLICY, (tenant_id,)).fetchone()
        return row

    def mode(self, tenant_id: str) -> Mode:
        """The tenant's mode."""
        row = self._execute(
            "SELECT mode, mode_reason, mode_at, mode_actor FROM tenants WHERE tenant_id = ?", (tenant_id,)
        ).fetchone()
        return Mode(*row)

    def counter(self, tenant_id: str, scope: str, window: str) -> int:
        """What has been counted, in minor units."""
        sql = "SELECT amount FROM counters WHERE tenant_id = ? AND scope = ? AND window = ?"
        row = self._execute(sql, (tenant_id, scope, window)).fetchone()
        return 0 if row is None else int(row[0])

    def expired_holds(self, now: str, limit: int) -> list[tuple[str, str]]:
        """Tenant and payment ids of holds whose time is over, oldest first."""
        return self._execute(_OPEN_EXPIRED, (now, limit)).fetchall()

    def add_operation(self, row: OperationRow) -> int:
        """Append to the journal; returns the position."""
        cursor = self._execute(_INSERT_OPERATION, _values(row))
        assert cursor.lastrowid is not None, "an insert has a rowid"
        return cursor.lastrowid

    def add_key(self, key_hash: bytes, route_hash: bytes, seq: int) -> None:
        """Bind a key to its operation; a second binding breaks the primary key and with it the transaction."""
        self._execute("INSERT INTO idempotency_keys (key_hash, route_hash, seq) VALUES (?, ?, ?)", (key_hash, route_hash, seq))

    def add_movements(self, seq: int, tenant_id: str, currency: str, movements: Sequence[Movement]) -> None:
        """Append the legs of an entry; the trigger keeps the balances."""
        sql = "INSERT INTO movements (seq, leg, tenant_id, debit, credit, amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?)"
        for leg, item in enumerate(movements):
            self._execute(sql, (seq, leg, tenant_id, item.debit, item.credit, item.amount, currency))

    def add_payment(self, row: PaymentRow) -> None:
        """Store a new payment."""
        self._execute(_INSERT_PAYMENT, _values(row))

    def update_payment(self, row: PaymentRow) -> None:
        """Store a payment's new amounts and state."""
        amounts = (row.settled, row.released, row.open, row.refunded, row.charged_back)
        where = (row.tenant_id, row.payment_id)
        cursor = self._execute(_UPDATE_PAYMENT, (row.state.value, *amounts, row.operations, row.last_receipt_sha256, *where))
        assert cursor.rowcount == 1, "the payment was read in this transaction"

    def add_to_counter(self, tenant_id: str, scope: str, window: str, amount: int) -> None:
        """Count `amount` (negative gives back)."""
        if amount < 0:
            sql = "UPDATE counters SET amount = amount + ? WHERE tenant_id = ? AND scope = ? AND window = ?"
            self._execute(sql, (amount, tenant_id, scope, window))
        else:
            self._execute(_ADD_COUNTER, (tenant_id, scope, window, amount))


def payment_row(row: tuple[object, ...]) -> PaymentRow:
    """A row of the payments table as a value."""
    values = list(row)
    values[5] = State(str(values[5]))
    return PaymentRow(*values)  # type: ignore[arg-type]  # the columns are the struct's fields, in order


def _values(row: PaymentRow | OperationRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in row.__struct_fields__)
