"""Lines of a witness that both reports print: ledger entries and receipts."""

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.books.settlements import Settlement


def ledger_line(entry: LedgerEntry) -> str:
    """An entry with its postings."""
    moved = ", ".join(f"{posting.account} {posting.amount}" for posting in entry.postings)
    return f"ledger {entry.seq}: {entry.kind} {entry.entry_id}: {moved}"


def settlement_line(item: Settlement) -> str:
    """An item of a list, as it was understood."""
    members = (("state", item.state), ("kind", item.kind), ("key", item.key), ("currency", item.currency))
    more = "".join(f", {name} {value}" for name, value in members if value is not None)
    return f"list, page {item.page}: {item.effect} {item.id} of payment {item.payment_id}: {item.amount}{more}"


def receipt_line(receipt: Receipt) -> str:
    """A receipt with its entries."""
    about = f"{receipt.kind} {receipt.amount} {receipt.currency}"
    return f"receipt {receipt.receipt_id}: {about} for {', '.join(receipt.entry_ids)}"
