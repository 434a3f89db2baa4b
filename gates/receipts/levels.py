"""What verification finds: a level for each question, and the levels of one receipt together."""

from enum import StrEnum

import msgspec

from gates.receipts.receipt import Receipt


class Mark(StrEnum):
    """The result of one level."""

    PASS = "pass"  # noqa: S105  # a mark, not a password
    FAIL = "FAIL"
    NOT_CHECKED = "not checked"


class Level(msgspec.Struct, frozen=True):
    """One level of verification; `says` is its reason as a sentence."""

    name: str
    mark: Mark
    says: str


POLICY = "policy re-run"
BEYOND = frozenset({POLICY})
"""Levels that need a document which neither receipt nor trust root holds; without it they are reported as not checked."""


class Verified(msgspec.Struct, frozen=True):
    """What verification found for one receipt. `beyond` are levels for which the verifier gave no document."""

    origin: str
    receipt: Receipt | None
    levels: tuple[Level, ...]
    beyond: frozenset[str] = frozenset()

    @property
    def failed(self) -> bool:
        """Whether any level failed."""
        return any(level.mark is Mark.FAIL for level in self.levels)

    @property
    def complete(self) -> bool:
        """Whether every level passes for which there was something to check it with."""
        return all(level.mark is Mark.PASS for level in self.levels if level.name not in self.beyond)


class Opened(msgspec.Struct, frozen=True):
    """A receipt and the levels that it answers alone; `digest` is the sha256 of its payload."""

    origin: str
    digest: str
    receipt: Receipt | None
    signature: Level
    key: Level
    form: Level
