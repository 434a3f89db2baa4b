"""The items of a list of settlements for each payment of the run, and for each key of a settle."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from loadtests.books.settlements import Expected, Settlement
from loadtests.checker.requests import Requests


class Listing(msgspec.Struct, frozen=True):
    """The list, by logical payment; `items` is all of it, `pages` how many answers it had, `foreign` what no payment has."""

    settles: Mapping[int, list[Settlement]]
    refunds: Mapping[int, list[Settlement]]
    items: int
    pages: int
    foreign: tuple[Settlement, ...] = ()


def index_items(requests: Requests, items: Iterable[Settlement]) -> Listing:
    """Assign each settlement and refund to its payment: by the payment's id, else by the key of the settle."""
    settles: dict[int, list[Settlement]] = defaultdict(list)
    refunds: dict[int, list[Settlement]] = defaultdict(list)
    foreign = []
    count, pages = 0, 0
    for item in items:
        count, pages = count + 1, max(pages, item.page)
        mutation = requests.mutations.get(item.key or "")
        payment = requests.ids.get(item.payment_id or "", mutation.number if mutation else None)
        if payment is None:
            foreign.append(item)
        elif item.effect != "none":
            (settles if item.effect == "settle" else refunds)[payment].append(item)
    return Listing(settles, refunds, count, pages, tuple(foreign))


def expected_of(requests: Requests) -> Expected:
    """What the clients know of the payments of a run."""
    settles = [mutation for mutation in requests.mutations.values() if mutation.operation == "settle"]
    acknowledged = [(mutation.acknowledgement, mutation) for mutation in settles]
    settled = {
        yes.payment_id: mutation.amount for yes, mutation in acknowledged if yes is not None and yes.payment_id is not None
    }
    return Expected(frozenset(requests.ids), frozenset(mutation.key for mutation in settles), settled)
