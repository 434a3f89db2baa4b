"""What a receipt must look like: a second, independent reading of the format, strict about every byte.

Nothing here is shared with the service that writes receipts; a mistake made there is not repeated here.
"""

import json
import re
from typing import Literal

import msgspec
import rfc8785

from gates.schema.canonical import Json, sha256_hex

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v1+json"
OUTCOMES = frozenset({"allow", "challenge", "deny", "escalate"})

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,29}")
_HEX = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment's amounts after this receipt, decimal strings of minor units."""

    authorized: str
    settled: str
    released: str
    open: str
    refunded: str
    charged_back: str


class PolicyBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision that let the payment in, made it wait for approval, or kept it out; `inputs` is what it depended on."""

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
    """The payload is not a receipt of version 1; the text says where."""


def parse_receipt(payload: bytes) -> Receipt:
    """Read a receipt's payload.

    Raises Malformed for bytes that are not RFC 8785, a member that is missing, unknown or of another type, an amount that
    is not a plain decimal string, a digest that is not lower-case hex.
    """
    _require_canonical(payload)
    try:
        receipt = msgspec.json.decode(payload, type=Receipt)
    except msgspec.MsgspecError as error:
        raise Malformed(str(error)) from None
    if (receipt.kind == "payout") != (receipt.policy is None) or (receipt.policy is None) != (receipt.wallet_id is None):
        raise Malformed(f"a receipt of kind {receipt.kind} {'without' if receipt.policy is None else 'with'} policy and wallet")
    for name, amount in _amounts(receipt):
        if not _AMOUNT.fullmatch(amount):
            raise Malformed(f"{name} {amount!r} is not a decimal string of minor units")
    for name, digest in _digests(receipt):
        if digest is not None and not _HEX.fullmatch(digest):
            raise Malformed(f"{name} is not a lower-case sha256")
    if not _MOMENT.fullmatch(receipt.issued_at):
        raise Malformed(f"issued_at {receipt.issued_at!r} is not a moment in UTC with milliseconds")
    if receipt.seq < 1:
        raise Malformed(f"seq {receipt.seq} is below 1")
    if receipt.journal_seq < receipt.seq:
        raise Malformed(f"journal_seq {receipt.journal_seq} is below seq {receipt.seq}, and every receipt has a place of its own")
    return receipt


def payload_digest(payload: bytes) -> str:
    """What the next receipt of the payment names as its predecessor."""
    return sha256_hex(payload)


def postings_digest(postings: list[dict[str, str]]) -> str:
    """The sha256 over the canonical JSON of a ledger line's postings."""
    return sha256_hex(rfc8785.dumps(postings))


def _require_canonical(payload: bytes) -> None:
    try:
        value = json.loads(payload, parse_float=_refuse_float)
        canonical = rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON that RFC 8785 can write: {error}") from None
    if canonical != payload:
        raise Malformed("the bytes are not RFC 8785: member order, spacing, escapes or a doubled member differ")


def _refuse_float(text: str) -> float:
    raise ValueError(f"the number {text} is not an integer")


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
