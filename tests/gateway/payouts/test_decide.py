"""Payouts against each fault of the rail: what is charged, where the money is, what the receipts say."""

import base64
import hashlib

import msgspec
import pytest
from gateway_payouts import AMOUNT, ASIDE, ENDS_WELL, OWED, PAID, receipts

from gateway.commands import CreatePayout, Reverse
from gateway.routes import CREATE_PAYOUT, REVERSE


def test_an_honest_rail_pays_once_and_the_books_agree(counter):
    """Accepted, sent, succeeded: the payee's money is with the rail, under the payout's key, and each step has its receipt."""
    payout = counter.pay()
    assert (payout["state"], counter.balances()) == ("accepted", ASIDE)
    assert counter.charged() == []
    assert counter.round() == (1, 0, 0)
    assert counter.view(payout["payout_id"]).state == "succeeded"
    assert counter.balances() == PAID
    assert counter.charged() == [(payout["rail_key"], "1000")]
    told = [
        (item["kind"], item["status"], item["money"]["moved"], item["operation"]["seq"])
        for item in receipts(counter, payout["payout_id"])
    ]
    assert told == [("payout", "accepted", "yes", 1), ("payout", "succeeded", "yes", 2)]
    assert counter.round() == (0, 0, 0)


def test_a_replayed_key_pays_nothing_twice(counter):
    """The same bytes come back, and there is one payout."""
    command = CreatePayout(counter.payee, "1000", "USD")
    answers = [counter.desk.ask(CREATE_PAYOUT, command, "one-key") for _ in range(3)]
    assert len({answer.body for answer in answers}) == 1
    assert [answer.status for answer in answers] == [202] * 3
    assert dict(answers[0].headers)["Location"] == f"/v1/payouts/{msgspec.json.decode(answers[0].body)['payout']['payout_id']}"
    counter.round()
    assert len(counter.charged()) == 1


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ({"amount": str(OWED + 1)}, 409, "insufficient_payable"),
        ({"currency": "EUR"}, 409, "currency_mismatch"),
        ({"payee_id": "pye_nobody"}, 404, "not_found"),
    ],
)
def test_what_cannot_be_paid_out_is_refused_and_moves_nothing(counter, command, status, code):
    """More than is owed, another currency, nobody."""
    fields = {"payee_id": counter.payee, "amount": "1000", "currency": "USD"} | command
    answer = counter.desk.ask(CREATE_PAYOUT, CreatePayout(**fields), "refused")
    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (status, code)
    assert counter.balances()["payable"] == OWED


def test_without_a_rail_a_payout_is_refused_and_the_key_stays_free(counter):
    """503 is never stored: the same key pays out once there is a rail."""
    counter.desk.has_rail = False
    command = CreatePayout(counter.payee, "1000", "USD")
    refused = counter.desk.ask(CREATE_PAYOUT, command, "later")
    assert (refused.status, msgspec.json.decode(refused.body)["code"]) == (503, "rail_unavailable")
    counter.desk.has_rail = True
    assert counter.desk.ask(CREATE_PAYOUT, command, "later").status == 202


def test_a_declined_payout_gives_the_money_back_with_its_reason(counter):
    """The payee is owed it again, the rail has no charge."""
    counter.script(charges=[{"action": "decline", "reason": "account_closed"}])
    payout = counter.pay()
    counter.round()
    view = counter.view(payout["payout_id"])
    assert (view.state, view.reason, view.failure_code) == ("failed", "account_closed", "rail_declined")
    assert counter.balances() == {"payable": OWED, "paying": 0}
    assert counter.charged() == []


@pytest.mark.parametrize("forgets", [False, True], ids=["keeps keys", "forgets keys"])
@pytest.mark.parametrize("fault", ENDS_WELL)
def test_whatever_the_rail_does_to_a_reply_it_is_charged_once(counter, fault, forgets):
    """Not knowing is never taken for failure, and never answered by paying again: even a rail that forgets keys charges once."""
    counter.script(charges=[{"action": fault, "delay_ms": 100}], forgets_keys=forgets)
    payout = counter.pay()
    assert counter.run_until(payout["payout_id"], "succeeded") == "succeeded"
    assert counter.charged() == [(payout["rail_key"], "1000")]
    assert counter.balances() == PAID


def test_an_unknown_outcome_keeps_the_money_aside_and_has_a_receipt_that_says_so(counter):
    """Neither paid nor given back until the rail has spoken; the receipt says that money may have moved."""
    counter.script(charges=[{"action": "lost_reply_after"}], look_ups=[{"action": "bad_gateway", "times": 0}])
    payout = counter.pay()
    counter.round()
    assert (counter.view(payout["payout_id"]).state, counter.balances()) == ("unknown", ASIDE)
    assert [(item["status"], item["money"]["moved"]) for item in receipts(counter, payout["payout_id"])][-1] == (
        "unknown",
        "unknown",
    )


def test_nine_lost_replies_in_a_row_cost_no_extra_charge(counter):
    """The measure to earn: extra charges per lost reply is 0."""
    counter.script(charges=[{"action": "lost_reply_after", "times": 9}])
    payouts = [counter.pay(100 + n) for n in range(9)]
    for payout in payouts:
        assert counter.run_until(payout["payout_id"], "succeeded") == "succeeded"
    assert sorted(counter.charged()) == sorted((payout["rail_key"], payout["amount"]) for payout in payouts)
    assert counter.rail.simulator.counts.lost_replies == 9


def test_a_refused_connection_sends_nothing_and_is_tried_again_with_the_same_key(counter):
    """Nobody listened: the payout is not unknown, and goes out once somebody does."""
    counter.rail.transport.refused = True
    payout = counter.pay()
    for _ in range(3):
        counter.round(10)
        assert counter.view(payout["payout_id"]).state == "executing"
    counter.rail.transport.refused = False
    counter.round(10)
    assert counter.view(payout["payout_id"]).state == "succeeded"
    assert counter.charged() == [(payout["rail_key"], "1000")]
    assert len(receipts(counter, payout["payout_id"])) == 2


def test_never_seen_is_believed_only_after_the_request_can_no_longer_be_on_its_way(counter):
    """A rail that forgets keys and is slow would else be asked to pay twice."""
    counter.script(charges=[{"action": "lost_reply_before"}], forgets_keys=True)
    payout = counter.pay()
    counter.round()
    counter.round(1)
    assert counter.rail.simulator.counts.charge_requests == 1
    assert counter.view(payout["payout_id"]).state == "unknown"
    counter.round(5)
    assert counter.rail.simulator.counts.charge_requests == 2
    assert counter.view(payout["payout_id"]).state == "succeeded"


def test_each_receipt_of_a_payout_names_the_one_before(counter):
    """Accepted, unknown, succeeded: one chain, whose totals add up at every step."""
    counter.script(charges=[{"action": "bad_gateway_after"}])
    payout_id = counter.pay()["payout_id"]
    counter.run_until(payout_id, "succeeded")
    before = None
    for item in counter.desk.receipts(payout_id):
        payload = base64.b64decode(item.envelope.payload)
        receipt = msgspec.json.decode(payload)
        totals = {name: int(value) for name, value in receipt["money"]["totals"].items()}
        assert receipt["previous_receipt_sha256"] == before
        assert totals["authorized"] == totals["settled"] + totals["released"] + totals["open"] == AMOUNT
        before = hashlib.sha256(payload).hexdigest()


def test_what_was_paid_out_cannot_be_refunded_from_the_payee(counter):
    """The payee is owed nothing any more: the refund is refused for good, the database never has to."""
    counter.pay(OWED)
    (payment,) = counter.desk.reads.payments(counter.tenant, None, 10)
    answer = counter.desk.ask(REVERSE, Reverse(reason="too late"), "refund", payment.identity.payment_id)
    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (409, "insufficient_payable")
    assert counter.balances()["paying"] == OWED
