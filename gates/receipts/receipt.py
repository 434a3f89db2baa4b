"""The format of a receipt, checked byte by byte by a second, independent reader.

It shares no code with the service that writes receipts: a mistake made there is not repeated here.
"""

import datetime as dt
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Literal

import msgspec
import rfc8785

from gates.schema.canonical import Json, sha256_hex
from gates.schema.printable import CONTROLS
from gates.schema.strict_json import read_json

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v2+json"
EARLIER_TYPE = "application/vnd.gonogo.receipt.v1+json"
"""What builds before the first release signed; nothing of it is read."""

OUTCOMES = frozenset({"allow", "challenge", "deny", "escalate"})

MOST_RECEIPTS = 1_000_000
"""Receipts of one payment; a higher `seq` is none that a payment reaches."""

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,29}")
_HEX = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"\S{1,255}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed set of members."""


class Subject(Closed, frozen=True):
    """What the receipt is of."""

    id: str
    kind: Literal["payment", "payout"]


class Operation(Closed, frozen=True):
    """Which operation on the subject, and the request that led to it."""

    id: str
    request_fingerprint: str
    seq: int


class Parties(Closed, frozen=True):
    """Who requested it, who is paid, for which tenant, out of which wallet."""

    agent_id: str
    payee_id: str
    tenant_id: str
    wallet_id: str | None


class Journal(Closed, frozen=True):
    """Its position in the journal, and the ledger entry that it speaks of."""

    entry_ids: tuple[str, ...]
    postings_sha256: str | None
    seq: int


class Signing(Closed, frozen=True):
    """When and by which key it was signed."""

    issued_at: str
    key_id: str
    salt: str


class Totals(Closed, frozen=True):
    """The subject's amounts after this receipt, decimal strings of minor units."""

    authorized: str
    settled: str
    released: str
    open: str
    refunded: str
    charged_back: str


class Money(Closed, frozen=True):
    """The operation's amount, whether it moved, and what it all comes to."""

    amount: str
    currency: str
    moved: Literal["yes", "no", "unknown"]
    totals: Totals


class PolicyBlock(Closed, frozen=True):
    """The decision that admitted the payment, made it wait for approval, or denied it; `inputs` is what it depended on."""

    policy_sha256: str
    outcome: str
    reasons: tuple[str, ...]
    counters_before: dict[str, str]
    counters_after: dict[str, str]
    inputs_sha256: str
    inputs: dict[str, Json]
    approvals_needed: int


class Receipt(Closed, frozen=True):
    """The payload of a receipt, version 2: a closed set of members. A payout has neither wallet nor policy."""

    version: Literal["2"]
    receipt_id: str
    kind: Literal["reserve", "settle", "reverse", "denial", "expire", "payout", "escalation", "approve", "reject"]
    subject: Subject
    operation: Operation
    parties: Parties
    status: str
    money: Money
    policy: PolicyBlock | None
    journal: Journal
    signing: Signing
    previous_receipt_sha256: str | None
    expires_at: str | None
    cohort_sha256: str | None

    @property
    def decision(self) -> PolicyBlock:
        """The policy's decision, which every receipt of a payment carries."""
        assert self.policy is not None, "parsing refuses a payment's receipt without a policy"
        return self.policy


class Malformed(ValueError):
    """The payload is not a receipt of version 2; the text names the place."""


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
    payout, policy, wallet = receipt.kind == "payout", receipt.policy, receipt.parties.wallet_id
    if payout != (policy is None) or (policy is None) != (wallet is None):
        return f"a receipt of kind {receipt.kind} {'without' if policy is None else 'with'} policy and wallet"
    if payout != (receipt.subject.kind == "payout"):
        return f"a receipt of kind {receipt.kind} whose subject is a {receipt.subject.kind}"
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
    for name, moment in (("signing.issued_at", receipt.signing.issued_at), ("expires_at", receipt.expires_at)):
        if moment is not None and not _is_moment(moment):
            return f"{name} {moment!r} is not a moment in UTC with milliseconds"
    return None


def _place_fault(receipt: Receipt) -> str | None:
    seq, position = receipt.operation.seq, receipt.journal.seq
    if not 1 <= seq <= MOST_RECEIPTS:
        return f"operation.seq {seq} is not between 1 and {MOST_RECEIPTS}"
    if position < seq:
        return f"journal.seq {position} is below operation.seq {seq}, and every receipt has a position of its own"
    return None


def payload_digest(payload: bytes) -> str:
    """What the next receipt of the same subject names as its predecessor."""
    return sha256_hex(payload)


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


_IDS = (
    *("receipt_id", "status", "subject.id", "operation.id", "parties.tenant_id", "parties.payee_id"),
    *("money.currency", "signing.key_id"),
)


def _ids(receipt: Receipt) -> list[tuple[str, str]]:
    wallet_id = receipt.parties.wallet_id
    wallet = [("parties.wallet_id", wallet_id)] if wallet_id is not None else []
    entries = [("journal.entry_ids", item) for item in receipt.journal.entry_ids]
    return [*((name, attrgetter(name)(receipt)) for name in _IDS), *wallet, *entries]


def _amounts(receipt: Receipt) -> list[tuple[str, str]]:
    totals = [(f"money.totals.{name}", getattr(receipt.money.totals, name)) for name in Totals.__struct_fields__]
    return [("money.amount", receipt.money.amount), *totals]


def _digests(receipt: Receipt) -> list[tuple[str, str | None]]:
    return [
        ("previous_receipt_sha256", receipt.previous_receipt_sha256),
        ("cohort_sha256", receipt.cohort_sha256),
        ("journal.postings_sha256", receipt.journal.postings_sha256),
        ("operation.request_fingerprint", receipt.operation.request_fingerprint),
        ("policy.policy_sha256", receipt.policy.policy_sha256 if receipt.policy else None),
        ("policy.inputs_sha256", receipt.policy.inputs_sha256 if receipt.policy else None),
    ]
