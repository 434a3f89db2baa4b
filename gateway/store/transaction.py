"""What a handler can read and write inside the one transaction that decides a request."""

import sqlite3
from collections.abc import Sequence

import msgspec

from gateway.idempotency.claim import KEY_LIFETIME_DAYS
from gateway.ledger import Movement
from gateway.policy import NO_RULES, Rules, Tally, compile_rules
from gateway.store.access import AccessStore
from gateway.store.bulk import (
    COUNTERS,
    NEW_PAYMENTS,
    OPERATIONS,
    PAYMENT_COLUMNS,
    STORED_COLUMNS,
    changed_payment,
    new_payment,
    operation,
    payment_row,
)
from gateway.store.key_events import KeyEvents
from gateway.store.payouts import PayoutStore
from gateway.store.rows import Like, Mode, OperationRow, PayeeRow, PaymentRow, StoredAnswer, Vote, WalletRow
from gateway.store.rules_cache import RulesCache
from gateway.store.tenants import TenantStore

_SELECT_PAYMENT = f"SELECT {PAYMENT_COLUMNS} FROM payments WHERE tenant_id = ? AND payment_id = ?"  # noqa: S608  # our own names
_SELECT_KEY = f"""
SELECT {STORED_COLUMNS} FROM idempotency_keys AS k JOIN operations AS o ON o.seq = k.seq
LEFT JOIN answers AS a ON a.seq = k.seq WHERE k.tenant_key = ? AND k.route_hash = ?
"""  # noqa: S608  # our own column names
_UPDATE_PAYMENT = """
UPDATE payments SET state = ?3, settled = ?4, released = ?5, open = ?6, refunded = ?7, charged_back = ?8, operations = ?9,
  last_receipt_sha256 = ?10 WHERE tenant_id = ?1 AND payment_id = ?2
"""
SELECT_WALLET = """
SELECT w.wallet_id, w.currency, w.available, w.held, a.balance, h.balance, w.created_at
FROM wallets AS w JOIN accounts AS a ON a.account = w.available JOIN accounts AS h ON h.account = w.held
WHERE w.tenant_id = ? AND w.wallet_id = ?
"""
SELECT_PAYEE = """
SELECT p.payee_id, p.name, p.currency, p.payable, a.balance, p.created_at, p.category, p.known
FROM payees AS p JOIN accounts AS a ON a.account = p.payable WHERE p.tenant_id = ? AND p.payee_id = ?
"""
_SELECT_POLICY = "SELECT policy_sha256 FROM policies WHERE tenant_id = ? ORDER BY version DESC LIMIT 1"
_SELECT_DOCUMENT = """
SELECT document FROM policies INDEXED BY policies_by_hash WHERE tenant_id = ? AND policy_sha256 = ? LIMIT 1
"""
_SELECT_COUNTERS = "SELECT counter, amount, payments FROM counters WHERE tenant_id = ? AND counter IN ({marks})"
# The journal's own clock bounds what may go: a clock that jumps ahead takes nothing with it that the journal has not outlived.
_PURGE_ANSWERS = f"""
DELETE FROM answers WHERE seq IN (
  SELECT seq FROM (SELECT a.seq, o.at FROM answers AS a JOIN operations AS o ON o.seq = a.seq ORDER BY a.seq LIMIT ?)
  WHERE at <= ?
  AND at <= strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT at FROM operations ORDER BY seq DESC LIMIT 1), '-{KEY_LIFETIME_DAYS} days'))
"""  # noqa: S608  # a number of our own
_SELECT_MODE = """
SELECT t.mode, t.mode_reason, t.mode_at, t.mode_actor, s.mode, s.mode_reason, s.mode_at, s.mode_actor
FROM tenants AS t, service AS s WHERE t.tenant_id = ? AND s.only_row = 1
"""
_KEY_ENDED = """
SELECT EXISTS (SELECT 1 FROM api_keys WHERE key_id = ? AND revoked_at IS NOT NULL),
  EXISTS (SELECT 1 FROM disabled_tenants WHERE tenant_id = ?)
"""
_LIKE = """
SELECT max(created_at) FROM payments WHERE guarded = 1 AND tenant_id = ? AND agent_id = ? AND payee_id = ? AND requested = ?
AND created_at > ? AND payment_id <> ? AND state IN ('approval_required', 'reserved', 'partially_settled', 'settled')
"""
_DECIDE_PAYMENT = """
UPDATE payments SET state = ?, authorized = ?, open = ?, counters = ?, guarded = ?, policy = ?, operations = ?,
  last_receipt_sha256 = ? WHERE tenant_id = ? AND payment_id = ?
"""
_OPEN_EXPIRED = """
SELECT tenant_id, payment_id FROM (
  SELECT tenant_id, payment_id FROM payments WHERE open > 0 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
UNION ALL SELECT tenant_id, payment_id FROM (
  SELECT tenant_id, payment_id FROM payments WHERE state = 'approval_required' AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
LIMIT ?2
"""
NOTHING = Tally(0, 0)


class SqliteTransaction:
    """Named statements on the writing connection; begun and committed by the group commit, never here."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.payouts, self.tenants, self.key_events = PayoutStore(connection), TenantStore(connection), KeyEvents(connection)
        self.access = AccessStore(connection)
        self._rules = RulesCache()

    def stored_answer(self, tenant_key: str, route_hash: bytes) -> StoredAnswer | None:
        """What this key led to on this route, if it was ever decided."""
        row = self._execute(_SELECT_KEY, (tenant_key, route_hash)).fetchone()
        return None if row is None else StoredAnswer(*row)

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow | None:
        """A payment of this tenant."""
        row = self._execute(_SELECT_PAYMENT, (tenant_id, payment_id)).fetchone()
        return None if row is None else payment_row(row)

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow | None:
        """A wallet of this tenant with its balances."""
        row = self._execute(SELECT_WALLET, (tenant_id, wallet_id)).fetchone()
        return None if row is None else WalletRow(*row)

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow | None:
        """A payee of this tenant with its balance."""
        row = self._execute(SELECT_PAYEE, (tenant_id, payee_id)).fetchone()
        return None if row is None else PayeeRow(*row)

    def rules(self, tenant_id: str) -> Rules:
        """The policy in force, compiled: its hash is read each time, what the document compiles to is kept by that hash."""
        row = self._execute(_SELECT_POLICY, (tenant_id,)).fetchone()
        if row is None:
            return NO_RULES
        digest = str(row[0])
        known = self._rules.get(digest)
        if known is None:
            document = self.policy_document(tenant_id, digest)
            assert document is not None, "its hash was read a statement ago"
            known = compile_rules(digest, document)
            self._rules.add(digest, len(document), known)
        return known

    def policy_document(self, tenant_id: str, digest: str) -> bytes | None:
        """The canonical bytes of a policy that is, or was, in force."""
        row = self._execute(_SELECT_DOCUMENT, (tenant_id, digest)).fetchone()
        return None if row is None else bytes(row[0])

    def mode(self, tenant_id: str) -> Mode:
        """The mode in force for the tenant: its own, unless all tenants are paused."""
        row = self._execute(_SELECT_MODE, (tenant_id,)).fetchone()
        return Mode(row[4], row[5], row[6], row[7], everywhere=True) if row[4] == "paused" else Mode(*row[:4])

    def key_ended(self, tenant_id: str, key_id: str) -> tuple[bool, bool]:
        """Whether the API key was revoked, and whether its tenant is disabled."""
        revoked, disabled = self._execute(_KEY_ENDED, (key_id, tenant_id)).fetchone()
        return bool(revoked), bool(disabled)

    def forget_settings(self) -> None:
        """An administrator's command was carried out in this transaction: modes, policies and keys are read again."""

    def counters(self, tenant_id: str, names: Sequence[str]) -> dict[str, Tally]:
        """What has been counted under each of these names, read in one statement."""
        found = dict.fromkeys(names, NOTHING)
        if names:
            sql = _SELECT_COUNTERS.format(marks=", ".join("?" * len(names)))
            for name, amount, payments in self._execute(sql, (tenant_id, *names)):
                found[name] = Tally(amount, payments)
        return found

    def count(self, tenant_id: str, names: Sequence[str], amount: int, payments: int) -> None:
        """Count minor units and payments under each of these names; negative numbers give back."""
        tallies = self.counters(tenant_id, names)
        self.write_counters([(tenant_id, name, was.amount + amount, was.payments + payments) for name, was in tallies.items()])

    def write_counters(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        """Store tenant, name, amount and payments of counters that were read in this transaction."""
        COUNTERS.run(self._execute, rows)

    def last_like(self, payment: Like, since: str, apart_from: str) -> str | None:
        """When this agent last requested this amount for this payee, denied, rejected, released and expired payments apart."""
        row = self._execute(_LIKE, (*msgspec.structs.astuple(payment), since, apart_from)).fetchone()
        return None if row[0] is None else str(row[0])

    def know_payee(self, tenant_id: str, payee_id: str) -> None:
        """A payment to this payee is held: the payee is known from now on."""
        self._execute("UPDATE payees SET known = 1 WHERE tenant_id = ? AND payee_id = ?", (tenant_id, payee_id))

    def votes(self, tenant_id: str, payment_id: str) -> list[Vote]:
        """What people said to a payment that waits for approval."""
        columns = ", ".join(Vote.__struct_fields__)
        sql = f"SELECT {columns} FROM votes WHERE tenant_id = ? AND payment_id = ? ORDER BY agent_id"  # noqa: S608  # our own names
        return [Vote(*row) for row in self._execute(sql, (tenant_id, payment_id))]

    def names_of(self, tenant_id: str, person_id: str) -> frozenset[str]:
        """Every name under which the tenant's keys of this person act or have acted."""
        sql = "SELECT agent_id FROM api_keys WHERE tenant_id = ? AND person_id = ?"
        return frozenset(str(row[0]) for row in self._execute(sql, (tenant_id, person_id)))

    def add_vote(self, tenant_id: str, payment_id: str, vote: Vote) -> None:
        """Record a vote; a second one of the same person or key breaks a unique key and with it the transaction."""
        sql = """
        INSERT INTO votes (tenant_id, payment_id, agent_id, key_id, person_id, vote, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
        self._execute(sql, (tenant_id, payment_id, *msgspec.structs.astuple(vote)))

    def decide_payment(self, row: PaymentRow) -> None:
        """Store what a vote made of a payment that waited for approval."""
        amounts = (row.amounts.authorized, row.amounts.open)
        decided = (row.state.value, *amounts, row.counters, row.guarded, row.policy, row.operations, row.last_receipt_sha256)
        cursor = self._execute(_DECIDE_PAYMENT, (*decided, *row.key))
        assert cursor.rowcount == 1, "the payment was read in this transaction"

    def expired_holds(self, now: str, limit: int) -> list[tuple[str, str]]:
        """Tenant and payment ids of holds, oldest first, and of waits for approval, whose time is over."""
        return self._execute(_OPEN_EXPIRED, (now, limit)).fetchall()

    def add_operation(self, row: OperationRow) -> int:
        """Append to the journal; returns the position."""
        seq = self._execute(OPERATIONS.one, operation(None, row, None)).lastrowid
        assert seq is not None, "an insert has a rowid"
        if row.body is not None:
            self._execute("INSERT INTO answers (seq, body) VALUES (?, ?)", (seq, row.body))
        return seq

    def next_seq(self) -> int:
        """The position that the next operation will have: a receipt signs it, so it is known before the row is written."""
        return int(self._execute("SELECT coalesce(max(seq), 0) + 1 FROM operations").fetchone()[0])

    def add_key(self, tenant_key: str, route_hash: bytes, seq: int) -> None:
        """Bind a key to its operation; a second binding breaks the primary key and with it the transaction."""
        sql = "INSERT INTO idempotency_keys (tenant_key, route_hash, seq) VALUES (?, ?, ?)"
        self._execute(sql, (tenant_key, route_hash, seq))

    def add_movements(self, seq: int, tenant_id: str, currency: str, movements: Sequence[Movement]) -> None:
        """Append the legs of an entry; the trigger keeps the balances."""
        sql = "INSERT INTO movements (seq, leg, tenant_id, debit, credit, amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?)"
        for leg, item in enumerate(movements):
            self._execute(sql, (seq, leg, tenant_id, item.debit, item.credit, item.amount, currency))

    def purge_answers(self, decided_until: str, limit: int) -> int:
        """Delete answers decided at or before a moment, looking at the `limit` oldest; the table's trigger checks each."""
        return self._execute(_PURGE_ANSWERS, (limit, decided_until)).rowcount

    def add_payment(self, row: PaymentRow) -> None:
        """Store a new payment."""
        self._execute(NEW_PAYMENTS.one, new_payment(row))

    def update_payment(self, row: PaymentRow) -> None:
        """Store a payment's new amounts and state."""
        cursor = self._execute(_UPDATE_PAYMENT, changed_payment(row))
        assert cursor.rowcount == 1, "the payment was read in this transaction"
