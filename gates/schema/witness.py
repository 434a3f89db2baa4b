"""The witness of a finding: the fewest lines that prove it, from clients and from the books."""

from collections.abc import Iterator

import msgspec


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of a client; `at_us` counts microseconds since the first one, `took_us` is None for one without an end.

    `outcome` is `ok`, `fail`, `info` (unknown to the client) or `open`; `answer` is the status, or why there was none.
    """

    operation: str
    attempt: int
    at_us: int
    took_us: int | None
    outcome: str
    answer: str


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fewest lines that prove a finding: the payment, what its client did, and what the books say of it."""

    payment: str
    attempts: tuple[Attempt, ...]
    books: tuple[str, ...]


class _Posting(msgspec.Struct, frozen=True):
    account: str
    amount: str


class _Entry(msgspec.Struct, frozen=True):
    seq: int
    kind: str
    entry_id: str
    postings: tuple[_Posting, ...] = ()


class _Receipt(msgspec.Struct, frozen=True):
    receipt_id: str
    kind: str
    amount: str
    currency: str


class _Balance(msgspec.Struct, frozen=True):
    account: str
    reported: str
    derived: str


class _Settlement(msgspec.Struct, frozen=True):
    id: str
    effect: str
    amount: str = ""
    state: str | None = None
    page: int = 1


class Proof(msgspec.Struct, frozen=True):
    """One line of a checker's witness; its history lines are among the attempts."""

    ledger: _Entry | None = None
    settlement: _Settlement | None = None
    receipt: _Receipt | None = None
    balance: _Balance | None = None


def book_lines(proof: Proof) -> Iterator[str]:
    """The lines of the books in a proof, as text."""
    if (entry := proof.ledger) is not None:
        moved = ", ".join(f"{posting.account} {posting.amount}" for posting in entry.postings)
        yield f"ledger {entry.seq}: {entry.kind} {entry.entry_id}" + (f": {moved}" if moved else "")
    if (item := proof.settlement) is not None:
        state = f", state {item.state}" if item.state is not None else ""
        yield f"list, page {item.page}: {item.effect} {item.id}: {item.amount}{state}"
    if (receipt := proof.receipt) is not None:
        yield f"receipt {receipt.receipt_id}: {receipt.kind} {receipt.amount} {receipt.currency}"
    if (balance := proof.balance) is not None:
        yield f"balance {balance.account}: reported {balance.reported}, expected {balance.derived}"
