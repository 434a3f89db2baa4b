"""Receipts: what was done to a payment or payout, chained to the one before it, signed so that anybody can check it offline."""

import base64
from typing import Literal

import msgspec

from gateway.answers import EnvelopeView, SignatureView
from gateway.canonical import sha256_hex
from gateway.kinds import ResourceKind

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v2+json"


class Journal(msgspec.Struct, frozen=True):
    """Where it stands: its position in the journal, and the ledger entry that the operation made, if it moved money."""

    entry_ids: tuple[str, ...]
    postings_sha256: str | None
    seq: int


class Totals(msgspec.Struct, frozen=True):
    """The subject's amounts after this operation."""

    authorized: str
    charged_back: str
    open: str
    refunded: str
    released: str
    settled: str


class Money(msgspec.Struct, frozen=True):
    """The operation's amount, whether it moved, and what it all comes to: decimal strings of minor units."""

    amount: str
    currency: str
    moved: Literal["yes", "no", "unknown"]
    totals: Totals


class Operation(msgspec.Struct, frozen=True):
    """Which operation on the subject: `seq` counts from 1; the fingerprint is of the request, zeros where there was none."""

    id: str
    request_fingerprint: str
    seq: int


class Parties(msgspec.Struct, frozen=True):
    """Who requested it, who is paid, for which tenant, out of which wallet."""

    agent_id: str
    payee_id: str
    tenant_id: str
    wallet_id: str | None


class Signing(msgspec.Struct, frozen=True):
    """When and by which key it was signed; the salt keeps anyone from guessing a payload by its hash."""

    issued_at: str
    key_id: str
    salt: str


class Subject(msgspec.Struct, frozen=True):
    """What the receipt is of."""

    id: str
    kind: ResourceKind


class Receipt(msgspec.Struct, frozen=True):
    """The signed payload; members in alphabetical order on every level, which makes its encoding canonical.

    A payout has neither wallet, policy nor expiry. `cohort_sha256` is null while there are no cohorts.
    """

    cohort_sha256: str | None
    expires_at: str | None
    journal: Journal
    kind: Literal["reserve", "settle", "reverse", "denial", "expire", "payout", "escalation", "approve", "reject"]
    money: Money
    operation: Operation
    parties: Parties
    policy: msgspec.Raw | None
    previous_receipt_sha256: str | None
    receipt_id: str
    signing: Signing
    status: str
    subject: Subject
    version: Literal["2"]


_ENCODER = msgspec.json.Encoder()


def encode_receipt(receipt: Receipt) -> bytes:
    """The payload's canonical bytes: the members stand in order already, so nothing is sorted on the hot path."""
    return _ENCODER.encode(receipt)


def envelope(payload: bytes, signature: bytes, keyid: str) -> EnvelopeView:
    """The DSSE envelope of a stored receipt."""
    signed = SignatureView(keyid, base64.b64encode(signature).decode())
    return EnvelopeView(PAYLOAD_TYPE, base64.b64encode(payload).decode(), (signed,))


def payload_sha256(payload: bytes) -> str:
    """How the next receipt of the subject names this one."""
    return sha256_hex(payload)
