"""The database refuses by itself what the code must never try."""

import sqlite3

import msgspec
import pytest

from gateway.commands import ApprovalRule, Approve, PutPolicy, Reserve, Settle
from gateway.journal import system_row
from gateway.routes import APPROVE, PUT_POLICY, RESERVE, SETTLE
from gateway.store.key_events import KeyEvents
from gateway.store.rows import KeyEvent


@pytest.fixture
def settled(desk):
    """A settled payment's id; beside it stand a denied one, and one that waits with one vote."""
    answer = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"), "w1")
    payment_id = msgspec.json.decode(answer.body)["payment"]["payment_id"]
    desk.ask(SETTLE, Settle(), "w2", payment_id)
    desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "500000", "USD"), "w3")
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="100000", approval=ApprovalRule("10", 2)), "w4")
    answer = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "11", "USD"), "w5")
    desk.ask(APPROVE, Approve("fine"), "w6", msgspec.json.decode(answer.body)["payment"]["payment_id"])
    events = KeyEvents(desk.connection)
    for number, event in enumerate(("active", "revoked", "active", "retired")):  # the last two of nobody yet
        seq = desk.tx.add_operation(system_row("system", f"key_{event}", "2026-11-23T10:00:00.000Z", f"k{number}", "test", {}))
        desk.tx.flush()
        if number < 2:
            events.add(KeyEvent(seq, "a-key", event, "2026-11-23T10:00:00.000Z", "x"))
    return payment_id


REFUSED = {
    "a movement is changed": "UPDATE movements SET amount = amount + 1",
    "a movement is deleted": "DELETE FROM movements",
    "an operation is changed": "UPDATE operations SET status = 201",
    "an operation is deleted": "DELETE FROM operations",
    "a key is freed": "DELETE FROM idempotency_keys",
    "a key is moved to another operation": "UPDATE idempotency_keys SET seq = 1",
    "a policy is rewritten": "UPDATE policies SET policy_sha256 = 'x'",
    "a payment is deleted": "DELETE FROM payments",
    "a settled payment becomes reserved": "UPDATE payments SET state = 'reserved', operations = operations + 1",
    "a settled payment is settled again": "UPDATE payments SET settled = 0, open = 1000, operations = operations + 1",
    "more is refunded than settled": "UPDATE payments SET refunded = 1001, operations = operations + 1",
    "the authorized amount changes": "UPDATE payments SET authorized = 2000, released = 1000, operations = operations + 1",
    "an operation on a payment is not counted": "UPDATE payments SET refunded = 1 WHERE state = 'settled'",
    "two operations on a payment are counted as one": "UPDATE payments SET operations = operations + 2 WHERE state = 'settled'",
    "a refund is taken back": """UPDATE payments SET refunded = refunded - 1, operations = operations + 1
        WHERE state = 'settled'""",
    "a hold lasts longer": "UPDATE payments SET expires_at = '2027-11-23T10:00:00.000Z', operations = operations + 1",
    "a denied payment waits for approval": """UPDATE payments SET state = 'approval_required', operations = operations + 1
        WHERE state = 'denied'""",
    "money goes to another payee": "UPDATE payments SET payee_id = 'pye_x', operations = operations + 1",
    "an account goes below zero": """INSERT INTO movements SELECT seq, 9, tenant_id, credit, debit, 99999999999, currency
        FROM movements WHERE leg = 0 ORDER BY seq DESC LIMIT 1""",
    "money crosses currencies": """INSERT INTO movements SELECT seq, 9, tenant_id, debit, credit, 1, 'EUR'
        FROM movements WHERE leg = 0 LIMIT 1""",
    "money crosses tenants": """INSERT INTO movements SELECT seq, 9, 'ten_other', debit, credit, 1, currency
        FROM movements WHERE leg = 0 LIMIT 1""",
    "a movement of nothing": """INSERT INTO movements SELECT seq, 9, tenant_id, debit, credit, 0, currency
        FROM movements WHERE leg = 0 LIMIT 1""",
    "a second operation takes the place of a first": """INSERT INTO operations
        (tenant_id, suffix, kind, resource_kind, resource_id, resource_seq, at, actor, route, fingerprint, request, status)
        SELECT tenant_id, 'other', kind, resource_kind, resource_id, resource_seq, at, actor, route, fingerprint, request, status
        FROM operations WHERE resource_seq = 2""",
    "a key is claimed twice": "INSERT INTO idempotency_keys SELECT tenant_key, route_hash, seq FROM idempotency_keys LIMIT 1",
    "an answer goes before its 30 days are over": "DELETE FROM answers",
    "an answer is changed": "UPDATE answers SET body = zeroblob(2)",
    "an answer loses its operation, then goes": "UPDATE answers SET seq = seq + 1000",
    "a key event is rewritten": "UPDATE key_events SET event = 'revoked'",
    "a key event is taken back": "DELETE FROM key_events",
    "a key is made active without an operation": """INSERT INTO key_events
        SELECT max(seq), 'other', 'active', at, 'x' FROM operations""",
    "a key is retired that never was active": """INSERT INTO key_events
        SELECT seq, 'other', 'retired', at, 'x' FROM operations WHERE kind = 'key_retired'""",
    "a revoked key comes back": """INSERT INTO key_events
        SELECT seq, 'a-key', 'active', at, 'x' FROM operations WHERE kind = 'key_active' ORDER BY seq DESC LIMIT 1""",
    "a second row of the service": "INSERT INTO service SELECT 2, mode, mode_reason, mode_at, mode_actor FROM service",
    "a burst without a rate": "UPDATE tenants SET rate_per_s = 0",
    "a rate without a burst": "UPDATE tenants SET burst = 0",
    "a 5xx answer is stored": """INSERT INTO operations
        (tenant_id, suffix, kind, at, actor, route, fingerprint, request, status)
        VALUES ('t', 's', 'k', 'a', 'a', 'r', zeroblob(32), zeroblob(2), 500)""",
    "a denied payment is settled": """UPDATE payments SET state = 'settled', authorized = 500000, settled = 500000,
        operations = operations + 1 WHERE state = 'denied'""",
    "a settled payment waits for approval": """UPDATE payments SET state = 'approval_required', authorized = 0, settled = 0,
        operations = operations + 1 WHERE state = 'settled'""",
    "a payment that waits is settled without a hold": """UPDATE payments SET state = 'settled', authorized = requested,
        settled = requested, operations = operations + 1 WHERE state = 'approval_required'""",
    "a payment that waits holds another amount": """UPDATE payments SET state = 'reserved', authorized = requested + 1,
        open = requested + 1, operations = operations + 1 WHERE state = 'approval_required'""",
    "a payment that waits changes its amount": """UPDATE payments SET requested = 1, operations = operations + 1
        WHERE state = 'approval_required'""",
    "a payment that waits holds money": """UPDATE payments SET authorized = requested, open = requested,
        operations = operations + 1 WHERE state = 'approval_required'""",
    "a vote is changed": "UPDATE votes SET vote = 'reject'",
    "a vote is withdrawn": "DELETE FROM votes",
    "a name votes twice": """INSERT INTO votes
        SELECT tenant_id, payment_id, agent_id, 'another-key', NULL, 'reject', reason, at FROM votes""",
    "a key votes twice": """INSERT INTO votes
        SELECT tenant_id, payment_id, 'another', key_id, NULL, 'approve', reason, at FROM votes""",
    "who asked for it votes": """INSERT INTO votes
        SELECT tenant_id, payment_id, 'agent-1', 'another-key', NULL, 'approve', reason, at FROM votes""",
    "somebody votes on a settled payment": """INSERT INTO votes
        SELECT tenant_id, payment_id, 'ann', 'key-ann', NULL, 'approve', '', '' FROM payments WHERE state = 'settled'""",
    "a budget gives back more than it counted": "UPDATE counters SET amount = amount - 100001",
    "a budget counts fewer payments than none": "UPDATE counters SET payments = -1",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.usefixtures("settled")
def test_the_database_refuses(desk, statement):
    """The statement breaks a constraint or a trigger, and nothing changes."""
    before = desk.balances()
    with pytest.raises(sqlite3.IntegrityError):
        desk.connection.execute(statement)
    assert desk.balances() == before


@pytest.mark.parametrize("final", [False, True])
def test_what_was_charged_back_stays_charged_back(desk, final):
    """Of a payment settled in part or whole: a chargeback is undone by a new entry, never by a smaller number."""
    answer = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"), "c1")
    payment_id = msgspec.json.decode(answer.body)["payment"]["payment_id"]
    desk.ask(SETTLE, Settle(amount="500", final=final), "c2", payment_id)
    change = "UPDATE payments SET charged_back = ?, operations = operations + 1 WHERE payment_id = ?"
    desk.connection.execute(change, (10, payment_id))
    with pytest.raises(sqlite3.IntegrityError, match="settled, released, refunded and charged_back only grow"):
        desk.connection.execute(change, (9, payment_id))
