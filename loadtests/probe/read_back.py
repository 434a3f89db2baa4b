"""What do the books of the service show of a probe's payments? In plain words. Pure."""

from collections.abc import Iterable, Iterator

from gates.schema.ledger import LedgerEntry
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Balance, Books, Gap, Opening
from loadtests.books.settlements import Settlement
from loadtests.probe.schema import ReadBack


def read_back(books: Books, opening: Opening, ids: Iterable[str]) -> Iterator[ReadBack]:
    """One line for each place where the target's file says that the service shows what it has booked."""
    known = set(ids)
    parts = (
        ("ledger", books.entries),
        ("settlements", books.settlements),
        ("receipts", books.receipts),
        ("balances", books.balances),
    )
    for source, part in parts:
        if isinstance(part, Gap) and part.reason is not UnknownReason.MISSING:
            yield ReadBack(source, found=False, text=part.detail)
    if not isinstance(books.entries, Gap):
        yield _ledger(books.entries, known)
    if not isinstance(books.settlements, Gap):
        yield _settlements(books.settlements)
    if not isinstance(books.receipts, Gap):
        ours = [receipt for receipt in books.receipts if receipt.payment_id in known]
        yield ReadBack("receipts", bool(ours), f"{len(ours)} of the probe's payments, of {len(books.receipts)}")
    if not isinstance(books.balances, Gap):
        yield from _balances(books.balances, opening)


def _ledger(entries: tuple[LedgerEntry, ...], ids: set[str]) -> ReadBack:
    ours = [entry for entry in entries if entry.payment_id in ids]
    if not ours:
        return ReadBack("ledger", found=False, text=f"{len(entries)} entries, none of them of the probe's payments")
    shown = "; ".join(f"{entry.kind} of {entry.payment_id}: {_amount(entry)}" for entry in ours)
    return ReadBack("ledger", found=True, text=shown)


def _settlements(items: tuple[Settlement, ...]) -> ReadBack:
    ours = [item for item in items if item.effect != "none"]
    shown = "; ".join(f"{'refunded ' if item.refunded else ''}{item.effect} of {item.payment_id}: {item.amount}" for item in ours)
    return ReadBack("settlements", bool(ours), shown or f"{len(items)} items, none of them a settle of the probe's payments")


def _amount(entry: LedgerEntry) -> int:
    """What an entry moves: the sum of what it adds to accounts."""
    return sum(int(posting.amount) for posting in entry.postings if int(posting.amount) > 0)


def _balances(balances: Iterable[Balance], opening: Opening) -> Iterator[ReadBack]:
    before = {} if isinstance(opening.balances, Gap) else {item.account: item.amount for item in opening.balances}
    for item in balances:
        was = before.get(item.account)
        text = item.amount if was is None else f"{was} before, {item.amount} after ({int(item.amount) - int(was):+d})"
        yield ReadBack(item.account, found=True, text=text)
