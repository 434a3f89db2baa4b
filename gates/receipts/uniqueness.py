"""Does each receipt stand alone? Two that share an id, an operation, a ledger line or a position of the journal do not."""

from collections.abc import Iterator, Sequence

from gates.receipts.levels import Mark, Opened
from gates.receipts.receipt import Receipt


class _Holders:
    """Who holds one id: the first receipt, the first that differs from it, and the first in the file itself."""

    def __init__(self) -> None:
        self._first: Opened | None = None
        self._rival: Opened | None = None
        self._in_file: tuple[int, Opened] | None = None

    def add(self, item: Opened, number: int | None) -> None:
        self._first = self._first or item
        if self._rival is None and item.digest != self._first.digest:
            self._rival = item
        if self._in_file is None and number is not None:
            self._in_file = number, item

    def fault(self, what: str, item: Opened, number: int) -> str:
        """What is wrong with a receipt of the file that holds it, "" where nothing is."""
        assert self._first is not None, "it was added"
        assert self._in_file is not None, "it is in the file"
        other = self._first if item.digest != self._first.digest else self._rival
        if other is not None:
            return f"another receipt has the same {what}: {other.origin}"
        if number > self._in_file[0]:
            return f"the same receipt was given before: {self._in_file[1].origin}; each counts once"
        return ""


def clashes(opened: Sequence[Opened], known: Sequence[Opened]) -> dict[int, str]:
    """By its place in `opened`, what a receipt shares with another one that counts: as a sentence.

    Within `opened` also the same receipt given twice is refused, since it would be counted twice; `known` may repeat it. Receipts
    that do not count (a signature or key that fails) clash with nothing: anybody can write those.
    """
    holders: dict[tuple[str, ...], _Holders] = {}
    numbered: list[tuple[int | None, Opened]] = [*enumerate(opened), *((None, item) for item in known)]
    for number, item in numbered:
        for key in _keys(item):
            holders.setdefault(key, _Holders()).add(item, number)
    found: dict[int, str] = {}
    for number, item in enumerate(opened):
        faults = (holders[key].fault(f"{key[0]} {key[-1]}", item, number) for key in _keys(item))
        fault = next((text for text in faults if text), "")
        if fault:
            found[number] = fault
    return found


def _keys(item: Opened) -> Iterator[tuple[str, ...]]:
    """What no two receipts share: ids anywhere, a journal position within a tenant and under one key."""
    receipt = item.receipt
    if receipt is None or (item.signature.mark, item.key.mark) != (Mark.PASS, Mark.PASS):
        return
    yield "receipt_id", receipt.receipt_id
    yield "operation.id", receipt.operation.id
    yield from (("ledger line", line) for line in receipt.journal.entry_ids)
    yield from _positions(receipt)


def _positions(receipt: Receipt) -> Iterator[tuple[str, ...]]:
    position = str(receipt.journal.seq)
    yield "journal position", "tenant", receipt.parties.tenant_id, position
    yield "journal position", "key", receipt.signing.key_id, position
