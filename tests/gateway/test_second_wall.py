"""The database refuses by itself what the code must never try."""

import sqlite3

import msgspec
import pytest

from gateway.commands import Reserve, Settle
from gateway.routes import RESERVE, SETTLE


@pytest.fixture
def settled(desk):
    """A settled payment's id."""
    answer = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"), "w1")
    payment_id = msgspec.json.decode(answer.body)["payment"]["payment_id"]
    desk.ask(SETTLE, Settle(), "w2", payment_id)
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
        (tenant_id, suffix, kind, payment_id, payment_seq, at, actor, route, fingerprint, request, status, body)
        SELECT tenant_id, 'other', kind, payment_id, payment_seq, at, actor, route, fingerprint, request, status, body
        FROM operations WHERE payment_seq = 2""",
    "a key is claimed twice": "INSERT INTO idempotency_keys SELECT key_hash, route_hash, seq FROM idempotency_keys LIMIT 1",
    "a 5xx answer is stored": """INSERT INTO operations
        (tenant_id, suffix, kind, at, actor, route, fingerprint, request, status, body)
        VALUES ('t', 's', 'k', 'a', 'a', 'r', zeroblob(32), zeroblob(2), 500, zeroblob(2))""",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.usefixtures("settled")
def test_the_database_refuses(desk, statement):
    """The statement breaks a constraint or a trigger, and nothing changes."""
    before = desk.balances()
    with pytest.raises(sqlite3.IntegrityError):
        desk.connection.execute(statement)
    assert desk.balances() == before
