"""The three books of a run: the clients' responses, the service's records, and the rail's own book."""

from typing import Literal

import msgspec

from gates.schema.ledger import LedgerEntry
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Gap, Receipt

SUCCEEDED, FAILED, REVIEW = "succeeded", "failed", "manual_review"
FINAL = (SUCCEEDED, FAILED)
AskType = Literal["ok", "fail", "info"]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One response to one request for a payout: acknowledged, definitely refused, or unknown.

    An `intent` is one debt: its payee has to be paid `amount` once, however often and under however many keys it is
    requested. No two intents of a run have the same amount, so that a charge's amount identifies its intent.
    """

    index: int
    fault: str
    intent: int
    key: str
    payee_id: str
    amount: str
    currency: str
    type: AskType
    status: int | None = None
    code: str | None = None
    payout_id: str | None = None


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wait for one payout, from the request to its last observed state."""

    payout_id: str
    intent: int
    state: str
    waited_ms: int


class Overtaken(msgspec.Struct, frozen=True):
    """A payout whose owner was frozen until another process took it over: its state before the owner continued, and after."""

    payout_id: str
    before: str
    after: str


class Payout(msgspec.Struct, frozen=True):
    """A payout as the service reports it (format `gonogo-payouts-v1`); `rail_key` if it reports that too."""

    payout_id: str
    payee_id: str
    amount: str
    currency: str
    state: str
    rail_key: str | None = None


class RailLine(msgspec.Struct, frozen=True):
    """One line of the rail's own book (format `gonogo-rail-book-v1`): a charge became final."""

    seq: int
    rail_id: str
    key: str
    payee: str
    amount: str
    currency: str
    status: Literal["succeeded", "failed"]
    at: str = ""


class RailCounts(msgspec.Struct, frozen=True):
    """The requests to the rail, by its own count."""

    charge_requests: int = 0
    lost_replies: int = 0
    look_ups: int = 0
    repeats: int = 0

    def since(self, earlier: "RailCounts") -> "RailCounts":
        """The difference to an earlier count."""
        now, then = msgspec.structs.astuple(self), msgspec.structs.astuple(earlier)
        return RailCounts(*(new - old for new, old in zip(now, then, strict=True)))


class ThreeBooks(msgspec.Struct, frozen=True):
    """The input of the verdict, each part or the reason why it is missing.

    `earlier` are payouts from before the run: they have no intent, but take part in the reconciliation.
    `lost` is the number of replies about a charge that did not reach the service, by fault.
    """

    asks: tuple[Ask, ...]
    waits: tuple[Wait, ...]
    payouts: tuple[Payout, ...] | Gap
    entries: tuple[LedgerEntry, ...] | Gap
    receipts: tuple[Receipt, ...] | Gap
    lines: tuple[RailLine, ...] | Gap
    lost: dict[str, int]
    earlier: frozenset[str] = frozenset()
    first_line: int = 0


def missing(what: str) -> Gap:
    """The gap if a target's file does not define where something is."""
    return Gap(UnknownReason.MISSING, f"the target does not define where {what} can be read")


class Step(msgspec.Struct, frozen=True):
    """One line of the record of actions on processes: milliseconds since the start, and the action."""

    at_ms: int
    what: str
