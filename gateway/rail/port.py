"""The calls that the gateway makes to a rail, and every result that it distinguishes. Unknown is a result of its own."""

from enum import StrEnum
from typing import Protocol

import msgspec

RAIL = "rail"
"""The one rail's name: with its event ids it makes the pair that is credited at most once."""


class RailOutcome(StrEnum):
    """What became of a charge, as far as the caller can know."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    NEVER_SEEN = "never_seen"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


class RailResult(msgspec.Struct, frozen=True):
    """One answer of the rail.

    `create` gives succeeded, failed, unknown or not_sent (the connection was refused before any byte: the same key may be
    tried again); `look_up` gives succeeded, failed, pending, never_seen or unknown. `detail` says why, for people.
    """

    outcome: RailOutcome
    detail: str = ""
    rail_id: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """The charge that a payout is about: a charge of another payee or amount under its key is no answer about it."""

    payee: str
    amount: int
    currency: str


class Rail(Protocol):
    """A rail that is idempotent by key. Both calls answer with a value in bounded time, and raise nothing that is expected."""

    async def create(self, key: str, payee: str, amount: int, currency: str) -> RailResult:
        """Pay `amount` minor units to `payee`, once for this key."""

    async def look_up(self, key: str, wanted: Wanted | None = None) -> RailResult:
        """What became of the charge with this key; it changes nothing. Unknown for a charge that is not the wanted one."""

    async def close(self) -> None:
        """Let go of connections."""
