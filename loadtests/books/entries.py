"""The service's books: journal entries, receipts and balances, in the format `gonogo-ledger-v1`."""

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.outcome import UnknownReason

EntryKind = Literal[
    "fund", "reserve", "settle", "release", "refund", "expire", "payout", "payout_success", "payout_failure", "payout_suspense"
]


class Posting(msgspec.Struct, frozen=True):
    """One side of an entry: an account and a signed decimal string of minor units."""

    account: str
    amount: str
    currency: str


class Entry(msgspec.Struct, frozen=True):
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
        """The digest that a receipt gives for this entry's postings; without floats these are the RFC 8785 bytes."""
        return sha256_hex(msgspec.json.encode(self.postings, order="sorted"))


class Receipt(msgspec.Struct, frozen=True):
    """The members of a receipt that the checker compares; the receipt verification checks its signature."""

    receipt_id: str
    kind: str
    payment_id: str | None
    amount: str
    currency: str
    entry_ids: tuple[str, ...] = ()
    postings_sha256: str | None = None
    request_fingerprint: str | None = None
    issued_at: str = ""


class Balance(msgspec.Struct, frozen=True):
    """One account's balance as the service reports it."""

    account: str
    amount: str


class Gap(msgspec.Struct, frozen=True):
    """Why a part of the books is missing."""

    reason: UnknownReason
    detail: str


class Books(msgspec.Struct, frozen=True):
    """The service's books, each part or the reason why it is missing."""

    entries: tuple[Entry, ...] | Gap
    receipts: tuple[Receipt, ...] | Gap
    balances: tuple[Balance, ...] | Gap


class Opening(msgspec.Struct, frozen=True):
    """The books before the run: the journal's last position, number of entries and digest, and the balances of the accounts.

    `seq` or `balances` is the reason where they could not be read. It is read before the first request of the run.
    """

    seq: int | Gap
    balances: tuple[Balance, ...] | Gap
    entries: int = 0
    sha256: str = ""


NOT_OPENED = Gap(UnknownReason.MISSING, "the books were not read before the run")


def unopened(gap: Gap = NOT_OPENED) -> Opening:
    """The opening of a run before which no books were read."""
    return Opening(seq=gap, balances=gap)


def journal_sha256(entries: Iterable[Entry]) -> str:
    """One digest over entries, in their order: a journal that is only appended to keeps it."""
    digest = sha256()
    for entry in entries:
        digest.update(msgspec.json.encode(entry, order="sorted") + b"\n")
    return digest.hexdigest()


class _LooseEntry(msgspec.Struct, frozen=True):
    """An entry of a service whose ids are whole numbers."""

    seq: int
    entry_id: str | int
    kind: EntryKind
    postings: tuple[Posting, ...]
    tenant_id: str | int = ""
    payment_id: str | int | None = None
    operation_id: str | int | None = None
    at: str = ""
    receipt_id: str | int | None = None

    def strict(self) -> Entry:
        """The same entry, with its ids as texts."""
        return Entry(
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


def entry_in(line: bytes) -> Entry:
    """The entry in one line of a ledger; ids may be whole numbers. Raises ValidationError for anything else."""
    try:
        return _ENTRY.decode(line)
    except msgspec.ValidationError:
        return _LOOSE_ENTRY.decode(line).strict()


_ENTRY, _LOOSE_ENTRY = msgspec.json.Decoder(Entry), msgspec.json.Decoder(_LooseEntry)


def _text(identity: str | int | None) -> str | None:
    return None if identity is None else str(identity)


class _Envelope(msgspec.Struct):
    payload: str


class _Subject(msgspec.Struct, frozen=True):
    id: str | int


class _Money(msgspec.Struct, frozen=True):
    amount: str
    currency: str


class _Journal(msgspec.Struct, frozen=True):
    entry_ids: tuple[str | int, ...] = ()
    postings_sha256: str | None = None


class _Operation(msgspec.Struct, frozen=True):
    request_fingerprint: str | None = None


class _Signing(msgspec.Struct, frozen=True):
    issued_at: str = ""


class _Payload(msgspec.Struct):
    receipt_id: str | int
    kind: str
    subject: _Subject
    money: _Money
    journal: _Journal = _Journal()
    operation: _Operation = _Operation()
    signing: _Signing = _Signing()


def receipt_in(envelope: bytes) -> Receipt:
    """The receipt, version 2, inside a DSSE envelope, its signature unchecked; raises ValueError if there is none."""
    try:
        payload = base64.b64decode(msgspec.json.decode(envelope, type=_Envelope).payload, validate=True)
        found = msgspec.json.decode(payload, type=_Payload)
    except (msgspec.MsgspecError, binascii.Error) as error:
        raise ValueError(f"not a receipt of version 2: {error}") from None
    return Receipt(
        receipt_id=str(found.receipt_id),
        kind=found.kind,
        payment_id=str(found.subject.id),
        amount=found.money.amount,
        currency=found.money.currency,
        entry_ids=tuple(map(str, found.journal.entry_ids)),
        postings_sha256=found.journal.postings_sha256,
        request_fingerprint=found.operation.request_fingerprint,
        issued_at=found.signing.issued_at,
    )
