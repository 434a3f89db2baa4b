"""Payouts, what operators and the rail said of them: statements inside the one transaction, and what readers may see."""

import sqlite3

import msgspec

from gateway.machines.payout import PayoutState
from gateway.store.payout_rows import ItemRow, PayoutRow, RailEventRow, ReviewRow

_COLUMNS = ", ".join(PayoutRow.__struct_fields__)
_MARKS = ", ".join("?" * len(PayoutRow.__struct_fields__))
_SELECT = f"SELECT {_COLUMNS} FROM payouts WHERE"  # noqa: S608  # our own column names
_INSERT = f"INSERT INTO payouts ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608  # our own column names
_UPDATE = """
UPDATE payouts SET state = ?, rail_id = ?, reason = ?, operations = ?, last_receipt_sha256 = ?, epoch = ?, leased_until = ?,
  sent_at = ?, due_at = ?, tries = ?, updated_at = ? WHERE tenant_id = ? AND payout_id = ? AND epoch = ?
"""
_OPEN = f"{_SELECT} state IN ('accepted', 'executing', 'unknown') AND due_at <= ? AND leased_until <= ?"
# `sent_at` tells who works on an executing payout whose lease is over: nothing ever left, or nobody knows what did.
_TO_SEND = f"""
{_OPEN} AND (state = 'accepted' OR (state = 'executing' AND sent_at IS NULL))
ORDER BY due_at, tenant_id, payout_id LIMIT ?
"""
_TO_ASK = f"""
{_OPEN} AND (state = 'unknown' OR (state = 'executing' AND sent_at IS NOT NULL))
ORDER BY due_at, tenant_id, payout_id LIMIT ?
"""
_EVENTS = """
SELECT rail_event_id, rail_key, type, status, body, tries FROM rail_events INDEXED BY rail_events_to_do
WHERE outcome IS NULL AND rail = ? AND due_at <= ? ORDER BY due_at, rail_event_id LIMIT ?
"""
_ACCOUNT = "INSERT INTO accounts (tenant_id, name, currency, may_go_negative) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LAST_PAYOUT_ID = "pyo_~"


class PayoutStore:
    """Shares the connection and the transaction of its Transaction; these tables are never collected, always written at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def account(self, tenant_id: str, name: str, currency: str, *, may_go_negative: bool) -> int:
        """The number of an account, made if absent."""
        self._execute(_ACCOUNT, (tenant_id, name, currency, int(may_go_negative)))
        sql = "SELECT account FROM accounts WHERE tenant_id = ? AND name = ? AND currency = ?"
        return int(self._execute(sql, (tenant_id, name, currency)).fetchone()[0])

    def find(self, tenant_id: str, payout_id: str) -> PayoutRow | None:
        """A payout of this tenant."""
        return self._one("tenant_id = ? AND payout_id = ?", tenant_id, payout_id)

    def of_key(self, rail_key: str) -> PayoutRow | None:
        """The payout that the rail knows by this key."""
        return self._one("rail_key = ?", rail_key)

    def of_charge(self, rail_id: str) -> PayoutRow | None:
        """The payout that this charge of the rail has paid."""
        return self._one("rail_id = ?", rail_id)

    def page(self, tenant_id: str, cursor: str | None, limit: int) -> list[PayoutRow]:
        """Payouts of a tenant, newest first, after the cursor: the last id of the page before."""
        sql = f"{_SELECT} tenant_id = ? AND payout_id < ? ORDER BY payout_id DESC LIMIT ?"
        return [payout_row(row) for row in self._execute(sql, (tenant_id, cursor or _LAST_PAYOUT_ID, limit))]

    def every(self) -> list[PayoutRow]:
        """Every payout of every tenant."""
        return [payout_row(row) for row in self._execute(f"{_SELECT} 1 ORDER BY tenant_id, payout_id")]

    def to_send(self, now: str, limit: int) -> list[PayoutRow]:
        """Payouts of which no byte has left, that nobody works on now."""
        return [payout_row(row) for row in self._execute(_TO_SEND, (now, now, limit))]

    def to_ask(self, now: str, limit: int) -> list[PayoutRow]:
        """Payouts whose outcome is not known, that nobody works on now."""
        return [payout_row(row) for row in self._execute(_TO_ASK, (now, now, limit))]

    def add(self, row: PayoutRow) -> None:
        """Store a new payout."""
        self._execute(_INSERT, msgspec.structs.astuple(row))

    def update(self, row: PayoutRow, held: int) -> bool:
        """Store what has changed, if epoch `held` is still the newest; False when somebody else has taken the payout over."""
        values = (
            *(row.state.value, row.rail_id, row.reason, row.operations, row.last_receipt_sha256, row.epoch, row.leased_until),
            *(row.sent_at, row.due_at, row.tries, row.updated_at, row.tenant_id, row.payout_id, held),
        )
        return self._execute(_UPDATE, values).rowcount == 1

    def add_review(self, tenant_id: str, payout_id: str, review: ReviewRow) -> None:
        """Append what an operator says."""
        sql = """
        INSERT INTO payout_reviews (tenant_id, payout_id, number, operator, person_id, outcome, evidence, at)
        SELECT ?, ?, count(*) + 1, ?, ?, ?, ?, ? FROM payout_reviews WHERE tenant_id = ? AND payout_id = ?
        """
        said = (review.operator, review.person_id, review.outcome.value, review.evidence, review.at)
        self._execute(sql, (tenant_id, payout_id, *said, tenant_id, payout_id))

    def reviews(self, tenant_id: str, payout_id: str) -> tuple[ReviewRow, ...]:
        """What operators said, in the order in which they said it."""
        sql = """
        SELECT operator, person_id, outcome, evidence, at FROM payout_reviews
        WHERE tenant_id = ? AND payout_id = ? ORDER BY number
        """
        found = self._execute(sql, (tenant_id, payout_id))
        return tuple(ReviewRow(name, person, PayoutState(outcome), evidence, at) for name, person, outcome, evidence, at in found)

    def add_event(self, rail: str, event: RailEventRow, now: str) -> bool:
        """Store an event; False when it was known already."""
        sql = """
        INSERT INTO rail_events
          (rail, rail_event_id, rail_key, resource_kind, resource_id, type, status, body, received_at, due_at, tries)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING
        """
        payout = self.of_key(event.rail_key)
        about = (event.rail_key, *(("payout", payout.payout_id) if payout else (None, None)))
        values = (rail, event.rail_event_id, *about, event.type, event.status, event.body, now, now)
        return self._execute(sql, values).rowcount == 1

    def events(self, rail: str, now: str, limit: int) -> list[RailEventRow]:
        """Stored events that nothing has been made of yet, and whose time has come."""
        return [RailEventRow(*row) for row in self._execute(_EVENTS, (rail, now, limit))]

    def postpone_event(self, rail: str, rail_event_id: str, due_at: str) -> None:
        """Look at an event again later."""
        sql = "UPDATE rail_events SET due_at = ?, tries = tries + 1 WHERE rail = ? AND rail_event_id = ? AND outcome IS NULL"
        self._execute(sql, (due_at, rail, rail_event_id))

    def handle_event(self, rail: str, rail_event_id: str, outcome: str, now: str) -> bool:
        """Say what became of an event; False when somebody said so before."""
        sql = "UPDATE rail_events SET outcome = ?, handled_at = ? WHERE rail = ? AND rail_event_id = ? AND outcome IS NULL"
        return self._execute(sql, (outcome, now, rail, rail_event_id)).rowcount == 1

    def add_item(self, item: ItemRow) -> None:
        """Append a reconciliation item; a second one of its kind for a resource breaks a unique index."""
        names = ", ".join(ItemRow.__struct_fields__)
        sql = f"INSERT INTO reconciliation_items ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # our own column names
        self._execute(sql, msgspec.structs.astuple(item))

    def items(self, tenant_id: str, payout_id: str) -> tuple[ItemRow, ...]:
        """The reconciliation items of a payout."""
        names = ", ".join(ItemRow.__struct_fields__)
        sql = f"""
        SELECT {names} FROM reconciliation_items
        WHERE tenant_id = ? AND resource_kind = 'payout' AND resource_id = ? ORDER BY seq
        """  # noqa: S608  # our own column names
        return tuple(ItemRow(*row) for row in self._execute(sql, (tenant_id, payout_id)))

    def has_work(self, rail: str, now: str) -> bool:
        """Whether a worker would find anything to do."""
        return bool(self.to_send(now, 1) or self.to_ask(now, 1) or self.events(rail, now, 1))

    def _one(self, where: str, *values: str) -> PayoutRow | None:
        row = self._execute(f"{_SELECT} {where}", values).fetchone()
        return None if row is None else payout_row(row)


def payout_row(row: tuple[object, ...]) -> PayoutRow:
    """A row of the payouts table as a value."""
    values = list(row)
    values[4] = PayoutState(str(values[4]))
    return PayoutRow(*values)  # type: ignore[arg-type]  # the columns are the struct's fields, in order
