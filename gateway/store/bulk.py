"""Statements for several rows at once, and the shapes in which sqlite3 takes values without a detour."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from msgspec.structs import astuple

from gateway.ledger import PaymentAccounts
from gateway.machines.payment import PaymentState
from gateway.store.rows import OperationRow, PaymentAmounts, PaymentIdentity, PaymentRow, StoredAnswer

_CHUNKS = (64, 16, 4, 2, 1)
"""Rows a statement: few different texts, so that SQLite's prepared statements are found again."""

blob = bytearray
"""How bytes are bound on the hot path. For `bytes` and None sqlite3 first looks for an adapter, which costs more than all else
about a value; a bytearray it takes as it is, and an empty text becomes NULL in the statement."""

_IDENTITY, _AMOUNTS = PaymentIdentity.__struct_fields__, PaymentAmounts.__struct_fields__
_ACCOUNTS = tuple(f"{name}_account" for name in PaymentAccounts.__struct_fields__)
_PROGRESS = ("state", "counters", "guarded", "operations", "last_receipt_sha256", "policy")
_PAYMENT = (*_IDENTITY, *_ACCOUNTS, *_AMOUNTS, *_PROGRESS)
PAYMENT_COLUMNS = ", ".join(_PAYMENT)
OPERATION_COLUMNS = (
    "tenant_id, suffix, kind, entry_kind, resource_kind, resource_id, resource_seq, at, actor, route, key, fingerprint, request, "
    "status, location, receipt, signature, keyid"
)
STORED_COLUMNS = ", ".join(f"a.{name}" if name == "body" else f"o.{name}" for name in StoredAnswer.__struct_fields__)

Execute = Callable[[str, tuple[Any, ...]], Iterable[tuple[Any, ...]]]


class Bulk:
    """A statement in whose place `{rows}` stand as many rows of values as there are."""

    def __init__(self, sql: str, columns: str, *, nullable: Sequence[str] = ()) -> None:
        marks = ("nullif(?, '')" if name in nullable else "?" for name in columns.split(", "))
        row = f"({', '.join(marks)})"
        self._texts = [(size, sql.format(rows=", ".join([row] * size))) for size in _CHUNKS]
        self.one = self._texts[-1][1]

    def run(self, execute: Execute, rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
        """Run it over `rows`, several a statement, and gather what it returns."""
        found: list[tuple[Any, ...]] = []
        start, end = 0, len(rows)
        for size, text in self._texts:
            while end - start >= size:
                found += execute(text, tuple(chain.from_iterable(rows[start : start + size])))
                start += size
        return found


def _insert(table: str, columns: str, *, nullable: Sequence[str] = ()) -> Bulk:
    return Bulk(f"INSERT INTO {table} ({columns}) VALUES {{rows}}", columns, nullable=nullable)  # noqa: S608  # our own names


STORED = Bulk(
    f"""
SELECT k.tenant_key, k.route_hash, {STORED_COLUMNS} FROM (VALUES {{rows}}) AS v
JOIN idempotency_keys AS k ON k.tenant_key = v.column1 AND k.route_hash = v.column2 JOIN operations AS o ON o.seq = k.seq
LEFT JOIN answers AS a ON a.seq = k.seq
""",  # noqa: S608  # our own names
    "tenant_key, route_hash",
)
PAYMENTS = Bulk(
    f"""
SELECT {", ".join(f"p.{name}" for name in _PAYMENT)} FROM (VALUES {{rows}}) AS v
JOIN payments AS p ON p.tenant_id = v.column1 AND p.payment_id = v.column2
""",  # noqa: S608  # our own names
    "tenant_id, payment_id",
)
OPERATIONS = _insert("operations", f"seq, {OPERATION_COLUMNS}", nullable=("location",))
ANSWERS = _insert("answers", "seq, body")
KEYS = _insert("idempotency_keys", "tenant_key, route_hash, seq")
MOVEMENTS = _insert("movements", "seq, leg, tenant_id, debit, credit, amount, currency")
NEW_PAYMENTS = _insert("payments", PAYMENT_COLUMNS, nullable=("client_reference", "purpose"))
CHANGED = Bulk(
    """
UPDATE payments SET state = v.column3, settled = v.column4, released = v.column5, open = v.column6, refunded = v.column7,
  charged_back = v.column8, operations = v.column9, last_receipt_sha256 = v.column10
FROM (VALUES {rows}) AS v WHERE payments.tenant_id = v.column1 AND payments.payment_id = v.column2
""",
    "tenant_id, payment_id, state, settled, released, open, refunded, charged_back, operations, last_receipt_sha256",
)
COUNTERS = Bulk(
    """
INSERT INTO counters (tenant_id, counter, amount, payments) VALUES {rows}
ON CONFLICT (tenant_id, counter) DO UPDATE SET amount = excluded.amount, payments = excluded.payments
""",
    "tenant_id, counter, amount, payments",
)

_STATES = {state.value: state for state in PaymentState}
_AMOUNTS_AT = len(_IDENTITY) + len(_ACCOUNTS)
_PROGRESS_AT = _AMOUNTS_AT + len(_AMOUNTS)


def payment_row(row: tuple[Any, ...]) -> PaymentRow:
    """A row of the payments table, in the order of PAYMENT_COLUMNS, as a value."""
    state, counters, guarded, operations, last_receipt_sha256, policy = row[_PROGRESS_AT:]
    return PaymentRow(
        identity=PaymentIdentity(*row[: len(_IDENTITY)]),
        accounts=PaymentAccounts(*row[len(_IDENTITY) : _AMOUNTS_AT]),
        amounts=PaymentAmounts(*row[_AMOUNTS_AT:_PROGRESS_AT]),
        state=_STATES[state],
        counters=counters,
        guarded=guarded,
        operations=operations,
        last_receipt_sha256=last_receipt_sha256,
        policy=policy,
    )


def new_payment(row: PaymentRow) -> tuple[object, ...]:
    """The values of NEW_PAYMENTS."""
    *identity, reference, purpose = astuple(row.identity)
    money = (*astuple(row.accounts), *astuple(row.amounts))
    progress = (str(row.state), row.counters, row.guarded, row.operations, row.last_receipt_sha256, blob(row.policy))
    return *identity, reference or "", purpose or "", *money, *progress


def changed_payment(row: PaymentRow) -> tuple[object, ...]:
    """The values of CHANGED."""
    amounts = row.amounts
    moved = (amounts.settled, amounts.released, amounts.open, amounts.refunded, amounts.charged_back)
    return *row.key, str(row.state), *moved, row.operations, row.last_receipt_sha256


def operation(seq: int | None, row: OperationRow, signature: bytes | None) -> tuple[object, ...]:
    """The values of OPERATIONS."""
    request, resource = row.request, row.resource
    about = (resource.kind, resource.id, resource.seq) if resource else (None, None, None)
    requested = (row.at, request.actor, request.route, request.key, blob(request.fingerprint), blob(request.body))
    signed = (row.receipt and blob(row.receipt), signature and blob(signature), row.keyid)
    return (
        seq,
        row.tenant_id,
        row.suffix,
        row.kind,
        row.entry_kind,
        *about,
        *requested,
        row.status,
        row.location or "",
        *signed,
    )
