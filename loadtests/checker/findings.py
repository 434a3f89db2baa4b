"""The checker's results: rules, findings, and the shortest witness that proves each."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Self

import msgspec

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.books.settlements import Settlement
from loadtests.storm.history import Event


class Rule(StrEnum):
    """The name of a rule."""

    DOUBLE_RESERVE = "double_reserve"
    LOST_RESERVE = "lost_reserve"
    DOUBLE_SETTLE = "double_settle"
    UNEXPECTED_SETTLE = "unexpected_settle"
    LOST_SETTLE = "lost_settle"
    STUCK_CREDIT = "stuck_credit"
    DOUBLE_REVERSE = "double_reverse"
    LOST_REVERSE = "lost_reverse"
    AMOUNT_MISMATCH = "amount_mismatch"
    RECEIPT_MISMATCH = "receipt_mismatch"
    REPLAY_CHANGE = "replay_change"
    BALANCE_MISMATCH = "balance_mismatch"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNEXPLAINED_ENTRY = "unexplained_entry"
    CONSERVATION = "conservation"


class BalanceLine(msgspec.Struct, frozen=True):
    """One account: the reported balance, and what it should be by the entries or by the clients' responses."""

    account: str
    reported: str
    derived: str


Line = Event | LedgerEntry | Receipt | BalanceLine | Settlement
"""A line of proof."""


class Witness(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of proof, from exactly one source."""

    history: Event | None = None
    ledger: LedgerEntry | None = None
    receipt: Receipt | None = None
    balance: BalanceLine | None = None
    settlement: Settlement | None = None

    @classmethod
    def of(cls, item: Line) -> Self:
        """Wrap a line under the name of its source."""
        if isinstance(item, Event):
            return cls(history=item)
        if isinstance(item, LedgerEntry):
            return cls(ledger=item)
        if isinstance(item, Settlement):
            return cls(settlement=item)
        return cls(receipt=item) if isinstance(item, Receipt) else cls(balance=item)


class Finding(msgspec.Struct, frozen=True):
    """One defect, with the fewest lines that prove it, and the measure that counts it.

    `booked` is how many such lines the books have, where the witness may show only the first of them; 0 where it shows all.
    """

    rule: Rule
    payment_id: str | None
    detail: str
    witness: tuple[Witness, ...]
    measure: str = ""
    booked: int = 0


def finding(rule: Rule, payment_id: str | None, detail: str, proof: Iterable[Line], booked: int = 0) -> Finding:
    """A finding from lines of any source."""
    return Finding(rule, payment_id, detail, tuple(Witness.of(item) for item in proof), booked=booked)


def spread(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings, the first of every rule before the second of any: whoever shows only some shows every rule."""
    count: Counter[Rule] = Counter()
    ordered = []
    for item in findings:
        ordered.append((count[item.rule], item))
        count[item.rule] += 1
    return [item for _, item in sorted(ordered, key=lambda pair: pair[0])]


class Ruling(msgspec.Struct, frozen=True):
    """The result of one rule: how many opportunities to fail there were, the findings, and the parts of the opportunities.

    `open` is why the rule cannot decide although it has its books; there are no findings then.
    """

    samples: int
    findings: tuple[Finding, ...]
    made_of: dict[str, int] = {}
    open: str = ""
