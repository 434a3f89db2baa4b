"""What people decide where the rail cannot say, and what happens when it speaks later."""

import sqlite3

import pytest
from gateway_payouts import AMOUNT, ASIDE, OWED, PAID, in_review, receipts


def test_after_so_many_tries_people_take_over(counter):
    """The money stays aside, and the answer says what they are to do."""
    payout = in_review(counter, paid=True)
    view = counter.view(payout["payout_id"])
    assert (view.tries, counter.balances()) == (8, ASIDE)
    assert "Two operators" in view.next_step
    assert receipts(counter, payout["payout_id"])[-1]["money"]["moved"] == "unknown"


def test_one_operator_is_not_enough_however_often(counter):
    """Saying it twice is still one person; a second one who says otherwise is no agreement either."""
    payout_id = in_review(counter, paid=True)["payout_id"]
    for operator, outcome in (("ann", "succeeded"), ("ann", "succeeded"), ("bob", "failed")):
        status, view = counter.review(payout_id, operator, outcome)
        assert (status, view["state"]) == (200, "manual_review")
    status, view = counter.review(payout_id, "bob", "succeeded")
    assert (status, view["state"], len(view["reviews"])) == (200, "succeeded", 4)
    assert counter.balances() == PAID
    assert counter.review(payout_id, "cat", "failed")[1]["code"] == "payout_final"


def test_one_person_with_two_keys_is_not_two_operators(counter):
    """Whatever names the keys have; and the person's last word replaces the one before, said under the other name."""
    payout_id = in_review(counter, paid=True)["payout_id"]
    for operator, outcome in (("ann", "succeeded"), ("annie", "succeeded"), ("annie", "failed")):
        status, view = counter.review(payout_id, operator, outcome, "per_ann")
        assert (status, view["state"]) == (200, "manual_review")
    assert counter.review(payout_id, "bob", "succeeded", "per_bob")[1]["state"] == "manual_review"
    assert counter.review(payout_id, "ann", "succeeded", "per_ann")[1]["state"] == "succeeded"


def test_a_key_that_names_no_person_reviews_nothing(counter):
    """Two keys from before people were known may be one person's: neither counts, and nothing of it is noted."""
    payout_id = in_review(counter, paid=True)["payout_id"]
    for operator in ("ann", "bob"):
        status, body = counter.review(payout_id, operator, "succeeded", None)
        assert (status, body["code"]) == (403, "forbidden")
        assert "names no person" in body["detail"]
    assert len(counter.review(payout_id, "cat", "succeeded")[1]["reviews"]) == 1


@pytest.mark.parametrize(("second", "person_id"), [("ann", "per_other"), ("ann", None), ("annie", "per_ann")])
def test_the_database_too_wants_two_people_at_the_end_of_a_review(counter, second, person_id):
    """One name, or one person under two, is not enough to decide."""
    payout_id = in_review(counter, paid=True)["payout_id"]
    insert = "INSERT INTO payout_reviews VALUES (?, ?, ?, ?, ?, 'succeeded', 'seen', 'now')"
    counter.desk.connection.execute(insert, (counter.tenant, payout_id, 1, "ann", "per_ann"))
    counter.desk.connection.execute(insert, (counter.tenant, payout_id, 2, second, person_id))
    decide = "UPDATE payouts SET state = 'succeeded' WHERE payout_id = ?"
    with pytest.raises(sqlite3.IntegrityError, match="two people end a manual review"):
        counter.desk.connection.execute(decide, (payout_id,))
    counter.desk.connection.execute(insert, (counter.tenant, payout_id, 3, "bob", "per_bob"))
    counter.desk.connection.execute(decide, (payout_id,))


def test_a_name_in_capitals_is_no_second_operator(counter):
    """Ann and ANN are one person, who cannot decide alone."""
    payout_id = in_review(counter, paid=True)["payout_id"]
    for operator in ("ann", "ANN", "Ann"):
        status, view = counter.review(payout_id, operator, "succeeded")
        assert (status, view["state"]) == (200, "manual_review")
    assert counter.review(payout_id, "bob", "succeeded")[1]["state"] == "succeeded"


def test_a_payout_that_is_not_up_for_review_is_not_reviewed(counter):
    """Before, its outcome is not known yet; an unknown id is not found."""
    payout_id = counter.pay()["payout_id"]
    status, body = counter.review(payout_id, "ann", "succeeded")
    assert (status, body["code"], body["retry"]["action"]) == (409, "operation_outcome_unknown", "poll")
    assert counter.review("pyo_none", "ann", "failed")[1]["code"] == "not_found"


def test_a_success_after_two_people_said_failed_goes_to_suspense_once(counter):
    """The rail's money has left: suspense owes it, one reconciliation item names it, and the outcome stays what was decided."""
    payout = in_review(counter, paid=True)
    for operator in ("ann", "bob"):
        counter.review(payout["payout_id"], operator, "failed")
    assert counter.balances()["payable"] == OWED
    counter.script()
    counter.round(61)
    view = counter.view(payout["payout_id"])
    assert (view.state, [item.kind for item in view.reconciliation]) == ("failed", ["late_success"])
    assert counter.balances() == {"payable": OWED, "paying": 0, "suspense": -AMOUNT}
    for number in range(3):
        counter.event(f"evt_{number}", payout["rail_key"], "succeeded")
        counter.round(61)
    assert counter.balances()["suspense"] == -AMOUNT
    assert counter.charged() == [(payout["rail_key"], "1000")]


def test_a_late_success_after_a_decline_goes_to_suspense(counter):
    """The rail changes its mind, and tells by webhook."""
    counter.script(charges=[{"action": "late_success"}])
    payout = counter.pay()
    counter.round()
    assert counter.view(payout["payout_id"]).state == "failed"
    counter.control(payout["rail_key"], "succeeded")
    counter.event("evt_1", payout["rail_key"], "succeeded")
    counter.round(1)
    assert counter.balances() == {"payable": OWED, "paying": 0, "suspense": -AMOUNT}


def test_a_success_that_the_rail_denies_becomes_an_item_and_moves_nothing(counter):
    """Two people said that it was paid, the rail never saw it: a person must look, nothing is posted."""
    payout = in_review(counter, paid=False)
    for operator in ("ann", "bob"):
        counter.review(payout["payout_id"], operator, "succeeded")
    before = counter.balances()
    counter.script()
    counter.round(61)
    view = counter.view(payout["payout_id"])
    assert (view.state, [item.kind for item in view.reconciliation]) == ("succeeded", ["contradicted_success"])
    assert counter.balances() == before
