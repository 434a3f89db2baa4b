"""A rail that loses replies, decides late, changes its mind and tells twice, all from one seed; its book is the witness."""

import datetime as dt
import random
from dataclasses import dataclass, field

from sim.world import Killed, World

from gateway.rail.port import RailOutcome, RailResult, Wanted
from gateway.store.payout_rows import RailEventRow

PATIENCE_S = 5.0
LEASE_S = 25.0
ACTIONS = {"ok": 6, "decline": 1, "lost_before": 1, "lost_after": 3, "late": 1, "not_sent": 1, "pending": 1, "slow": 1}


@dataclass
class Charge:
    """A charge that the rail knows, under the key that it came with."""

    key: str
    payee: str
    amount: int
    rail_id: str
    status: str


@dataclass
class SimRail:
    """Idempotent by key, unless it forgets keys: then a second request for one is a second charge, and an extra one."""

    world: World
    dice: random.Random
    charges: dict[str, Charge] = field(default_factory=dict)
    arriving: list[tuple[dt.datetime, str, str, int]] = field(default_factory=list)
    events: list[RailEventRow] = field(default_factory=list)
    honest: bool = False
    forgets: bool = False
    extra: list[str] = field(default_factory=list)
    meanwhile: object = None

    async def create(self, key: str, payee: str, amount: int, currency: str) -> RailResult:  # noqa: ARG002  # the port's signature
        """Pay, perhaps, and say so, perhaps."""
        self.arrive()
        (action,) = self.dice.choices(tuple(ACTIONS), tuple(ACTIONS.values()))
        if self.honest:
            action = "ok"
        if action == "not_sent":
            return RailResult(RailOutcome.NOT_SENT, "refused")
        if action == "lost_before":
            return RailResult(RailOutcome.UNKNOWN, "no answer")
        if action == "late":
            arrives = self.world.now + dt.timedelta(milliseconds=self.dice.randrange(int(PATIENCE_S * 1000)))
            self.arriving.append((arrives, key, payee, amount))
            return RailResult(RailOutcome.UNKNOWN, "no answer")
        charge = self._charge(key, payee, amount, {"decline": "failed", "pending": "pending"}.get(action, "succeeded"))
        if action == "slow":
            await self._let_time_pass()
        if action == "lost_after":
            return RailResult(RailOutcome.UNKNOWN, "no answer")
        return self._said(charge, asked=False)

    async def look_up(self, key: str, wanted: Wanted | None = None) -> RailResult:  # noqa: ARG002  # its keys have one charge
        """What became of the charge with this key, if the reply comes through."""
        self.arrive()
        if not self.honest and self.dice.random() < 0.3:
            return RailResult(RailOutcome.UNKNOWN, "no answer")
        charge = self.charges.get(key)
        said = RailResult(RailOutcome.NEVER_SEEN, "never seen") if charge is None else self._said(charge, asked=True)
        if not self.honest and self.dice.random() < 0.1:
            await self._let_time_pass()  # and what it says is what it knew before
        return said

    async def close(self) -> None:
        """Nothing is open."""

    def arrive(self) -> None:
        """Requests that were on their way and whose time has come."""
        due = [item for item in self.arriving if item[0] <= self.world.now]
        self.arriving = [item for item in self.arriving if item[0] > self.world.now]
        for _, key, payee, amount in due:
            self._charge(key, payee, amount, "succeeded")

    def make_up_its_mind(self, *, all_of_them: bool = False) -> None:
        """A pending charge becomes final, now and then a declined one succeeds after all; both are told by event."""
        for charge in list(self.charges.values()):
            if charge.status == "pending" and (all_of_them or self.dice.random() < 0.3):
                self._become(charge, self.dice.choice(("succeeded", "failed")))
            elif charge.status == "failed" and not all_of_them and self.dice.random() < 0.02:
                self._become(charge, "succeeded")

    def paid(self) -> dict[str, int]:
        """What the rail's own book has as succeeded, by key."""
        return {charge.key: charge.amount for charge in self.charges.values() if charge.status == "succeeded"}

    def _charge(self, key: str, payee: str, amount: int, status: str) -> Charge:
        charge = self.charges.get(key)
        if charge is not None and self.forgets:
            self.extra.append(key)
        if charge is None:
            charge = self.charges[key] = Charge(key, payee, amount, f"ch_{len(self.charges)}", "new")
            self._become(charge, status)
        assert (charge.payee, charge.amount) == (payee, amount), f"the rail key {key} was used for something else"
        return charge

    def _become(self, charge: Charge, status: str) -> None:
        changed_its_mind = charge.status == "failed"  # nobody asks again about a failure, so it must tell
        charge.status = status
        for _ in range(self.dice.choice((1, 2, 3) if changed_its_mind or self.honest else (0, 1, 1, 2))):
            event_id = f"evt_{charge.rail_id}_{status}"
            self.events.append(RailEventRow(event_id, charge.key, f"charge.{status}", status, b"{}", 0))

    async def _let_time_pass(self) -> None:
        """So slow that the lease is over and somebody else has asked meanwhile."""
        life = self.world.deaths
        self.world.now += dt.timedelta(seconds=LEASE_S + 1)
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.world.deaths != life:
            raise Killed

    def _said(self, charge: Charge, *, asked: bool) -> RailResult:
        if charge.status == "succeeded":
            return RailResult(RailOutcome.SUCCEEDED, "", charge.rail_id)
        if charge.status == "failed":
            return RailResult(RailOutcome.FAILED, "account_closed", charge.rail_id)
        return RailResult(RailOutcome.PENDING if asked else RailOutcome.UNKNOWN, "the rail has not decided yet", charge.rail_id)
