"""Rule: every effect has exactly one receipt, which agrees with the ledger."""

from collections.abc import Iterator

from gates.schema.ledger import EntryKind, LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.checker.booked import PaymentBook
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding

RECEIPT_OF: dict[EntryKind, str] = {
    "reserve": "reserve",
    "settle": "settle",
    "release": "reverse",
    "refund": "reverse",
    "expire": "expire",
}


def receipt_mismatches(case: Case) -> Ruling:
    """Effects of the run without exactly one receipt that agrees, and receipts of effects that are not in the ledger."""
    samples = 0
    findings: list[Finding] = []
    booked: set[str] = set()
    for _life, book in case.lives():
        for kind in RECEIPT_OF:
            for entry in book.of(kind):
                samples += 1
                booked.add(entry.entry_id)
                findings.extend(_judge(entry, book, case.receipts_by_entry.get(entry.entry_id, [])))
    findings.extend(_unbooked(case, booked))
    return Ruling(samples, tuple(findings))


def _judge(entry: LedgerEntry, book: PaymentBook, receipts: list[Receipt]) -> Iterator[Finding]:
    what = f"the {entry.kind} in entry {entry.entry_id}"
    if len(receipts) != 1:
        detail = f"{what} has {len(receipts)} receipts"
        yield finding(Rule.RECEIPT_MISMATCH, entry.payment_id, detail, [entry, *receipts[:2]])
        return
    wrong = "; ".join(_disagreements(entry, book, receipts[0]))
    if wrong:
        yield finding(Rule.RECEIPT_MISMATCH, entry.payment_id, f"{what} and its receipt disagree: {wrong}", [entry, receipts[0]])


def _disagreements(entry: LedgerEntry, book: PaymentBook, receipt: Receipt) -> Iterator[str]:
    if receipt.kind != RECEIPT_OF[entry.kind]:
        yield f"kind {receipt.kind}"
    if receipt.payment_id != entry.payment_id:
        yield f"payment {receipt.payment_id}"
    moved = _amount(entry, book)
    if receipt.amount != str(moved):
        yield f"amount {receipt.amount}, the ledger moved {moved}"
    if receipt.entry_ids == (entry.entry_id,) and receipt.postings_sha256 not in (None, entry.postings_sha256):
        yield "the digest of the postings"


def _amount(entry: LedgerEntry, book: PaymentBook) -> int:
    if entry.kind == "settle":
        return book.left_for_payee(entry)
    if entry.kind == "refund":
        return -entry.moved(book.payable)
    return abs(entry.moved(book.held))


def _unbooked(case: Case, booked: set[str]) -> Iterator[Finding]:
    effects = set(RECEIPT_OF.values())
    for receipt in case.receipts:
        if receipt.payment_id not in case.requests.ids or receipt.kind not in effects:
            continue
        if not receipt.entry_ids or any(entry_id not in booked for entry_id in receipt.entry_ids):
            detail = f"receipt {receipt.receipt_id} is for a {receipt.kind} that the ledger does not have"
            yield finding(Rule.RECEIPT_MISMATCH, receipt.payment_id, detail, [receipt])
