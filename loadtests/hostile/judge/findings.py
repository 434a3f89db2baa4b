"""What the kit says: rules, findings, and the shortest witness that proves each."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

import msgspec

from loadtests.books.entries import Entry, Receipt
from loadtests.hostile.books import Ask, Payout, RailLine

Line = Ask | Payout | Entry | Receipt | RailLine


class Rule(StrEnum):
    """The name of what is wrong."""

    EXTRA_CHARGE = "extra_charge"
    MISSING_CHARGE = "missing_charge"
    WRONG_OUTCOME = "wrong_outcome"
    UNRESOLVED = "unresolved"
    RAIL_BOOK = "rail_book_mismatch"
    LATE_WRITE = "late_write"


class Witness(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of proof, from exactly one of the books."""

    asked: Ask | None = None
    payout: Payout | None = None
    ledger: Entry | None = None
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
            case Entry():
                return cls(ledger=item)
            case Receipt():
                return cls(receipt=item)
            case RailLine():
                return cls(rail=item)


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, how often, and the fewest lines that prove it to somebody who trusts nothing else.

    `fault` is how the rail misbehaved, "" for what belongs to no intent of the run.
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
    """What one rule says: how many things it looked at, and what was wrong with them."""

    samples: int
    findings: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """How often it was wrong."""
        return sum(item.count for item in self.findings)
