"""The service's books as values: journal entries, receipts and balances, or why a part of them is missing."""

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from gates.schema.ledger import LedgerEntry, Minor
from gates.schema.outcome import UnknownReason
from gates.schema.readback import Settlements
from loadtests.books.settlements import Settlement


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
    amount: Minor


class Gap(msgspec.Struct, frozen=True):
    """Why a part of the books is missing."""

    reason: UnknownReason
    detail: str


NOT_LISTED = Gap(UnknownReason.MISSING, "the target does not define where settlements can be listed")
IN_ITS_FILE = Gap(UnknownReason.MISSING, "the answers of the list are in readback.jsonl")


class Books(msgspec.Struct, frozen=True):
    """The service's books, each part or the reason why it is missing.

    `settlements` is the list of a service without a ledger, and `shape` how its target's file describes it. `waited_ms` is how
    long the reader waited for what was missing.
    """

    entries: tuple[LedgerEntry, ...] | Gap
    receipts: tuple[Receipt, ...] | Gap
    balances: tuple[Balance, ...] | Gap
    settlements: tuple[Settlement, ...] | Gap = NOT_LISTED
    shape: Settlements | None = None
    waited_ms: int = 0


NOT_OPENED = Gap(UnknownReason.MISSING, "the books were not read before the run")


class Opening(msgspec.Struct, frozen=True):
    """The books before the run: the journal's last position, number of entries and digest, and the balances of the accounts.

    `seq` or `balances` is the reason where they could not be read; `listed` are the ids in the list of settlements, if there is
    one. It is read before the first request of the run.
    """

    seq: int | Gap
    balances: tuple[Balance, ...] | Gap
    entries: int = 0
    sha256: str = ""
    listed: tuple[str, ...] | Gap = NOT_OPENED


def unopened(gap: Gap = NOT_OPENED) -> Opening:
    """The opening of a run before which no books were read."""
    return Opening(seq=gap, balances=gap)


def journal_sha256(entries: Iterable[LedgerEntry]) -> str:
    """One digest over entries, in their order: a journal that is only appended to keeps it."""
    digest = sha256()
    for entry in entries:
        digest.update(msgspec.json.encode(entry, order="sorted") + b"\n")
    return digest.hexdigest()


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
