"""One of two processes on one database: freeze it, read its payouts, and test whether it can write."""

from collections.abc import Sequence
from typing import NamedTuple

from gates.schema.errors import UnknownProblem
from loadtests.hostile.books import FINAL, REVIEW
from loadtests.hostile.play.payout_client import PayoutClient
from loadtests.practice.staged import Running


class Debt(NamedTuple):
    """A requested payout: its id, its intent, and the time of the request by the monotonic clock."""

    payout_id: str
    intent: int
    asked_s: float


class ServiceProcess(NamedTuple):
    """The process, and a client for it."""

    client: PayoutClient
    running: Running

    def freeze(self) -> None:
        """Freeze it."""
        self.running.served.freeze()

    def go_on(self) -> None:
        """Continue it, if it is frozen."""
        self.running.served.go_on()

    def states(self, debts: Sequence[Debt]) -> list[str]:
        """The state of each payout as this process reports it now, "" if it does not."""
        seen = [self.client.payout(debt.payout_id) for debt in debts]
        return [payout.state if payout else "" for payout in seen]

    def undecided(self, debts: Sequence[Debt]) -> list[Debt]:
        """Those that are neither final nor under manual review, as this process reports them."""
        return [debt for debt, state in zip(debts, self.states(debts), strict=True) if state not in (*FINAL, REVIEW)]

    def trouble(self, key: str) -> str:
        """Have it write something now, after its queue; returns what prevents it, "" if nothing does."""
        try:
            self.client.fund(key, self.client.accounts.payee_ids[0], 1)
        except UnknownProblem as problem:
            return f"a process that is not frozen cannot write: {problem}"
        return ""
