"""The input of the rules, indexed once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from gates.schema.ledger import LedgerEntry
from gates.schema.readback import Settlements
from loadtests.books.entries import Balance, Books, Gap, Opening, Receipt
from loadtests.checker.booked import Booked, PaymentBook, index_entries
from loadtests.checker.elsewhere import Elsewhere, elsewhere
from loadtests.checker.explained import Since, explain
from loadtests.checker.listing import Listing, index_items
from loadtests.checker.requests import Life, Requests, index_history
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan

Part = Literal["entries", "receipts", "balances", "opened", "opening balances"]


class Case:
    """A plan, its history, and the books before and after. A rule reads only the books that its row in the table lists.

    `shared`: the target's file says that others use the plan's accounts too.
    """

    def __init__(self, plan: Plan, history: Iterable[Event], books: Books, opening: Opening, *, shared: bool = False) -> None:
        self.plan = plan
        self.books, self.opening = books, opening
        self.shared = shared
        self.requests: Requests = index_history(plan, history)

    def gap(self, parts: Iterable[Part]) -> Gap | None:
        """Why the first of these books that is missing is missing; None if all are there."""
        for part in parts:
            if isinstance(found := self._part(part), Gap):
                return found
        return None

    def _part(self, part: Part) -> object:
        if part == "opened":
            return self.opening.seq
        return self.opening.balances if part == "opening balances" else getattr(self.books, part)

    @cached_property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """The whole journal."""
        assert not isinstance(self.books.entries, Gap), "the rule's row lists the ledger"
        return self.books.entries

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        """Every receipt of the tenant."""
        assert not isinstance(self.books.receipts, Gap), "the rule's row lists the receipts"
        return self.books.receipts

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """Every balance that the service reports for the plan's accounts."""
        assert not isinstance(self.books.balances, Gap), "the rule's row lists the balances"
        return self.books.balances

    @cached_property
    def listing(self) -> Listing:
        """The list of settlements by payment."""
        assert not isinstance(self.books.settlements, Gap), "the rule is one for a list"
        return index_items(self.requests, self.books.settlements)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        """What the list has that the run's payments do not explain."""
        return elsewhere(self.listing.foreign, self.opening.listed, self.shape, self.requests, shared=self.shared)

    @property
    def shape(self) -> Settlements:
        """How the target's file describes the list."""
        assert self.books.shape is not None, "the rule is one for a list"
        return self.books.shape

    @property
    def waited(self) -> str:
        """How long the reader waited for what was missing."""
        waited_ms = self.books.waited_ms
        return f"read again for {waited_ms // 1000}.{waited_ms % 1000 // 100} s" if waited_ms else "read once"

    @cached_property
    def booked(self) -> Booked:
        """The journal by payment."""
        return index_entries(self.plan, self.requests, self.entries)

    @cached_property
    def strangers(self) -> Mapping[int, list[Receipt]]:
        """Reserve receipts of payments that no client received, by the logical payment of their request.

        A receipt names its request by a fingerprint. Two payments with one fingerprint come from one request only if each
        reserve contains its own reference.
        """
        found: dict[int, list[Receipt]] = defaultdict(list)
        if not self.plan.references or isinstance(self.books.receipts, Gap):
            return found
        ids = self.requests.ids
        reserves = [item for item in self.receipts if item.kind == "reserve" and item.request_fingerprint and item.payment_id]
        answered = [(item.request_fingerprint, item.payment_id or "") for item in reserves if item.payment_id in ids]
        known = {fingerprint: ids[payment_id] for fingerprint, payment_id in answered}
        for receipt in reserves:
            number = known.get(receipt.request_fingerprint)
            if number is not None and receipt.payment_id not in ids:
                found[number].append(receipt)
        return found

    @cached_property
    def receipts_of_unknown_payments(self) -> Mapping[int, int]:
        """How many payments that no client received come from a reserve of each logical payment."""
        return {number: len(receipts) for number, receipts in self.strangers.items()}

    @cached_property
    def since(self) -> Since:
        """What the journal has on the plan's accounts since the run began, and what explains it."""
        assert not isinstance(self.opening.seq, Gap), "the rule's row lists the opening"
        named = {receipt.payment_id for receipts in self.strangers.values() for receipt in receipts}
        return explain(self.plan, self.requests, self.entries, self.opening.seq, named)

    def lives(self) -> Iterator[tuple[Life, PaymentBook]]:
        """Every logical payment with its part of the journal, in the plan's order."""
        for number, life in self.requests.lives.items():
            yield life, self.booked.books[number]

    @cached_property
    def receipts_by_entry(self) -> Mapping[str, list[Receipt]]:
        """Receipts by the id of their entry."""
        found: dict[str, list[Receipt]] = defaultdict(list)
        for receipt in self.receipts:
            for entry_id in receipt.entry_ids:
                found[entry_id].append(receipt)
        return found
