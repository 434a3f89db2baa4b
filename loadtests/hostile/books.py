"""The three books of a run: what clients were told, what the service has written down, and what the rail has."""

from typing import Literal

import msgspec

from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Entry, Gap, Receipt

SUCCEEDED, FAILED, REVIEW = "succeeded", "failed", "manual_review"
FINAL = (SUCCEEDED, FAILED)
AskType = Literal["ok", "fail", "info"]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to one request for a payout: acknowledged, definitely refused, or unknown.

    An `intent` is one debt of ours: its payee is to be paid `amount` once, however often and under however many keys it is
    asked for. No two intents of a run have the same amount, so that a charge tells by itself which intent it pays.
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
    """How long one payout was waited for, from the request to the state in which it was last seen."""

    payout_id: str
    intent: int
    state: str
    waited_ms: int


class Overtaken(msgspec.Struct, frozen=True):
    """A payout whose owner was frozen until another process had taken it over: its state before the owner went on, and after."""

    payout_id: str
    before: str
    after: str


class Payout(msgspec.Struct, frozen=True):
    """A payout as the service tells it (format `gonogo-payouts-v1`); `rail_key` where it tells that too."""

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
    """What was asked of the rail, by its own count."""

    charge_requests: int = 0
    lost_replies: int = 0
    look_ups: int = 0
    repeats: int = 0

    def since(self, earlier: "RailCounts") -> "RailCounts":
        """What came on top of an earlier count."""
        now, then = msgspec.structs.astuple(self), msgspec.structs.astuple(earlier)
        return RailCounts(*(new - old for new, old in zip(now, then, strict=True)))


class ThreeBooks(msgspec.Struct, frozen=True):
    """Everything that a run is judged by, each part or the reason why it is absent.

    `earlier` are payouts that were there before the run: they belong to no intent, but to the settlement.
    `lost` says how many replies about a charge did not reach the service, by fault.
    """

    asks: tuple[Ask, ...]
    waits: tuple[Wait, ...]
    payouts: tuple[Payout, ...] | Gap
    entries: tuple[Entry, ...] | Gap
    receipts: tuple[Receipt, ...] | Gap
    lines: tuple[RailLine, ...] | Gap
    lost: dict[str, int]
    earlier: frozenset[str] = frozenset()
    first_line: int = 0


def missing(what: str) -> Gap:
    """The gap where a target's file does not say where something is."""
    return Gap(UnknownReason.MISSING, f"the target does not say where {what} can be read")


class Step(msgspec.Struct, frozen=True):
    """One line of the record of what was done to processes: milliseconds since the beginning, and what."""

    at_ms: int
    what: str
