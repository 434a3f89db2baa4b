"""The lists of kinds are rows: a later release adds to them, nothing takes from them, and no other kind is stored."""

import sqlite3
from typing import get_args

import pytest

from gateway.kinds import EntryKind, ItemKind, ResourceKind

LISTS = {"entry_kinds": EntryKind, "item_kinds": ItemKind, "resource_kinds": ResourceKind}
OPERATION = """INSERT INTO operations
    (suffix, entry_kind, resource_kind, resource_id, resource_seq,
    tenant_id, kind, at, actor, route, fingerprint, request, status)
    VALUES (?, ?, ?, ?, ?, 't', 'k', 'a', 'a', 'r', zeroblob(32), zeroblob(2), 200)"""
ITEM = """INSERT INTO reconciliation_items
    (seq, kind, tenant_id, resource_kind, resource_id, amount, currency, at) VALUES (?, ?, 't', ?, ?, 1, 'USD', 'a')"""
EVENT = """INSERT INTO rail_events
    (rail, rail_event_id, resource_kind, resource_id, type, status, body, received_at, due_at, tries)
    VALUES ('r', ?, ?, ?, 't', 's', zeroblob(2), 'a', 'a', 0)"""


@pytest.mark.parametrize("table", LISTS)
def test_the_database_has_the_kinds_that_the_code_writes(desk, table):
    """The migration spells them out, so that it stays what it was; this holds the two equal."""
    rows = desk.connection.execute(f"SELECT kind FROM {table}").fetchall()  # noqa: S608  # from above
    assert {kind for (kind,) in rows} == set(get_args(LISTS[table]))


@pytest.mark.parametrize("table", LISTS)
@pytest.mark.parametrize("change", ["UPDATE {} SET kind = 'other'", "DELETE FROM {}"])
def test_a_kind_stays(desk, table, change):
    """What old rows mean never changes."""
    with pytest.raises(sqlite3.IntegrityError, match="kinds are append-only"):
        desk.connection.execute(change.format(table))


REFUSED = {
    "an entry of no known kind": (OPERATION, ("s", "gift", None, None, None)),
    "an operation on no known kind of resource": (OPERATION, ("s", None, "planet", "pla_1", 1)),
    "an operation on a resource without an id": (OPERATION, ("s", None, "payment", None, None)),
    "an operation that is numbered on nothing": (OPERATION, ("s", None, None, None, 1)),
    "an item of no known kind": (ITEM, (1, "surprise", None, None)),
    "an item about no known kind of resource": (ITEM, (1, "late_success", "planet", "pla_1")),
    "an item about a resource without an id": (ITEM, (1, "late_success", "payout", None)),
    "an event about no known kind of resource": (EVENT, ("e", "planet", "pla_1")),
    "an event about a resource without a kind": (EVENT, ("e", None, "pyo_1")),
}


@pytest.mark.parametrize("named", REFUSED)
def test_no_other_kind_is_stored(desk, named):
    """Nor half the name of a resource."""
    with pytest.raises(sqlite3.IntegrityError, match=r"FOREIGN KEY|CHECK"):
        desk.connection.execute(*REFUSED[named])


def test_a_later_release_adds_kinds_as_rows(desk):
    """No table is made again: the new kinds are used as soon as their rows are there."""
    for table, kind in (("entry_kinds", "dispute_hold"), ("item_kinds", "contradicted_dispute"), ("resource_kinds", "dispute")):
        desk.connection.execute(f"INSERT INTO {table} VALUES (?)", (kind,))  # noqa: S608  # the names above
    desk.connection.execute(OPERATION, ("s", "dispute_hold", "dispute", "dis_1", 1))
    desk.connection.execute(ITEM, (1, "contradicted_dispute", "dispute", "dis_1"))
    desk.connection.execute(EVENT, ("e", "dispute", "dis_1"))


def test_operations_are_numbered_within_their_resource(desk):
    """The same id of another kind is another resource; the same number on the same one is refused."""
    desk.connection.execute(OPERATION, ("s1", None, "payment", "one_1", 1))
    desk.connection.execute(OPERATION, ("s2", None, "payout", "one_1", 1))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        desk.connection.execute(OPERATION, ("s3", None, "payout", "one_1", 1))


def test_an_item_stands_once_for_a_resource_and_any_number_of_times_for_none(desk):
    """Money of unknown origin is told apart by its place in the journal alone."""
    desk.connection.execute(ITEM, (1, "late_success", "payout", "pyo_1"))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        desk.connection.execute(ITEM, (2, "late_success", "payout", "pyo_1"))
    desk.connection.execute(ITEM, (3, "late_success", None, None))
    desk.connection.execute(ITEM, (4, "late_success", None, None))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        desk.connection.execute(ITEM, (4, "late_success", None, None))
