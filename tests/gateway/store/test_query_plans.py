"""Query plans: no read of one tenant walks through the rows of all."""

import inspect
import re

import msgspec
import pytest

from gateway.commands import Reserve
from gateway.errors import Refused
from gateway.idempotency.claim import tenant_key
from gateway.routes import RESERVE
from gateway.store.payouts import PayoutStore
from gateway.store.reads import SqliteReads
from gateway.store.rows import Like
from gateway.store.transaction import SqliteTransaction

TENANT, PAYMENT, PAYOUT, NOW = "ten_1", "pay_1", "pyo_1", "2026-11-23T10:00:00.000Z"

READS = {
    "key_uses": lambda reads: reads.key_uses(TENANT, "a-key-of-sixteen"),
    "ledger": lambda reads: reads.ledger(TENANT, 0, 1),
    "payee": lambda reads: reads.payee(TENANT, "pye_1"),
    "payees": lambda reads: reads.payees(TENANT, None, 1),
    "payment": lambda reads: reads.payment(TENANT, PAYMENT),
    "payments": lambda reads: (reads.payments(TENANT, None, 1), reads.payments(TENANT, None, 1, waiting=True)),
    "payout": lambda reads: reads.payout(TENANT, PAYOUT),
    "policy": lambda reads: reads.policy(TENANT, "0" * 64),
    "problem": lambda reads: reads.problem(),
    "principal": lambda reads: reads.principal(bytes(32)),
    "receipt": lambda reads: reads.receipt(TENANT, "rcp_1"),
    "receipts": lambda reads: reads.receipts(TENANT, None, 0, 1),
    "service_mode": lambda reads: reads.service_mode(),
    "wallet": lambda reads: reads.wallet(TENANT, "wal_1"),
    "wallets": lambda reads: reads.wallets(TENANT, None, 1),
}
PAYOUTS = {
    "events": lambda store: store.events("rail", NOW, 1),
    "find": lambda store: store.find(TENANT, PAYOUT),
    "has_work": lambda store: store.has_work("rail", NOW),
    "items": lambda store: store.items(TENANT, PAYOUT),
    "of_charge": lambda store: store.of_charge("ch_1"),
    "of_key": lambda store: store.of_key("key"),
    "page": lambda store: store.page(TENANT, None, 1),
    "reviews": lambda store: store.reviews(TENANT, PAYOUT),
    "to_ask": lambda store: store.to_ask(NOW, 1),
    "to_send": lambda store: store.to_send(NOW, 1),
}
PAYOUT_WRITES = {"account", "add", "add_event", "add_item", "add_review", "handle_event", "postpone_event", "update"}
PAYOUTS_WHOLE = {"every"}
"""Read while nobody is served: `gonogo gateway reconcile` compares every payout of a database with the rail's book."""
DECIDING = {
    "counters": lambda tx: tx.counters(TENANT, ["a", "b"]),
    "expired_holds": lambda tx: tx.expired_holds(NOW, 1),
    "key_ended": lambda tx: tx.key_ended(TENANT, "key_1"),
    "last_like": lambda tx: tx.last_like(Like(TENANT, "agent-1", "pye_1", 1), NOW, PAYMENT),
    "mode": lambda tx: tx.mode(TENANT),
    "names_of": lambda tx: tx.names_of(TENANT, "per_1"),
    "payee": lambda tx: tx.payee(TENANT, "pye_1"),
    "payment": lambda tx: tx.payment(TENANT, PAYMENT),
    "policy_document": lambda tx: tx.policy_document(TENANT, "0" * 64),
    "rules": lambda tx: tx.rules(TENANT),
    "stored_answer": lambda tx: tx.stored_answer(tenant_key(TENANT, "k"), bytes(16)),
    "votes": lambda tx: tx.votes(TENANT, PAYMENT),
    "wallet": lambda tx: tx.wallet(TENANT, "wal_1"),
}

WALK = re.compile(
    r"SCAN (?!CONSTANT ROW|\(subquery)|SEARCH (operations|movements|payments|payouts) USING INTEGER PRIMARY KEY \(rowid>"
)


def plans(connection, read, subject):
    """The statements that a read sends, and the lines of their plans."""
    sent = []
    connection.set_trace_callback(sent.append)
    try:
        read(subject)
    except (Refused, TypeError):
        pass  # what is not found is refused after it was looked for; a tenant that there is not has no mode
    finally:
        connection.set_trace_callback(None)
    assert sent, "nothing was read"
    return {sql: [line for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in sent}


def walks(desk, read, subject):
    """The plans' lines that walk through rows of everybody."""
    return [(sql, line) for sql, lines in plans(desk.connection, read, subject).items() for line in lines if WALK.match(line)]


@pytest.mark.parametrize("name", READS)
def test_no_read_of_a_caller_walks_through_other_tenants_rows(desk, name):
    """A tenant without payments waits as long next to one with 60,000 as next to none."""
    assert walks(desk, READS[name], desk.reads) == []


@pytest.mark.parametrize("name", PAYOUTS)
def test_no_read_about_payouts_and_rail_events_walks_through_what_is_done(desk, name):
    """Workers look for what is to be done; finished payouts and handled events are not in their way."""
    assert walks(desk, PAYOUTS[name], desk.reads.rows.payouts) == []


@pytest.mark.parametrize("name", DECIDING)
def test_no_read_of_a_decision_walks_through_other_tenants_rows(desk, name):
    """Nor does the search for what has expired."""
    assert walks(desk, DECIDING[name], desk.reads.rows) == []


def test_receipts_and_ledger_entries_are_found_by_tenant(desk):
    """The index of the journal by tenant is what these two use; the ledger does not even read the rows that it passes over."""
    lines = [
        line
        for name in ("receipts", "ledger")
        for found in plans(desk.connection, READS[name], desk.reads).values()
        for line in found
    ]
    assert "SEARCH operations USING INDEX operations_by_tenant (tenant_id=? AND seq>?)" in lines
    assert "SEARCH operations USING COVERING INDEX operations_by_tenant (tenant_id=? AND seq>?)" in lines


def test_the_receipts_of_a_payment_are_found_by_payment(desk):
    """However many the tenant has."""
    made = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"), "k")
    payment_id = msgspec.json.decode(made.body)["payment"]["payment_id"]
    found = plans(desk.connection, lambda reads: reads.receipts(desk.demo.tenant_id, payment_id, 0, 1), desk.reads)
    index = "operations_by_resource (resource_kind=? AND resource_id=? AND resource_seq>?)"
    assert [f"SEARCH operations USING INDEX {index}"] in found.values()


def test_rail_events_are_found_among_those_that_wait(desk):
    """Not among all that the rail ever sent."""
    (lines,) = plans(desk.connection, PAYOUTS["events"], desk.reads.rows.payouts).values()
    assert lines == ["SEARCH rail_events USING INDEX rail_events_to_do (due_at<?)"]


def test_every_read_is_looked_at():
    """A new one is added to the tables above."""
    public = {name for name, _ in inspect.getmembers(SqliteReads, inspect.isfunction) if not name.startswith("_")}
    assert public == set(READS)
    public = {name for name, _ in inspect.getmembers(PayoutStore, inspect.isfunction) if not name.startswith("_")}
    assert public == set(PAYOUTS) | PAYOUT_WRITES | PAYOUTS_WHOLE
    assert all(hasattr(SqliteTransaction, name) for name in DECIDING)
