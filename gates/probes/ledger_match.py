"""Does a receipt say what the ledger says? Each receipt against the lines that it names and those that name it. Pure."""

from collections.abc import Iterator, Sequence

from gates.probes.binding import ENTRY_KINDS
from gates.receipts.receipt import Receipt
from gates.schema.ledger import LedgerEntry, postings_digest

Fault = tuple[str, str]
"""What the ledger says, and what the receipt signs."""


class Lines:
    """The ledger's lines, by their own id and by the receipt that they name."""

    def __init__(self, entries: Sequence[LedgerEntry]) -> None:
        self._by_id = {entry.entry_id: entry for entry in entries}
        self._of: dict[str, list[LedgerEntry]] = {}
        for entry in entries:
            if entry.receipt_id:
                self._of.setdefault(entry.receipt_id, []).append(entry)

    def faults(self, receipt: Receipt) -> Iterator[Fault]:
        """Where receipt and ledger differ."""
        lines = self._of.get(receipt.receipt_id, [])
        yield from self._name_faults(receipt, lines)
        for line in lines:
            yield from _line_faults(receipt, line)
        if lines and [line.entry_id for line in lines] == list(receipt.journal.entry_ids):
            digest = postings_digest([posting for line in lines for posting in line.postings])
            if digest != receipt.journal.postings_sha256:
                yield f"postings with the sha256 {digest}", f"signed: {receipt.journal.postings_sha256}"

    def _name_faults(self, receipt: Receipt, lines: Sequence[LedgerEntry]) -> Iterator[Fault]:
        named, there = set(receipt.journal.entry_ids), {line.entry_id for line in lines}
        if named != there:
            yield f"the ledger lines {_list(there)}, as the ledger has them for this receipt", f"signed: {_list(named)}"
        absent = sorted(named - self._by_id.keys())
        if absent:
            yield f"the ledger line {absent[0]}", "the ledger has no such line"
        if bool(lines) != (receipt.money.moved == "yes"):
            yield f"money.moved {'yes' if lines else 'no'}: the ledger has {len(lines)} lines", f"signed: {receipt.money.moved}"


def _line_faults(receipt: Receipt, line: LedgerEntry) -> Iterator[Fault]:
    if receipt.journal.seq != line.seq:
        yield f"journal position {line.seq}, as in the ledger", f"signed: {receipt.journal.seq}"
    if receipt.subject.id != line.payment_id:
        yield f"the payment {line.payment_id}, as in the ledger", f"signed: {receipt.subject.id}"
    if line.operation_id is not None and receipt.operation.id != line.operation_id:
        yield f"the operation {line.operation_id}, as in the ledger", f"signed: {receipt.operation.id}"
    kinds = ENTRY_KINDS.get(line.kind)
    if kinds is not None and receipt.kind not in kinds:
        yield f"a receipt of kind {' or '.join(kinds)} for a ledger line of kind {line.kind}", f"signed: {receipt.kind}"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
