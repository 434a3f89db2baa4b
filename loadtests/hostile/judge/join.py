"""Join the three books: everything that is known about each intent."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Gap
from loadtests.hostile.books import FAILED, FINAL, REVIEW, SUCCEEDED, Ask, Payout, RailLine, ThreeBooks, Wait

SUSPENSE = "payout_suspense"


class Charge(msgspec.Struct, frozen=True):
    """One charge of the rail with its lines; a later line overrides an earlier one."""

    rail_id: str
    lines: tuple[RailLine, ...]

    @property
    def final(self) -> RailLine:
        """The line that is valid."""
        return self.lines[-1]


class Intent(msgspec.Struct, frozen=True):
    """One debt: the requests, the service's payouts, and the rail's charges for it.

    `late` are charges that succeeded after the rail had reported a failure, and that the service keeps in suspense for a manual
    decision; without a ledger, all such charges in the rail's book.
    """

    number: int
    fault: str
    asks: tuple[Ask, ...]
    waits: tuple[Wait, ...]
    payouts: tuple[Payout, ...]
    charges: tuple[Charge, ...]
    late: int

    def in_state(self, *states: str) -> list[Payout]:
        """Its payouts in these states."""
        return [payout for payout in self.payouts if payout.state in states]

    @property
    def paid(self) -> list[Payout]:
        """The payouts that the service reports as succeeded."""
        return self.in_state(SUCCEEDED)

    @property
    def open(self) -> list[Payout]:
        """The payouts that are neither final nor under manual review."""
        return [payout for payout in self.payouts if payout.state not in (*FINAL, REVIEW)]

    @property
    def late_ids(self) -> set[str]:
        """Payouts that were still open at the time limit of their fault, whatever their later outcome."""
        return {wait.payout_id for wait in self.waits if wait.state not in (*FINAL, REVIEW)}

    @property
    def taken(self) -> list[RailLine]:
        """The rail's line for each charge that succeeded: the money that has left."""
        return [charge.final for charge in self.charges if charge.final.status == SUCCEEDED]

    @property
    def acknowledged(self) -> list[Ask]:
        """The requests that the service acknowledged, one per payout."""
        first: dict[str | None, Ask] = {}
        for ask in self.asks:
            if ask.type == "ok":
                first.setdefault(ask.payout_id, ask)
        return list(first.values())

    @property
    def denied(self) -> int:
        """Charges that succeeded although the service reports a failure, except those that it keeps open or in suspense."""
        explained = len(self.paid) + len(self.open) + len(self.in_state(REVIEW)) + self.late
        return min(len(self.in_state(FAILED)), max(len(self.taken) - explained, 0))


def intents_of(books: ThreeBooks) -> list[Intent]:
    """Every intent of the run; a missing book leaves its part empty."""
    payouts = () if isinstance(books.payouts, Gap) else books.payouts
    new = [payout for payout in payouts if payout.payout_id not in books.earlier]
    asks = _by_intent(books.asks)
    owner = {ask.payout_id: number for number, found in asks.items() for ask in found if ask.payout_id}
    debts = {_debt(found[0]): number for number, found in asks.items()}
    made: dict[int, list[Payout]] = defaultdict(list)
    for payout in new:
        number = owner.get(payout.payout_id, debts.get((payout.payee_id, payout.amount, payout.currency)))
        if number is not None:
            made[number].append(payout)
    keys = {payout.rail_key: number for number, found in made.items() for payout in found if payout.rail_key}
    charged = _charged(books, keys, debts)
    return [
        Intent(
            number,
            found[0].fault,
            tuple(found),
            tuple(wait for wait in books.waits if wait.intent == number),
            tuple(made[number]),
            tuple(charged[number]),
            _late(books.entries, made[number], charged[number]),
        )
        for number, found in asks.items()
    ]


def charges_in(lines: Iterable[RailLine]) -> list[Charge]:
    """Lines by charge, in the order in which each first became final."""
    found: dict[str, list[RailLine]] = defaultdict(list)
    for line in lines:
        found[line.rail_id].append(line)
    return [Charge(rail_id, tuple(items)) for rail_id, items in found.items()]


def _late(entries: tuple[LedgerEntry, ...] | Gap, payouts: Iterable[Payout], charges: Iterable[Charge]) -> int:
    if isinstance(entries, Gap):
        return sum(len(charge.lines) > 1 and charge.final.status == SUCCEEDED for charge in charges)
    ours = {payout.payout_id for payout in payouts}
    return sum(entry.kind == SUSPENSE and entry.payment_id in ours for entry in entries)


def _by_intent(asks: Iterable[Ask]) -> dict[int, list[Ask]]:
    found: dict[int, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.intent, []).append(ask)
    return found


def _debt(ask: Ask) -> tuple[str, str, str]:
    return ask.payee_id, ask.amount, ask.currency


def _charged(books: ThreeBooks, keys: dict[str, int], debts: dict[tuple[str, str, str], int]) -> dict[int, list[Charge]]:
    """The charges of each intent: those under a key of its payouts, and those that pay exactly its debt under any key."""
    found: dict[int, list[Charge]] = defaultdict(list)
    for charge in charges_in(() if isinstance(books.lines, Gap) else books.lines):
        line = charge.final
        if line.seq <= books.first_line:
            continue
        number = keys.get(line.key, debts.get((line.payee, line.amount, line.currency)))
        if number is not None:
            found[number].append(charge)
    return found
