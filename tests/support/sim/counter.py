"""The rail's side of a simulation: the workers, one round at a time, dying like everything else; and the books held together."""

import asyncio
import contextlib
import random
from functools import partial

from gateway_payouts import work
from sim.rail import LEASE_S, PATIENCE_S, SimRail
from sim.world import Killed, World

from gateway.payouts.steps import Written, consider_sending_again, store_event, write_result
from gateway.payouts.workers import RailContext, Timing, inbox, outbox, resolver
from gateway.rail.breaker import Breaker
from gateway.work import Chore

WORKERS = (outbox, inbox, resolver)


class Counter:
    """Runs the three workers against a hostile rail; `crashes` draws where a step of theirs dies."""

    def __init__(self, world: World, dice: random.Random, crashes) -> None:
        self.world = world
        self.dice = dice
        self.rail = SimRail(world, dice, forgets=dice.random() < 0.5)
        self.rail.meanwhile = self._meanwhile
        self.defects: list[BaseException] = []
        self._crashes = crashes
        self._runner = asyncio.Runner()
        self._breaker = Breaker(lambda: 0.0, failures=1 << 60)

    def close(self) -> None:
        """End."""
        self._runner.close()

    def work(self) -> bool:
        """One worker's round; whether the process died in it."""
        life = self.world.deaths
        with contextlib.suppress(Killed):
            self._runner.run(work(self.dice.choice(WORKERS), self._desk(), self._limit))
        return self.world.deaths != life

    def deliver(self) -> bool:
        """An event of the rail comes in, in any order; it comes again if the process dies over it."""
        if not self.rail.events:
            return False
        event = self.rail.events.pop(self.dice.randrange(len(self.rail.events)))
        served = self.world.serve([partial(store_event, event=event)], self._crashes())
        if not served.delivered:
            self.rail.events.append(event)
        return not served.delivered

    def finish(self) -> None:
        """An honest rail decides everything, and the workers go on until there is nothing to do."""
        self.rail.honest, self._crashes = True, lambda: None
        self.rail.make_up_its_mind(all_of_them=True)
        while self.rail.events:
            self.deliver()
        for worker in WORKERS:
            self._runner.run(work(worker, self._desk()))

    def check(self) -> None:
        """No worker met anything that it did not expect."""
        assert not self.defects, self.defects
        assert not self.rail.extra, f"charged more than once: {self.rail.extra}"

    def check_the_rails_book(self) -> None:
        """Each success in the rail's book is a payout that succeeded, or a suspense item; and no payout more."""
        payouts = self.world.connection.execute(
            """SELECT p.rail_key, p.amount, p.state, i.kind FROM payouts AS p LEFT JOIN reconciliation_items AS i
            ON i.resource_kind = 'payout' AND i.resource_id = p.payout_id"""
        ).fetchall()
        ours = {
            key: amount
            for key, amount, state, item in payouts
            if (state, item) == ("succeeded", None) or (state, item) == ("failed", "late_success")
        }
        assert ours == self.rail.paid(), "the rail's book and ours differ"

    def _desk(self) -> RailContext:
        return RailContext(self.rail, partial(self._run_chore, self.world.deaths), self._breaker, Timing(LEASE_S, PATIENCE_S))

    async def _run_chore(self, life: int, chore: Chore) -> object:
        if self.world.deaths != life:
            raise Killed
        stale = self._is_stale(chore)
        try:
            served = self.world.serve([chore], self._crashes())
        except Exception as error:
            self.defects.append(error)
            raise
        if not served.delivered:
            raise Killed
        if stale and served.answers[0] is not Written.STALE:
            self.defects.append(AssertionError(f"a lease that was over has written: {served.answers[0]}"))
        return served.answers[0]

    def _is_stale(self, chore: Chore) -> bool:
        """Whether this is news of a worker whose payout somebody else has taken over since."""
        if not isinstance(chore, partial) or chore.func not in (write_result, consider_sending_again):
            return False
        held = chore.keywords["held"]
        (epoch,) = self.world.connection.execute("SELECT epoch FROM payouts WHERE payout_id = ?", (held.payout_id,)).fetchone()
        return epoch > held.epoch

    async def _meanwhile(self) -> None:
        await work(resolver, self._desk(), self._limit)

    @property
    def _limit(self) -> int:
        """A slow call holds up only itself: with a rail that forgets keys, nobody may begin what was taken long ago."""
        return 1 if self.rail.forgets else 32
