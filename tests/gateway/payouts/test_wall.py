"""The database refuses by itself what must never be done to a payout."""

import sqlite3

import pytest
from gateway_payouts import in_review

REFUSED = {
    "a payout is deleted": "DELETE FROM payouts",
    "its amount changes": "UPDATE payouts SET amount = amount + 1",
    "its key changes": "UPDATE payouts SET rail_key = 'other'",
    "a success is taken back": "UPDATE payouts SET state = 'failed' WHERE state = 'succeeded'",
    "a review is decided by nobody": "UPDATE payouts SET state = 'succeeded' WHERE state = 'manual_review'",
    "an accepted payout is declared paid": "UPDATE payouts SET state = 'succeeded' WHERE state = 'accepted'",
    "a lease goes back": "UPDATE payouts SET epoch = epoch - 1 WHERE epoch > 0",
    "one charge pays two payouts": "UPDATE payouts SET rail_id = (SELECT max(rail_id) FROM payouts) WHERE rail_id IS NULL",
    "an event comes twice": """INSERT INTO rail_events SELECT rail, rail_event_id, rail_key, resource_kind, resource_id, type,
        status, body, received_at, due_at, tries, NULL, NULL FROM rail_events""",
    "an event is handled twice": "UPDATE rail_events SET outcome = 'again'",
    "an event is forgotten": "DELETE FROM rail_events",
    "a review is rewritten": "UPDATE payout_reviews SET outcome = 'failed'",
    "a second operation takes the place of a first": """INSERT INTO operations
        (tenant_id, suffix, kind, resource_kind, resource_id, resource_seq, at, actor, route, fingerprint, request, status)
        SELECT tenant_id, 'other', kind, resource_kind, resource_id, resource_seq, at, actor, route, fingerprint, request, status
        FROM operations WHERE kind = 'payout' LIMIT 1""",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses_by_itself(counter, statement):
    """With a paid payout, one in review that one operator has seen, one just accepted, and a handled event."""
    paid = counter.pay(100)
    counter.round()
    counter.event("evt_1", paid["rail_key"], "pending")
    counter.round()
    review = in_review(counter, paid=True)
    counter.review(review["payout_id"], "ann", "succeeded")
    counter.pay(100)
    before = counter.balances()
    with pytest.raises(sqlite3.IntegrityError):
        counter.desk.connection.execute(statement)
    assert counter.balances() == before


@pytest.mark.parametrize(
    "change", ["resource_id = 'pyo_other'", "resource_kind = 'payment'", "rail_key = NULL", "body = zeroblob(1)"]
)
def test_an_event_that_waits_stays_about_what_it_is_about(counter, change):
    """Only what became of it is written down later."""
    paid = counter.pay(100)
    counter.event("evt_1", paid["rail_key"], "pending")
    with pytest.raises(sqlite3.IntegrityError, match="an event is handled once and never changes"):
        counter.desk.connection.execute(f"UPDATE rail_events SET {change}")  # noqa: S608  # from above
