"""The input of the rules, indexed once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from loadtests.books.entries import Balance, Books, Entry, Gap, Receipt
from loadtests.checker.booked import Booked, PaymentBook, index_entries
from loadtests.checker.requests import Life, Requests, index_history
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan


class Case:
    """A plan, its history and the books. A rule reads only the books that its row in the table lists."""

    def __init__(self, plan: Plan, history: Iterable[Event], books: Books) -> None:
        self.plan = plan
        self.books = books
        self.requests: Requests = index_history(plan, history)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
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
    def booked(self) -> Booked:
        """The journal by payment."""
        return index_entries(self.plan, self.requests, self.entries)

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
