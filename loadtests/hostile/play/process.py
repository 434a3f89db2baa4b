"""One of two processes on one database: how it is frozen, what it tells of payouts, and whether it can write."""

from collections.abc import Sequence
from typing import NamedTuple

from gates.schema.errors import UnknownProblem
from loadtests.hostile.books import FINAL, REVIEW
from loadtests.hostile.play.payout_client import Desk
from loadtests.practice.staged import Running


class Debt(NamedTuple):
    """A payout that was asked for: its id, the intent that it pays, and when it was asked for by the monotonic clock."""

    payout_id: str
    intent: int
    asked_s: float


class Party(NamedTuple):
    """The process, and the desk at which it is asked."""

    desk: Desk
    running: Running

    def freeze(self) -> None:
        """Stop it where it is."""
        self.running.served.freeze()

    def go_on(self) -> None:
        """Let it go on, if it is frozen."""
        self.running.served.go_on()

    def states(self, debts: Sequence[Debt]) -> list[str]:
        """The state of each payout as this process tells it now, "" where it does not."""
        seen = [self.desk.payout(debt.payout_id) for debt in debts]
        return [payout.state if payout else "" for payout in seen]

    def undecided(self, debts: Sequence[Debt]) -> list[Debt]:
        """Those that are neither final nor handed to people, as far as this process tells."""
        return [debt for debt, state in zip(debts, self.states(debts), strict=True) if state not in (*FINAL, REVIEW)]

    def trouble(self, key: str) -> str:
        """Have it write something now, after all that waits in it: what is in the way, "" where nothing is."""
        try:
            self.desk.fund(key, self.desk.accounts.payee_ids[0], 1)
        except UnknownProblem as problem:
            return f"a process that is not frozen cannot write: {problem}"
        return ""
