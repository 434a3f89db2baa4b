"""Receipts: what was done to a payment, chained to the receipt before it, signed so that anybody can check it offline."""

import base64
from typing import Literal

import msgspec

from gateway.answers import EnvelopeView, SignatureView
from gateway.canonical import sha256_hex

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v1+json"


class Totals(msgspec.Struct, frozen=True):
    """The payment's amounts after this operation."""

    authorized: str
    charged_back: str
    open: str
    refunded: str
    released: str
    settled: str


class Receipt(msgspec.Struct, frozen=True):
    """The signed payload; members in alphabetical order, which makes its encoding canonical.

    `payment_id` names what the receipt is of: a payment, or a payout, which has neither wallet, policy nor expiry.
    """

    agent_id: str
    amount: str
    currency: str
    entry_ids: tuple[str, ...]
    expires_at: str | None
    issued_at: str
    journal_seq: int
    key_id: str
    kind: Literal["reserve", "settle", "reverse", "denial", "expire", "payout", "escalation", "approve", "reject"]
    money_moved: Literal["yes", "no", "unknown"]
    operation_id: str
    payee_id: str
    payment_id: str
    policy: msgspec.Raw | None
    postings_sha256: str | None
    previous_receipt_sha256: str | None
    receipt_id: str
    request_fingerprint: str
    salt: str
    seq: int
    status: str
    tenant_id: str
    totals: Totals
    version: Literal["1"]
    wallet_id: str | None


_ENCODER = msgspec.json.Encoder()


def encode_receipt(receipt: Receipt) -> bytes:
    """The payload's canonical bytes: the members stand in order already, so nothing is sorted on the hot path."""
    return _ENCODER.encode(receipt)


def envelope(payload: bytes, signature: bytes, keyid: str) -> EnvelopeView:
    """The DSSE envelope of a stored receipt."""
    signed = SignatureView(keyid, base64.b64encode(signature).decode())
    return EnvelopeView(PAYLOAD_TYPE, base64.b64encode(payload).decode(), (signed,))


def payload_sha256(payload: bytes) -> str:
    """How the next receipt of the payment names this one."""
    return sha256_hex(payload)
