"""The ledger of a service, one JSON object a line (`gonogo-ledger-v1`): the one parser of load runs, drills and probes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Literal

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.printable import printable

FORMAT = "gonogo-ledger-v1"
PAGES = 100_000
"""Answers that one reading takes at most: a service that always has one more page never ends."""

EntryKind = Literal[
    "fund", "reserve", "settle", "release", "refund", "expire", "payout", "payout_success", "payout_failure", "payout_suspense"
]
Minor = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,30}$(?!\n)")]
"""A whole number of minor units as text."""


class NoLedger(ValueError):
    """An answer that is not in the format, with its line."""


class Posting(msgspec.Struct, frozen=True):
    """One side of an entry: an account, what is added to it (negative where it is taken away), and the currency."""

    account: str
    amount: Minor
    currency: str


class LedgerEntry(msgspec.Struct, frozen=True):
    """One balanced entry of the journal."""

    seq: int
    entry_id: str
    kind: EntryKind
    postings: tuple[Posting, ...]
    tenant_id: str = ""
    payment_id: str | None = None
    operation_id: str | None = None
    at: str = ""
    receipt_id: str | None = None

    def moved(self, account: str) -> int:
        """The amount that the entry adds to one account."""
        return sum(int(posting.amount) for posting in self.postings if posting.account == account)

    def moved_by_suffix(self, prefix: str, suffix: str) -> int:
        """The amount that the entry adds to all accounts with this prefix and suffix, such as `wallet/` and `/held`."""
        return sum(int(p.amount) for p in self.postings if p.account.startswith(prefix) and p.account.endswith(suffix))

    @property
    def postings_sha256(self) -> str:
        """The digest that a receipt gives for this entry's postings."""
        return postings_digest(self.postings)


class LedgerLine(msgspec.Struct, frozen=True):
    """One line of the answer to `audit.ledger`. Ids are texts or whole numbers; members that are not listed are ignored.

    `seq` ascends from line to line. `postings` sum to zero in each currency. Accounts are `wallet/ID/available`, `wallet/ID/held`
    and `payee/ID/payable`, and any others of the service's own. `payment_id` is absent only where an entry is of no payment.
    """

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    entry_id: str | int
    kind: EntryKind
    postings: tuple[Posting, ...]
    tenant_id: str | int = ""
    payment_id: str | int | None = None
    operation_id: str | int | None = None
    at: str = ""
    receipt_id: str | int | None = None

    def with_texts(self) -> LedgerEntry:
        """The same entry, with its ids as texts."""
        return LedgerEntry(
            seq=self.seq,
            entry_id=str(self.entry_id),
            kind=self.kind,
            postings=self.postings,
            tenant_id=str(self.tenant_id),
            payment_id=_text(self.payment_id),
            operation_id=_text(self.operation_id),
            at=self.at,
            receipt_id=_text(self.receipt_id),
        )


def read_ledger(answer: Callable[[int], bytes], after: int = 0) -> Iterator[tuple[LedgerEntry, ...]]:
    """Every page after position `after`; `answer` gives the bytes of one, and one without a line is the end.

    Raises NoLedger naming the line that is not in the format, that does not ascend, or that there are too many pages.
    """
    for _ in range(PAGES):
        page = entries_in(answer(after), after)
        if not page:
            return
        after = page[-1].seq
        yield page
    raise NoLedger(f"more than {PAGES} answers, and the last one still has lines")


def entries_in(body: bytes, after: int = 0) -> tuple[LedgerEntry, ...]:
    """The entries of one answer, none of them at or before position `after`; raises NoLedger naming the line."""
    found: list[LedgerEntry] = []
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        entry = _entry_in(line, number)
        if entry.seq <= after:
            raise NoLedger(f"line {number}: seq {entry.seq} comes after {after}: it does not ascend")
        after = entry.seq
        found.append(entry)
    return tuple(found)


def postings_digest(postings: Iterable[Posting]) -> str:
    """The sha256 over postings, with their three members; without floats these are the RFC 8785 bytes."""
    return sha256_hex(msgspec.json.encode(tuple(postings), order="sorted"))


def _entry_in(line: bytes, number: int) -> LedgerEntry:
    try:
        return _LINE.decode(line).with_texts()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoLedger(f"line {number}: {printable(str(error))}") from None


_LINE = msgspec.json.Decoder(LedgerLine)


def _text(identity: str | int | None) -> str | None:
    return None if identity is None else str(identity)
