"""A settle of every peer: the same checks, postings, receipt and response, whatever stores them."""

import hashlib
from typing import Literal

import msgspec

from gates.schema.time import format_utc, system_clock

SPREAD = 16
"""Wallets and payees that the prepared payments are spread over, so that no peer waits for one row."""

CURRENCY = "USD"
HOLD = 2


class Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a settle: a decimal string of minor units."""

    amount: str


class Payment(msgspec.Struct, frozen=True):
    """A payment as a settle reads it."""

    payment_id: str
    wallet: int
    payee: int
    state: str
    authorized: int
    last_receipt_sha256: str


class Posting(msgspec.Struct, frozen=True):
    """One posting: an account and its amount."""

    account: str
    amount: int


class _Answer(msgspec.Struct, frozen=True):
    payment_id: str
    state: Literal["settled"]
    currency: str
    authorized: str
    settled: str
    released: str
    receipt_id: str
    at: str


class _Receipt(msgspec.Struct, frozen=True):
    amount: str
    currency: str
    issued_at: str
    kind: Literal["settle"]
    payee: str
    payment_id: str
    postings_sha256: str
    previous_receipt_sha256: str
    receipt_id: str
    request_fingerprint: str
    totals: dict[str, str]
    wallet: str


class Settled(msgspec.Struct, frozen=True):
    """All that a settle writes."""

    payment_id: str
    settled: int
    released: int
    at: str
    postings: tuple[Posting, ...]
    receipt_id: str
    receipt: bytes
    receipt_sha256: str
    body: bytes


class Refused(msgspec.Struct, frozen=True):
    """Why nothing was written."""

    status: int
    code: str

    @property
    def body(self) -> bytes:
        """The response's body."""
        return msgspec.json.encode(self)


def fingerprint(payment_id: str, amount: str) -> str:
    """The fingerprint by which two requests with one key are the same request."""
    return hashlib.sha256(f"settle\x1f{payment_id}\x1f{amount}".encode()).hexdigest()


def settle(payment: Payment | None, amount: str, wanted: str) -> Settled | Refused:
    """Pay the payee and return the rest of the hold."""
    if payment is None:
        return Refused(404, "not_found")
    if payment.state != "reserved":
        return Refused(409, "already_settled")
    if not (amount.isdecimal() and amount.isascii() and 0 < int(amount) <= payment.authorized):
        return Refused(422, "over_settlement")
    paid, rest = int(amount), payment.authorized - int(amount)
    now = format_utc(system_clock())
    postings = (
        Posting(f"wallet/{payment.wallet}/held", -payment.authorized),
        Posting(f"payee/{payment.payee}/payable", paid),
        *((Posting(f"wallet/{payment.wallet}/available", rest),) if rest else ()),
    )
    receipt_id = f"rcp_{payment.payment_id[4:]}"
    totals = {"authorized": str(payment.authorized), "released": str(rest), "settled": amount}
    receipt = msgspec.json.encode(
        _Receipt(
            amount=amount,
            currency=CURRENCY,
            issued_at=now,
            kind="settle",
            payee=f"payee/{payment.payee}",
            payment_id=payment.payment_id,
            postings_sha256=hashlib.sha256(msgspec.json.encode(postings)).hexdigest(),
            previous_receipt_sha256=payment.last_receipt_sha256,
            receipt_id=receipt_id,
            request_fingerprint=wanted,
            totals=totals,
            wallet=f"wallet/{payment.wallet}",
        )
    )
    answer = _Answer(payment.payment_id, "settled", CURRENCY, str(payment.authorized), amount, str(rest), receipt_id, now)
    digest = hashlib.sha256(receipt).hexdigest()
    return Settled(payment.payment_id, paid, rest, now, postings, receipt_id, receipt, digest, msgspec.json.encode(answer))


def account_names() -> tuple[str, ...]:
    """Every account that the prepared payments use."""
    places = ("wallet/{}/available", "wallet/{}/held", "payee/{}/payable")
    return tuple(place.format(number) for number in range(SPREAD) for place in places)


def reserved(number: int) -> dict[str, str | int]:
    """The columns of the prepared payment of that number."""
    return {
        "payment_id": f"pay_{number:012d}",
        "wallet": number % SPREAD,
        "payee": number % SPREAD,
        "state": "reserved",
        "currency": CURRENCY,
        "authorized": HOLD,
        "settled": 0,
        "released": 0,
        "updated_at": "",
        "last_receipt_sha256": "0" * 64,
    }
