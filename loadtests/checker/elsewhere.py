"""Which items of a list may be repeats that were booked under another payment? The new ones that no payment explains."""

from collections.abc import Iterable

import msgspec

from gates.schema.printable import printable
from gates.schema.readback import Settlements
from loadtests.books.entries import Gap
from loadtests.books.settlements import Settlement
from loadtests.checker.requests import Requests

_ADVICE = "load a service that nobody else uses meanwhile, or read back a ledger (spec.audit.ledger)"
_WITH_KEY = (
    "add where an item has its idempotency key (spec.audit.settlements.key), and state other_writers: true if others use it"
)


class Elsewhere(msgspec.Struct, frozen=True):
    """Settlements and refunds under payments that no client of the run knows; "" where there are none, else why that is open."""

    settles: str = ""
    refunds: str = ""


def elsewhere(
    foreign: Iterable[Settlement], opened: tuple[str, ...] | Gap, shape: Settlements, requests: Requests, *, shared: bool
) -> Elsewhere:
    """What was not in the list before the run and is of no payment of it, in a state in which money may have moved.

    Where the target's file declares other writers, an item that has somebody else's key is theirs.
    """
    earlier = frozenset[str]() if isinstance(opened, Gap) else frozenset(opened)
    unread = f" (before it the list was not read: {opened.detail})" if isinstance(opened, Gap) else ""
    left = [item for item in foreign if item.id not in earlier and _may_have_moved(item, shape)]
    left = [item for item in left if not (shared and item.key and item.key not in requests.mutations)]
    refunds = [item for item in left if shape.kinds is not None and item.kind in shape.kinds.refund]
    settles = [item for item in left if item not in refunds]
    return Elsewhere(_open(settles, shape, unread), _open(refunds, shape, unread))


def _may_have_moved(item: Settlement, shape: Settlements) -> bool:
    """Whether neither its state nor its kind says that no money moved."""
    is_other = shape.states is not None and item.state in shape.states.other
    return not is_other and not (shape.kinds is not None and item.kind in shape.kinds.other)


def _open(items: list[Settlement], shape: Settlements, unread: str) -> str:
    if not items:
        return ""
    first, ids = items[0], len(items)
    what = f"{ids} new item is" if ids == 1 else f"{ids} new items are"
    named = f"{printable(first.id)}, payment {printable(first.payment_id or 'none')}"
    text = f"{what} of no payment of this run{unread}, such as {named}: a repeat may have been booked there"
    return f"{text}; {_WITH_KEY if shape.key is None else _ADVICE}"
