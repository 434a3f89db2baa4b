"""Rows that only readers see: several tables joined, each as one value."""

import msgspec

RECEIPTS_BYTES = 524_288
"""Payload bytes on a page of receipts, whatever its limit: 512 KiB, so that a page holds the event loop for milliseconds only."""


class ReceiptRow(msgspec.Struct, frozen=True):
    """A receipt where it stands in the journal, with its signature."""

    seq: int
    suffix: str
    resource_id: str
    kind: str
    payload: bytes
    signature: bytes
    keyid: str


class KeyUseRow(msgspec.Struct, frozen=True):
    """One request that was decided under a key; `kept` says whether its answer is still there."""

    route: str
    status: int
    suffix: str
    location: str | None
    resource_kind: str | None
    resource_id: str | None
    at: str
    kept: int


class LegRow(msgspec.Struct, frozen=True):
    """One movement of a ledger entry, with the operation that made it and the names of its two accounts."""

    seq: int
    suffix: str
    resource_id: str | None
    entry_kind: str
    at: str
    has_receipt: int
    amount: int
    currency: str
    debit: str
    credit: str
