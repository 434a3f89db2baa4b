"""Playing an owner that is overtaken: it stops with the rail's answer in hand, its successor decides, and it comes back.

Two processes of a service share one SQLite file. The one that owns some payouts gets the rail's answer, a decline, while this
process holds the file's write lock: the owner can only wait. So the owner is frozen with its answer unwritten, and the lock is
released once the rail has changed its answer and charged. The successor takes the payouts over when their leases have ended,
asks the rail, and learns of the charge: at once for half of them, for the others only after the owner has come back, with an
answer that is no longer true and no longer its own to write.

To freeze the owner alone would show nothing: a lease outlives every call to the rail, so an owner that is frozen before it has
received the rail's answer finds its call timed out when it goes on, and knows nothing that it could write.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from time import sleep

from gates.schema.outcome import UnknownReason
from gates.schema.progress import Progress
from gates.schema.time import monotonic_s
from loadtests.books.entries import Gap
from loadtests.hostile.books import FINAL, Ask, Overtaken, Step, Wait
from loadtests.hostile.play.driver import Order, amount_of
from loadtests.hostile.play.faults import OVERTAKEN, declines_late, tells_half
from loadtests.hostile.play.process import Debt, Party
from loadtests.hostile.play.rail_client import RailSide
from loadtests.practice.write_lock import write_lock

ATTEMPTS = 12
"""How often that is tried with new payouts: on a slow machine the owner may write its answers before the lock is held."""
MOST = 8
"""Payouts to be overtaken at once, as many as a process with a small share for this takes over in one go."""

STAGES = 3
"""What progress is told of: the owner frozen, its payouts taken over, all of them decided."""

_POLL_S = 0.02
_LONGEST_DELAY_MS = 3000


def at_once(order: Order) -> int:
    """How many payouts are to be overtaken together: half of them decided by the successor before their owner comes back."""
    return min(2 * order.payouts, MOST)


def intents_of(order: Order) -> int:
    """The most debts that a run makes: what payees must have earned before it."""
    return ATTEMPTS * at_once(order)


class Takeover:
    """One run. `on_ask` is told each answer as it comes; `steps`, `asks` and `waits` tell afterwards what happened."""

    def __init__(
        self,
        parties: tuple[Party, Party],
        rail: RailSide,
        order: Order,
        db: Path,
        on_ask: Callable[[Ask], None],
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._owner, self._successor = parties
        self._rail, self._order, self._db, self._on_ask, self._pause = rail, order, db, on_ask, pause
        self._delay_ms = min(order.answer_timeout_ms * 3 // 5, _LONGEST_DELAY_MS)
        self._began_s = monotonic_s()
        self._asked: list[Debt] = []
        self._at_once = at_once(order)
        self._keys: list[str] = []
        self._asked_before: dict[str, int] = {}
        self.asks: list[Ask] = []
        self.waits: list[Wait] = []
        self.steps: list[Step] = []

    def play(self, bar: Progress) -> tuple[Overtaken, ...] | Gap:
        """The payouts that were overtaken, or why none could be."""
        try:
            for attempt in range(ATTEMPTS):
                bar.step(0, "freezing an owner that waits to write")
                held = self._hold_up(range(attempt * self._at_once, (attempt + 1) * self._at_once))
                if held:
                    bar.step(1, "waiting for the successor")
                    return self._overtake(held)
            return Gap(UnknownReason.NOT_RUN, f"in {ATTEMPTS} attempts the owner wrote each answer before it was frozen")
        finally:
            self._owner.go_on()
            self._successor.go_on()
            self._rail.misbehave({})
            bar.step(2, "waiting for the outcomes")
            self._wait_until_decided()
            self._tell_the_end()
            bar.step(STAGES)

    def _hold_up(self, intents: range) -> list[Debt]:
        """Freeze the owner while it has the rail's word on some payouts and cannot write it; none where it could."""
        self._rail.misbehave(declines_late(self._delay_ms))
        asked = self._taken(intents)
        held = self._frozen(asked) if asked else []
        if not held:
            self._note("the owner was quicker than the freeze")
            self._wait_until_decided()
        return held

    def _taken(self, intents: range) -> list[Debt]:
        """Payouts whose charges the owner has sent, for the other one was frozen meanwhile; none where not all were sent."""
        before = self._rail.counts().charge_requests
        with self._nobody_writes():
            self._successor.freeze()  # while it holds no lock, which would stop the owner too
        try:
            asked = [item for intent in intents for item in self._ask(intent)]
            sent = self._until(lambda: self._rail.counts().charge_requests - before >= len(intents), self._delay_ms / 1000)
        finally:
            self._successor.go_on()
        return asked if sent else []

    def _frozen(self, asked: list[Debt]) -> list[Debt]:
        """Freeze the owner while it waits to write, and have the rail charge: the payouts whose answers it could not write."""
        with self._nobody_writes():  # nor takes over what a lease has left
            self._pause(self._delay_ms / 1000)  # every answer has come meanwhile
            held = self._owner.undecided(asked)
            if 2 * len(held) < len(asked):
                return []  # few are left of those that it wrote before: rather once more
            self._owner.freeze()
            self._note(f"the rail has declined {len(held)} payouts, and the owner that waits to write it is frozen")
            self._charge(held)
        return held

    def _charge(self, held: list[Debt]) -> None:
        """Let the rail charge what it declined, and tell half of it to whoever asks again."""
        self._asked_before, found = self._rail.asked(), {line.amount: line.key for line in self._rail.lines()}
        amounts = (str(amount_of(item.intent)) for item in held)
        self._keys = [found[amount] for amount in amounts if amount in found]
        for key in self._keys:
            self._rail.think_again(key)
        self._rail.misbehave(tells_half(len(self._keys)))

    def _asked_again(self) -> list[bool]:
        now = self._rail.asked()
        return [now.get(key, 0) > self._asked_before.get(key, 0) for key in self._keys]

    def _overtake(self, held: list[Debt]) -> tuple[Overtaken, ...] | Gap:
        """With the owner frozen: let the successor take over, and the owner come back in the midst of it."""
        if len(self._keys) < len(held):
            return Gap(UnknownReason.NOT_RUN, "the rail's book does not hold all that it declined")
        self._note("the rail has charged them after all, and tells only half of it")
        successor, seconds = self._successor, self._order.patience_s
        if not self._until(lambda: all(self._asked_again()) and 2 * len(successor.undecided(held)) <= len(held) + 1, seconds):
            return Gap(UnknownReason.NOT_RUN, f"within {seconds} s no other process took the frozen owner's payouts over")
        return self._come_back(held)

    def _come_back(self, held: list[Debt]) -> tuple[Overtaken, ...] | Gap:
        """Let the owner go on, and see what has changed once it has had its turn."""
        before = self._successor.states(held)
        self._note(f"the successor has asked, and {sum(state in FINAL for state in before)} are decided: the owner goes on")
        self._owner.go_on()
        trouble = self._owner.trouble(f"{self._key}-turn")
        after = self._successor.states(held)
        if trouble:
            return Gap(UnknownReason.ADAPTER_ERROR, trouble)
        self._note("the owner has had its turn, for it answers what was asked of it last: the rail tells everything again")
        return tuple(Overtaken(item.payout_id, *states) for item, *states in zip(held, before, after, strict=True))

    def _wait_until_decided(self) -> None:
        self._until(lambda: not self._successor.undecided(self._asked), self._order.patience_s)

    def _tell_the_end(self) -> None:
        for item, state in zip(self._asked, self._successor.states(self._asked), strict=True):
            self.waits.append(Wait(item.payout_id, item.intent, state, round((monotonic_s() - item.asked_s) * 1000)))

    def _ask(self, intent: int) -> list[Debt]:
        accounts, asked_s = self._owner.desk.accounts, monotonic_s()
        payee_id = accounts.payee_ids[intent % len(accounts.payee_ids)]
        debt = (f"{self._key}-i{intent:03d}", payee_id, str(amount_of(intent)))
        told = self._owner.desk.ask(*debt)
        about = (len(self.asks), OVERTAKEN, intent, *debt, accounts.currency)
        ask = Ask(*about, told.type, told.status, told.code, told.identity)
        self.asks.append(ask)
        self._on_ask(ask)
        made = [] if told.identity is None else [Debt(told.identity, intent, asked_s)]
        self._asked.extend(made)
        return made

    @property
    def _key(self) -> str:
        return f"hostile-{self._order.run_id}-s{self._order.seed}-{OVERTAKEN}"

    def _nobody_writes(self) -> contextlib.AbstractContextManager[None]:
        return write_lock(self._db, self._order.patience_s)

    def _until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        deadline = monotonic_s() + seconds
        while not is_so():
            if monotonic_s() >= deadline:
                return False
            self._pause(_POLL_S)
        return True

    def _note(self, what: str) -> None:
        self.steps.append(Step(round((monotonic_s() - self._began_s) * 1000), what))
