"""The format of a receipt, checked byte by byte by a second, independent reader.

It shares no code with the service that writes receipts: a mistake made there is not repeated here.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Literal

import msgspec
import rfc8785

from gates.schema.canonical import Json, sha256_hex
from gates.schema.printable import CONTROLS
from gates.schema.strict_json import read_json

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v1+json"
OUTCOMES = frozenset({"allow", "challenge", "deny", "escalate"})

MOST_RECEIPTS = 1_000_000
"""Receipts of one payment; a higher `seq` is none that a payment reaches."""

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,29}")
_HEX = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"\S{1,255}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment's amounts after this receipt, decimal strings of minor units."""

    authorized: str
    settled: str
    released: str
    open: str
    refunded: str
    charged_back: str


class PolicyBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision that admitted the payment, made it wait for approval, or denied it; `inputs` is what it depended on."""

    policy_sha256: str
    outcome: str
    reasons: tuple[str, ...]
    counters_before: dict[str, str]
    counters_after: dict[str, str]
    inputs_sha256: str
    inputs: dict[str, Json]
    approvals_needed: int


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of a receipt, version 1: a closed set of members.

    `payment_id` names what it is of: a payment, or a payout, which has neither wallet nor policy.
    """

    version: Literal["1"]
    receipt_id: str
    kind: Literal["reserve", "settle", "reverse", "denial", "expire", "payout", "escalation", "approve", "reject"]
    tenant_id: str
    issued_at: str
    payment_id: str
    operation_id: str
    seq: int
    previous_receipt_sha256: str | None
    status: str
    money_moved: Literal["yes", "no", "unknown"]
    amount: str
    currency: str
    totals: Totals
    wallet_id: str | None
    payee_id: str
    agent_id: str
    request_fingerprint: str
    policy: PolicyBlock | None
    entry_ids: tuple[str, ...]
    postings_sha256: str | None
    salt: str
    expires_at: str | None
    key_id: str
    journal_seq: int

    @property
    def decision(self) -> PolicyBlock:
        """The policy's decision, which every receipt of a payment carries."""
        assert self.policy is not None, "parsing refuses a payment's receipt without a policy"
        return self.policy


class Malformed(ValueError):
    """The payload is not a receipt of version 1; the text names the place."""


def parse_receipt(payload: bytes) -> Receipt:
    """Read a receipt's payload.

    Raises Malformed for bytes that are not RFC 8785, a member that is missing, unknown or of another type, an amount that
    is not a plain decimal string, a digest that is not lower-case hex, a text with control characters.
    """
    _require_canonical(payload)
    try:
        receipt = msgspec.json.decode(payload, type=Receipt)
    except msgspec.MsgspecError as error:
        raise Malformed(str(error)) from None
    fault = _kind_fault(receipt) or _texts_fault(receipt) or _place_fault(receipt)
    if fault:
        raise Malformed(fault)
    return receipt


def _kind_fault(receipt: Receipt) -> str | None:
    if (receipt.kind == "payout") != (receipt.policy is None) or (receipt.policy is None) != (receipt.wallet_id is None):
        return f"a receipt of kind {receipt.kind} {'without' if receipt.policy is None else 'with'} policy and wallet"
    return None


def _texts_fault(receipt: Receipt) -> str | None:
    """The first amount, digest, id or moment that is not written as the format has it."""
    for name, amount in _amounts(receipt):
        if not _AMOUNT.fullmatch(amount):
            return f"{name} {amount!r} is not a decimal string of minor units"
    for name, digest in _digests(receipt):
        if digest is not None and not _HEX.fullmatch(digest):
            return f"{name} is not a lower-case sha256"
    for name, text in _ids(receipt):
        if not _ID.fullmatch(text):
            return f"{name} {text[:255]!r} is not an id: 1 to 255 characters without spaces"
    if not _is_moment(receipt.issued_at):
        return f"issued_at {receipt.issued_at!r} is not a moment in UTC with milliseconds"
    return None


def _place_fault(receipt: Receipt) -> str | None:
    if not 1 <= receipt.seq <= MOST_RECEIPTS:
        return f"seq {receipt.seq} is not between 1 and {MOST_RECEIPTS}"
    if receipt.journal_seq < receipt.seq:
        return f"journal_seq {receipt.journal_seq} is below seq {receipt.seq}, and every receipt has a position of its own"
    return None


def payload_digest(payload: bytes) -> str:
    """What the next receipt of the payment names as its predecessor."""
    return sha256_hex(payload)


def postings_digest(postings: list[dict[str, str]]) -> str:
    """The sha256 over the canonical JSON of a ledger line's postings."""
    return sha256_hex(rfc8785.dumps(postings))


def _require_canonical(payload: bytes) -> None:
    try:
        value = read_json(payload)
        canonical = rfc8785.dumps(value)
    except ValueError as error:
        raise Malformed(f"not JSON that RFC 8785 can write: {error}") from None
    if canonical != payload:
        raise Malformed("the bytes are not RFC 8785: member order, spacing or escapes differ")
    found = next((text for text in _texts(value) if CONTROLS.search(text)), None)
    if found is not None:
        raise Malformed(f"the text {found[:255]!r} holds control characters")


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value, the names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_moment(text: str) -> bool:
    try:
        return bool(_MOMENT.fullmatch(text)) and dt.datetime.fromisoformat(text).year > 1
    except ValueError:
        return False


def _ids(receipt: Receipt) -> list[tuple[str, str]]:
    names = ("receipt_id", "tenant_id", "payment_id", "operation_id", "payee_id", "key_id", "currency", "status")
    wallet = [("wallet_id", receipt.wallet_id)] if receipt.wallet_id is not None else []
    return [*((name, getattr(receipt, name)) for name in names), *wallet, *(("entry_ids", item) for item in receipt.entry_ids)]


def _amounts(receipt: Receipt) -> list[tuple[str, str]]:
    totals = [(f"totals.{name}", getattr(receipt.totals, name)) for name in Totals.__struct_fields__]
    return [("amount", receipt.amount), *totals]


def _digests(receipt: Receipt) -> list[tuple[str, str | None]]:
    return [
        ("previous_receipt_sha256", receipt.previous_receipt_sha256),
        ("postings_sha256", receipt.postings_sha256),
        ("request_fingerprint", receipt.request_fingerprint),
        ("policy.policy_sha256", receipt.policy.policy_sha256 if receipt.policy else None),
        ("policy.inputs_sha256", receipt.policy.inputs_sha256 if receipt.policy else None),
    ]
