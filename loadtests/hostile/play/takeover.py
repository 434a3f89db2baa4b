"""Run a takeover from a stale worker: it freezes with the rail's response, another process decides, and it continues.

Two processes of a service share one SQLite file. The owner of some payouts receives the rail's response, a decline, while this
process holds the file's write lock, so that the owner has to wait. The owner is frozen before it records the decline, and the
lock is released when the rail has changed its outcome and charged. When the leases expire the successor takes the payouts
over and looks them up at the rail. It learns of the charge at once for half of them, for the others only after the owner has
continued, with a stale response that it must not write.

Freezing the owner without the lock would prove nothing: a lease is longer than every call to the rail. An owner that is frozen
before the rail's response finds its call timed out when it continues, and has nothing to write.
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
from loadtests.hostile.play.process import Debt, ServiceProcess
from loadtests.hostile.play.rail_client import RailSide
from loadtests.practice.write_lock import write_lock

ATTEMPTS = 12
"""Attempts with new payouts: on a slow machine the owner may write the responses before the lock is held."""
MOST = 8
"""Payouts per takeover, as many as a process with a small batch takes over at once."""

PROGRESS_STEPS = 3
"""Steps of the progress display: the owner frozen, its payouts taken over, all of them decided."""

_POLL_S = 0.02
_LONGEST_DELAY_MS = 3000


def at_once(order: Order) -> int:
    """How many payouts are taken over together: the successor decides half of them before their owner continues."""
    return min(2 * order.payouts, MOST)


def intents_of(order: Order) -> int:
    """The maximum number of debts of a run, for which payees need earnings before it."""
    return ATTEMPTS * at_once(order)


class Takeover:
    """One run. `on_ask` receives each response as it comes; `steps`, `asks` and `waits` are the record afterwards."""

    def __init__(
        self,
        processes: tuple[ServiceProcess, ServiceProcess],
        rail: RailSide,
        order: Order,
        db: Path,
        on_ask: Callable[[Ask], None],
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._owner, self._successor = processes
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
        """The payouts that were taken over, or why there are none."""
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
            bar.step(PROGRESS_STEPS)

    def _hold_up(self, intents: range) -> list[Debt]:
        """Freeze the owner while it has the rail's response for some payouts and cannot write it; empty if it could."""
        self._rail.misbehave(declines_late(self._delay_ms))
        asked = self._taken(intents)
        held = self._frozen(asked) if asked else []
        if not held:
            self._note("the owner was faster than the freeze")
            self._wait_until_decided()
        return held

    def _taken(self, intents: range) -> list[Debt]:
        """Payouts whose charges the owner has sent, since the successor was frozen; empty if not all were sent."""
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
        """Freeze the owner while it waits to write, and have the rail charge; returns the payouts that it could not write."""
        with self._nobody_writes():  # nor takes over after a lease
            self._pause(self._delay_ms / 1000)  # every response has arrived by then
            held = self._owner.undecided(asked)
            if 2 * len(held) < len(asked):
                return []  # the owner wrote most of them before: try again
            self._owner.freeze()
            self._note(f"the rail has declined {len(held)} payouts, and the owner is frozen before it writes that")
            self._charge(held)
        return held

    def _charge(self, held: list[Debt]) -> None:
        """Let the rail charge what it declined, and report only half of it to later look-ups."""
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
        """With the owner frozen: let the successor take over, and the owner continue in the middle of it."""
        if len(self._keys) < len(held):
            return Gap(UnknownReason.NOT_RUN, "the rail's book does not contain all that it declined")
        self._note("the rail has charged them, and reports only half of it")
        successor, seconds = self._successor, self._order.patience_s
        if not self._until(lambda: all(self._asked_again()) and 2 * len(successor.undecided(held)) <= len(held) + 1, seconds):
            return Gap(UnknownReason.NOT_RUN, f"within {seconds} s no other process took the frozen owner's payouts over")
        return self._come_back(held)

    def _come_back(self, held: list[Debt]) -> tuple[Overtaken, ...] | Gap:
        """Let the owner continue, and read what has changed after it could write."""
        before = self._successor.states(held)
        self._note(
            f"the successor has looked them up, {sum(state in FINAL for state in before)} are decided: the owner continues"
        )
        self._owner.go_on()
        trouble = self._owner.trouble(f"{self._key}-turn")
        after = self._successor.states(held)
        if trouble:
            return Gap(UnknownReason.ADAPTER_ERROR, trouble)
        self._note("the owner could write, since it answered a later request: the rail reports everything again")
        return tuple(Overtaken(item.payout_id, *states) for item, *states in zip(held, before, after, strict=True))

    def _wait_until_decided(self) -> None:
        self._until(lambda: not self._successor.undecided(self._asked), self._order.patience_s)

    def _tell_the_end(self) -> None:
        for item, state in zip(self._asked, self._successor.states(self._asked), strict=True):
            self.waits.append(Wait(item.payout_id, item.intent, state, round((monotonic_s() - item.asked_s) * 1000)))

    def _ask(self, intent: int) -> list[Debt]:
        accounts, asked_s = self._owner.client.accounts, monotonic_s()
        payee_id = accounts.payee_ids[intent % len(accounts.payee_ids)]
        debt = (f"{self._key}-i{intent:03d}", payee_id, str(amount_of(intent)))
        response = self._owner.client.ask(*debt)
        about = (len(self.asks), OVERTAKEN, intent, *debt, accounts.currency)
        ask = Ask(*about, response.type, response.status, response.code, response.identity)
        self.asks.append(ask)
        self._on_ask(ask)
        made = [] if response.identity is None else [Debt(response.identity, intent, asked_s)]
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
