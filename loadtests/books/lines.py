"""Lines of a witness that both reports print: ledger entries and receipts."""

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Receipt


def ledger_line(entry: LedgerEntry) -> str:
    """An entry with its postings."""
    moved = ", ".join(f"{posting.account} {posting.amount}" for posting in entry.postings)
    return f"ledger {entry.seq}: {entry.kind} {entry.entry_id}: {moved}"


def receipt_line(receipt: Receipt) -> str:
    """A receipt with its entries."""
    about = f"{receipt.kind} {receipt.amount} {receipt.currency}"
    return f"receipt {receipt.receipt_id}: {about} for {', '.join(receipt.entry_ids)}"
