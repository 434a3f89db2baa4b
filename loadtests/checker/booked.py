"""The journal's entries for each payment of the run, by kind, and the amounts they move."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from gates.schema.ledger import EntryKind, LedgerEntry
from loadtests.checker.requests import Life, Requests
from loadtests.storm.plan import Plan

KINDS: tuple[EntryKind, ...] = ("reserve", "settle", "release", "refund", "expire")
"""The kinds of entries that one payment may have."""


class PaymentBook(msgspec.Struct):
    """The entries of one logical payment, and the accounts that they may change according to the plan."""

    held: str
    available: str
    payable: str
    entries: dict[EntryKind, list[LedgerEntry]] = msgspec.field(default_factory=lambda: defaultdict(list))

    def of(self, *kinds: EntryKind) -> list[LedgerEntry]:
        """The entries of these kinds, in the journal's order."""
        return sorted((entry for kind in kinds for entry in self.entries.get(kind, ())), key=lambda entry: entry.seq)

    def left_for_payee(self, entry: LedgerEntry) -> int:
        """The amount that one settle entry took out of the hold without returning it to the wallet."""
        return -entry.moved(self.held) - entry.moved(self.available)

    def credited(self, entry: LedgerEntry) -> int:
        """The amount that one entry added to the planned payee."""
        return entry.moved(self.payable)

    def settled(self) -> int:
        """The amount that all settle entries took out of the hold for the payee."""
        return sum(self.left_for_payee(entry) for entry in self.of("settle"))

    def reserved(self) -> int:
        """The amount that all reserve entries put on hold."""
        return sum(entry.moved(self.held) for entry in self.of("reserve"))

    def still_held(self) -> int:
        """The rest of the hold after all entries."""
        return sum(entry.moved(self.held) for entries in self.entries.values() for entry in entries)

    def refunded(self) -> int:
        """The amount that all refund entries took back from the payee."""
        return -sum(entry.moved(self.payable) for entry in self.of("refund"))


class Booked(msgspec.Struct, frozen=True):
    """The journal, by logical payment; `foreign` are entries of payments outside of the run."""

    books: Mapping[int, PaymentBook]
    foreign: tuple[LedgerEntry, ...]


def index_entries(plan: Plan, requests: Requests, entries: Iterable[LedgerEntry]) -> Booked:
    """Assign every entry to its payment, in one pass."""
    books = {number: _empty(plan, life) for number, life in requests.lives.items()}
    foreign = []
    for entry in entries:
        if entry.payment_id is None:
            continue
        number = requests.ids.get(entry.payment_id)
        if number is None:
            foreign.append(entry)
        else:
            books[number].entries[entry.kind].append(entry)
    return Booked(books, tuple(foreign))


def _empty(plan: Plan, life: Life) -> PaymentBook:
    wallet, payee = plan.wallet_id, life.planned.payee_id
    return PaymentBook(f"wallet/{wallet}/held", f"wallet/{wallet}/available", f"payee/{payee}/payable")
