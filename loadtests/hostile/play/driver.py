"""Run the faults: script the rail, request payouts, wait until each is decided, request again if one failed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import msgspec

from gates.schema.progress import Progress
from gates.schema.time import monotonic_s
from loadtests.draws import chance
from loadtests.hostile.books import FAILED, FINAL, REVIEW, SUCCEEDED, Ask, RailCounts, Wait
from loadtests.hostile.play.faults import LOSSES, Fault, Setting
from loadtests.hostile.play.payout_client import PayoutClient
from loadtests.hostile.play.rail_client import RailSide

SMALLEST = 100
_POLL_S = 0.05
_AGAIN_PERCENT = 25


class Order(msgspec.Struct, frozen=True):
    """The settings: payouts per fault, the seed, the keys' prefix, the time limit for a fault's outcomes.

    Once the file `until` exists, a paced fault requests no further payouts.
    """

    payouts: int
    seed: int
    run_id: str
    patience_s: int
    answer_timeout_ms: int
    until: Path | None = None


class _Open(msgspec.Struct):
    """One payout in progress."""

    payout_id: str
    intent: int
    attempt: int
    asked_s: float
    state: str = ""


class Driver:
    """One run. `on_ask` receives each response as it comes, so that it can be recorded before the next request."""

    def __init__(
        self,
        client: PayoutClient,
        rail: RailSide,
        order: Order,
        on_ask: Callable[[Ask], None],
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._client, self._rail, self._order, self._on_ask, self._pause = client, rail, order, on_ask, pause
        self._first_line = max((line.seq for line in rail.lines()), default=0)
        self.asks: list[Ask] = []
        self.waits: list[Wait] = []
        self.lost: dict[str, int] = {}

    def play(self, faults: tuple[Fault, ...], bar: Progress) -> None:
        """Run every fault in turn; afterwards the rail is honest again, however this ends."""
        first = 0
        try:
            for fault in faults:
                count = self._order.payouts * fault.share
                bar.step(first, fault.title)
                self._fault(fault, range(first, first + count))
                first += count
            bar.step(first)
        finally:
            self._rail.misbehave({})

    def _fault(self, fault: Fault, intents: range) -> None:
        order = self._order
        before = self._rail.counts()
        self._rail.misbehave(fault.script(Setting(len(intents), order.answer_timeout_ms + 1500, order.seed)))
        waiting = [item for intent in intents for item in self._paced(fault, intent)]
        self._wait(fault, waiting)
        self._await_charges(fault, intents)
        self.lost[fault.name] = _lost(fault, len(intents), self._rail.counts().since(before))

    def _paced(self, fault: Fault, intent: int) -> Iterator[_Open]:
        if fault.pace_ms and self._order.until is not None and self._order.until.exists():
            return
        yield from self._ask(fault, intent, 1)
        if fault.pace_ms:
            self._pause(fault.pace_ms / 1000)

    def _ask(self, fault: Fault, intent: int, attempt: int) -> Iterator[_Open]:
        """Request once, and sometimes again with the same key; wait for each payout in a response."""
        key = f"hostile-{self._order.run_id}-s{self._order.seed}-i{intent:05d}-{attempt}"
        payees, asked_s = self._client.accounts.payee_ids, monotonic_s()
        payee_id, amount = payees[intent % len(payees)], amount_of(intent)
        named: set[str] = set()
        for _ in range(1 + chance(_AGAIN_PERCENT, self._order.seed, "again", intent, attempt)):
            response = self._client.ask(key, payee_id, str(amount))
            ask = Ask(
                index=len(self.asks),
                fault=fault.name,
                intent=intent,
                key=key,
                payee_id=payee_id,
                amount=str(amount),
                currency=self._client.accounts.currency,
                type=response.type,
                status=response.status,
                code=response.code,
                payout_id=response.identity,
            )
            self.asks.append(ask)
            self._on_ask(ask)
            if response.identity is not None and response.identity not in named:
                named.add(response.identity)
                yield _Open(response.identity, intent, attempt, asked_s)

    def _wait(self, fault: Fault, waiting: list[_Open]) -> None:
        deadline = monotonic_s() + self._order.patience_s
        while waiting and monotonic_s() < deadline:
            undecided: list[_Open] = []
            for item in waiting:
                seen = self._client.payout(item.payout_id)
                item.state = seen.state if seen else item.state
                if item.state not in (*FINAL, REVIEW):
                    undecided.append(item)
                    continue
                self._note(item)
                if item.state == FAILED and fault.asks_again and item.attempt <= LOSSES:
                    undecided.extend(self._ask(fault, item.intent, item.attempt + 1))
            waiting = undecided
            if waiting:
                self._pause(_POLL_S)
        for item in waiting:
            self._note(item)
        if waiting:
            self._let_finish(waiting)

    def _let_finish(self, waiting: list[_Open]) -> None:
        """Count payouts at the time limit as unresolved; wait with an honest rail, so that they do not use the next script."""
        self._rail.misbehave({})
        deadline = monotonic_s() + self._order.patience_s
        while waiting and monotonic_s() < deadline:
            seen = [(item, self._client.payout(item.payout_id)) for item in waiting]
            waiting = [item for item, payout in seen if payout is None or payout.state not in (*FINAL, REVIEW)]
            if waiting:
                self._pause(_POLL_S)

    def _await_charges(self, fault: Fault, intents: range) -> None:
        """If the rail changes its outcome later, wait until it has."""
        deadline = monotonic_s() + self._order.patience_s
        due = {str(amount_of(intent)) for intent in intents} if fault.late else set()
        while due and monotonic_s() < deadline:
            due -= {line.amount for line in self._rail.lines() if line.status == SUCCEEDED and line.seq > self._first_line}
            if due:
                self._pause(_POLL_S)

    def _note(self, item: _Open) -> None:
        self.waits.append(Wait(item.payout_id, item.intent, item.state, round((monotonic_s() - item.asked_s) * 1000)))


def amount_of(intent: int) -> int:
    """The amount of an intent: no two of a run are equal."""
    return SMALLEST + intent


def due_to_each(intents: int, payees: int) -> list[int]:
    """The earnings that each payee needs before a run of that many intents, failed attempts included."""
    return [sum(amount_of(intent) for intent in range(at, intents, payees)) for at in range(payees)]


def _lost(fault: Fault, intents: int, counts: RailCounts) -> int:
    """Replies about a charge that the service did not receive: lost or unreadable ones, and those that came too late."""
    return counts.lost_replies + (min(intents, counts.charge_requests) if fault.slow else 0)
