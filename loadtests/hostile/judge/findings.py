"""The results of hostile-rail runs: rules, findings, and the shortest witness that proves each."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

import msgspec

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.hostile.books import Ask, Payout, RailLine

Line = Ask | Payout | LedgerEntry | Receipt | RailLine


class Rule(StrEnum):
    """The name of a rule."""

    EXTRA_CHARGE = "extra_charge"
    MISSING_CHARGE = "missing_charge"
    WRONG_OUTCOME = "wrong_outcome"
    UNRESOLVED = "unresolved"
    RAIL_BOOK = "rail_book_mismatch"
    LATE_WRITE = "late_write"


class Witness(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of proof, from exactly one book."""

    asked: Ask | None = None
    payout: Payout | None = None
    ledger: LedgerEntry | None = None
    receipt: Receipt | None = None
    rail: RailLine | None = None

    @classmethod
    def of(cls, item: Line) -> Self:
        """Wrap a line under the name of its book."""
        match item:
            case Ask():
                return cls(asked=item)
            case Payout():
                return cls(payout=item)
            case LedgerEntry():
                return cls(ledger=item)
            case Receipt():
                return cls(receipt=item)
            case RailLine():
                return cls(rail=item)


class Finding(msgspec.Struct, frozen=True):
    """One defect, its count, and the fewest lines that prove it.

    `fault` is how the rail misbehaved, "" for a finding without an intent of the run.
    """

    rule: Rule
    fault: str
    payout_id: str | None
    count: int
    detail: str
    witness: tuple[Witness, ...]


def finding(rule: Rule, fault: str, payout_id: str | None, count: int, detail: str, proof: Iterable[Line]) -> Finding:
    """A finding from lines of any book."""
    return Finding(rule, fault, payout_id, count, detail, tuple(Witness.of(item) for item in proof))


class Ruling(msgspec.Struct, frozen=True):
    """The result of one rule: the number of checked items, and the findings."""

    samples: int
    findings: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """The number of defects."""
        return sum(item.count for item in self.findings)
