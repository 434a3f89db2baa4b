"""Workers that die, are slow, or work at once: a lease and its epoch decide who may write."""

import asyncio
import datetime as dt
import itertools

import pytest
from gateway_payouts import ENDS_WELL, PAID, work

from gateway.payouts.steps import Written, take_to_send, write_result
from gateway.payouts.workers import outbox
from gateway.rail.port import RailOutcome, RailResult


class Died(BaseException):
    """The worker's process is gone."""


CRASHES = ("before the intent to send is durable", "between intent and call", "between call and record")


@pytest.mark.parametrize("forgets", [False, True], ids=["keeps keys", "forgets keys"])
@pytest.mark.parametrize(("crash", "fault"), list(itertools.product(CRASHES, ENDS_WELL)))
def test_a_worker_that_dies_at_any_step_leaves_one_charge(counter, crash, fault, forgets):
    """Its successor finds the payout by its lease, asks the rail by key, and never pays again."""
    counter.script(charges=[{"action": fault, "delay_ms": 100}], forgets_keys=forgets)
    payout = counter.pay()
    steps = itertools.count(1)

    async def dies(chore):
        step = next(steps)
        if crash == CRASHES[0]:
            raise Died
        if crash == CRASHES[2] and step == 2:
            raise Died
        result = counter.desk.chore(chore)
        if crash == CRASHES[1]:
            raise Died
        return result

    with pytest.raises(Died):
        counter.round(run_chore=dies)
    assert counter.run_until(payout["payout_id"], "succeeded") == "succeeded"
    assert counter.charged() == [(payout["rail_key"], "1000")]
    assert counter.balances() == PAID


def test_a_slow_first_owner_cannot_overwrite_its_successor(counter):
    """Its lease is over, a second worker has learnt the truth: the first one's news is stale and writes nothing."""
    payout = counter.pay()
    (slow,) = counter.desk.chore(lambda tx, ctx: take_to_send(tx, ctx, 10, 20.0))
    counter.script(charges=[])
    assert counter.run_until(payout["payout_id"], "succeeded") == "succeeded"
    before = counter.desk.connection.execute("SELECT count(*) FROM operations").fetchone()
    failed = RailResult(RailOutcome.FAILED, "declined")
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, slow, failed)) is Written.STALE
    assert counter.view(payout["payout_id"]).state == "succeeded"
    assert counter.desk.connection.execute("SELECT count(*) FROM operations").fetchone() == before


def test_a_slow_owner_is_stale_while_its_successor_still_works(counter):
    """Not the state but the epoch decides: both hold the payout in the same state, only the newer lease writes."""
    counter.pay()
    (slow,) = counter.desk.chore(lambda tx, ctx: take_to_send(tx, ctx, 10, 20.0))
    refused = RailResult(RailOutcome.NOT_SENT)
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, slow, refused)) is Written.LATER
    counter.desk.now += dt.timedelta(seconds=30)
    (newer,) = counter.desk.chore(lambda tx, ctx: take_to_send(tx, ctx, 10, 20.0))
    assert (newer.state, newer.epoch) == (slow.state, slow.epoch + 1)
    paid = RailResult(RailOutcome.SUCCEEDED, "", "chg_x")
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, slow, paid)) is Written.STALE
    assert counter.desk.chore(lambda tx, ctx: write_result(tx, ctx, newer, paid)) is Written.SUCCEEDED


def test_two_workers_at_once_send_each_payout_once(counter):
    """A lease is taken in a transaction: what one worker holds the other does not see."""
    payouts = [counter.pay(100) for _ in range(6)]

    async def both():
        return await asyncio.gather(work(outbox, counter.workers(), 4), work(outbox, counter.workers(), 4))

    assert sorted(counter.run(both())) == [2, 4]
    assert counter.rail.simulator.counts.charge_requests == 6
    assert sorted(key for key, _ in counter.charged()) == sorted(payout["rail_key"] for payout in payouts)
