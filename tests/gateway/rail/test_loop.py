"""The loop around the rail's workers: a slow reply holds up nobody else, and an open circuit sends no money."""

import asyncio

import pytest
from msgspec.structs import replace

from gateway.clock import format_utc
from gateway.payouts.workers import POLL_S, RailLoop
from gateway.rail.breaker import Breaker
from gateway.rail.port import RAIL, RailOutcome, RailResult

WAIT_S = 20


class HeldRail:
    """A rail that pays at once, but keeps silent about the keys in `held` and cannot be reached while `down`."""

    def __init__(self):
        self.held, self.down, self.calls = set(), False, []
        self.go_on = asyncio.Event()

    async def create(self, key, *_about):
        """Pay."""
        self.calls.append("create")
        if key in self.held:
            await self.go_on.wait()
        return RailResult(RailOutcome.NOT_SENT) if self.down else RailResult(RailOutcome.SUCCEEDED, "", f"chg_{key}")

    async def look_up(self, *_about):
        """Nobody ever asks about what was paid here."""
        self.calls.append("look_up")
        return RailResult(RailOutcome.UNKNOWN if self.down else RailOutcome.NEVER_SEEN)

    async def close(self):
        """Nothing to close."""


class Runner:
    """A loop over a desk's payouts; its circuit opens after the first failure, and its clock is the desk's."""

    def __init__(self, counter):
        self.rail, self.counter, self._written = HeldRail(), counter, asyncio.Event()
        breaker = Breaker(lambda: counter.monotonic_s, self._circuit_changed, failures=1)
        desk = replace(counter.workers(self._run_chore), rail=self.rail, breaker=breaker)
        payouts = counter.desk.reads.rows.payouts
        self.loop = RailLoop(desk, lambda: payouts.has_work(RAIL, format_utc(counter.desk.now)))

    def _circuit_changed(self, _open):
        self._written.set()

    async def _run_chore(self, chore):
        done = self.counter.desk.chore(chore)
        self._written.set()
        return done

    async def until(self, payout, state):
        """Wait for a state of a payout."""
        async with asyncio.timeout(WAIT_S):
            while self.counter.view(payout["payout_id"]).state != state:
                await self._written.wait()
                self._written.clear()


@pytest.fixture
def live(counter):
    """Run a scene with a loop that has been started, and stop it."""

    def run(scene):
        async def play():
            runner = Runner(counter)
            runner.loop.start()
            try:
                await scene(runner)
            finally:
                runner.rail.go_on.set()
                await runner.loop.stop()

        counter.run(play())

    return run


def test_a_slow_reply_holds_up_nobody_elses_payout(counter, live):
    """What is asked for while the rail is silent about the first is sent, answered and written down before it."""

    async def scene(runner):
        first = counter.pay(100)
        runner.rail.held.add(first["rail_key"])
        runner.loop.wake()
        await runner.until(first, "executing")
        second = counter.pay(200)
        runner.loop.wake()
        await runner.until(second, "succeeded")
        assert counter.view(first["payout_id"]).state == "executing"
        runner.rail.go_on.set()
        await runner.until(first, "succeeded")

    live(scene)


def test_stopping_waits_for_the_calls_under_way(counter, live):
    """What the rail was about to say is written down."""
    asked = []

    async def scene(runner):
        asked.append(counter.pay(100))
        runner.rail.held.add(asked[0]["rail_key"])
        runner.loop.wake()
        await runner.until(asked[0], "executing")

    live(scene)
    assert counter.view(asked[0]["payout_id"]).state == "succeeded"


def test_an_open_circuit_is_tried_by_a_look_up_and_never_by_a_charge(counter, live):
    """However much waits: a charge would move money to find out something, and might be lost."""

    async def scene(runner):
        rail = runner.rail
        rail.down = True
        waiting = [counter.pay(100) for _ in range(3)]
        runner.loop.wake()
        await runner.until(waiting[0], "accepted")
        async with asyncio.timeout(WAIT_S):
            while "look_up" not in rail.calls:
                counter.monotonic_s += 10
                await asyncio.sleep(POLL_S / 10)
        sent = rail.calls.count("create")
        assert sent <= len(waiting), "each was refused once, before anybody knew"
        counter.monotonic_s += 10
        rail.calls.clear()
        rail.down = False
        counter.desk.now = counter.desk.now.replace(year=counter.desk.now.year + 1)
        for payout in waiting:
            await runner.until(payout, "succeeded")
        assert rail.calls[0] == "look_up"
        assert rail.calls.count("create") == len(waiting)

    live(scene)
