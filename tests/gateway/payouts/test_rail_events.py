"""The rail's events: doubled, disordered, late, wrong, and about nothing."""

import itertools

import pytest
from gateway_payouts import PAID, receipts

from gateway.payouts.steps import Written, take_to_send, write_result
from gateway.rail.port import RailOutcome, RailResult


def test_an_event_is_stored_once_and_its_claim_is_not_believed(counter):
    """A webhook says failed, the rail itself says succeeded: the rail is asked, and its own word counts."""
    counter.script(charges=[{"action": "lost_reply_after"}])
    payout = counter.pay()
    counter.round()
    assert counter.event("evt_1", payout["rail_key"], "failed")
    assert not counter.event("evt_1", payout["rail_key"], "failed")
    counter.round()
    assert counter.view(payout["payout_id"]).state == "succeeded"
    assert counter.balances() == PAID


@pytest.mark.parametrize("order", list(itertools.permutations(("pending", "succeeded", "succeeded"))), ids=" ".join)
def test_events_in_any_order_and_number_lead_to_one_credit(counter, order):
    """A stage never goes down: pending after succeeded changes nothing."""
    counter.script(charges=[{"action": "lost_reply_after"}])
    payout = counter.pay()
    counter.round()
    for number, status in enumerate(order):
        counter.event(f"evt_{number}", payout["rail_key"], status)
        counter.round(61)
    assert counter.view(payout["payout_id"]).state == "succeeded"
    assert counter.balances() == PAID
    assert len(receipts(counter, payout["payout_id"])) == 3
    assert counter.desk.connection.execute("SELECT count(*) FROM rail_events WHERE outcome IS NULL").fetchone() == (0,)


def test_an_event_about_nothing_changes_nothing(counter):
    """A key that was never sent, a status that nobody knows: both are noted, no money moves."""
    payout = counter.pay()
    counter.round()
    before = counter.balances()
    counter.event("evt_1", "gng_unknown", "succeeded")
    counter.event("evt_2", payout["rail_key"], "on_holiday")
    counter.round()
    rows = counter.desk.connection.execute("SELECT outcome FROM rail_events ORDER BY rail_event_id").fetchall()
    assert rows == [("no_such_payout",), ("nothing_new",)]
    assert counter.balances() == before


def test_an_event_that_comes_before_the_reply_waits_for_the_worker(counter):
    """The worker that holds the payout speaks first; the event is looked at again, and has nothing to add."""
    payout = counter.pay()
    (held,) = counter.desk.chore(lambda tx, ctx: take_to_send(tx, ctx, 10, 20.0))
    counter.event("evt_1", payout["rail_key"], "succeeded")
    assert counter.round()[1] == 0
    counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, held, RailResult(RailOutcome.SUCCEEDED, "", "chg_1")))
    counter.round(61)
    assert counter.desk.connection.execute("SELECT outcome FROM rail_events").fetchall() == [("nothing_new",)]


def test_a_charge_that_has_paid_one_payout_cannot_pay_another(counter):
    """A rail that names the same charge twice is not believed the second time."""
    counter.pay()
    counter.pay()
    first, second = counter.desk.chore(lambda tx, ctx: take_to_send(tx, ctx, 10, 20.0))
    same = RailResult(RailOutcome.SUCCEEDED, "", "chg_1")
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, first, same)) is Written.SUCCEEDED
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, second, same)) is Written.UNKNOWN


def test_an_event_names_its_payout_and_one_about_nothing_known_is_kept(counter):
    """What the rail reported is evidence, whether or not it is about anything of ours."""
    payout = counter.pay()
    assert counter.event("evt_ours", payout["rail_key"], "pending")
    assert counter.event("evt_other", "a-key-of-nobody", "succeeded")
    counter.round()
    rows = "SELECT rail_event_id, resource_kind, resource_id, outcome IS NULL FROM rail_events ORDER BY rail_event_id DESC"
    assert counter.desk.connection.execute(rows).fetchall() == [
        ("evt_ours", "payout", payout["payout_id"], 0),
        ("evt_other", None, None, 0),
    ]
