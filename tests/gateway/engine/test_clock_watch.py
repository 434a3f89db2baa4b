"""A wall clock that was set: what is deleted for ever waits until it is known to be right."""

import asyncio
import datetime as dt

import pytest
from gateway_desk import START

from gateway.commands import CreatePayee, Reserve
from gateway.engine.clock_watch import HOLD_S, STEP_S, ClockWatch
from gateway.engine.engine import Engine
from gateway.idempotency.claim import Mutation
from gateway.ids import SystemIds
from gateway.routes import CREATE_PAYEE, RESERVE
from gateway.settings import Settings

DAY_S = 86_400.0


class Clocks:
    """A steady clock, and a wall clock that can be set."""

    def __init__(self):
        self.steady_s = 1000.0
        self.set_s = 0.0

    def wall(self):
        """What the wall clock shows."""
        return START + dt.timedelta(seconds=self.steady_s + self.set_s)

    def steady(self):
        """Seconds since the machine's start."""
        return self.steady_s


def run(desk, clocks, scenario):
    """Run a coroutine against an engine with these clocks; its background tidying finds its first round done."""

    async def whole():
        settings = Settings(desk.db, clock=clocks.wall, steady_clock=clocks.steady, ids=SystemIds())
        engine = Engine.open(settings)
        await engine.start()
        try:
            await scenario(engine)
        finally:
            await engine.drain()

    asyncio.run(whole())


def send(engine, desk, key, command):
    """One request of the demo tenant."""
    route = RESERVE if isinstance(command, Reserve) else CREATE_PAYEE
    principal = desk.principal(route.roles[0])
    return engine.mutate(Mutation(route, principal, (), key.ljust(16, "-"), "", command, b"{}", "request-1"))


def test_a_clock_that_goes_40_days_ahead_and_back_leaves_every_answer(desk, caplog):
    """One request in the wrong time gives the journal that time, too; an answer that is minutes old is replayed afterwards."""
    clocks = Clocks()
    payment = Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD")

    async def scenario(engine):
        clocks.steady_s += 2 * HOLD_S
        await engine.tidy()
        first = await send(engine, desk, "k", payment)
        clocks.set_s = 40 * DAY_S
        await send(engine, desk, "in-the-wrong-time", CreatePayee("x", "USD"))
        for _ in range(3):
            clocks.steady_s += 5
            await engine.tidy()
        clocks.set_s = 0.0
        await engine.tidy()
        again = await send(engine, desk, "k", payment)
        assert (again.status, again.body, again.replayed) == (201, first.body, True)
        assert engine.answers_purged == 0

    run(desk, clocks, scenario)
    warnings = [record.getMessage() for record in caplog.records if "the clock was set" in record.getMessage()]
    assert [text.split(";")[0] for text in warnings] == ["the clock was set by +3456000 s", "the clock was set by -3456000 s"]


def test_answers_go_after_30_days_in_which_the_clock_was_not_set(desk):
    """The watch holds nothing that is really old."""
    clocks = Clocks()

    async def scenario(engine):
        await send(engine, desk, "k", Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"))
        clocks.steady_s += 31 * DAY_S
        await send(engine, desk, "later", CreatePayee("x", "USD"))
        await engine.tidy()
        assert engine.answers_purged == 1

    run(desk, clocks, scenario)


@pytest.mark.parametrize(
    ("set_s", "after_s", "trusted"),
    [(0, 0, True), (STEP_S, 0, True), (STEP_S + 1, 0, False), (-STEP_S - 1, 0, False), (STEP_S + 1, HOLD_S, True)],
)
def test_a_clock_is_trusted_again_when_it_was_not_set_for_six_hours(set_s, after_s, trusted):
    """A few seconds are what time synchronisation corrects every day."""
    clocks = Clocks()
    watch = ClockWatch(clocks.steady, clocks.wall())
    assert not watch.trusts(clocks.wall()), "nothing is known of the time before the start"
    clocks.steady_s += HOLD_S
    assert watch.trusts(clocks.wall())
    clocks.set_s = set_s
    watch.trusts(clocks.wall())
    clocks.steady_s += after_s
    assert watch.trusts(clocks.wall()) is trusted
