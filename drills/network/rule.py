"""What a proxy does to the bytes that pass through it, and what it has done so far."""

from typing import Annotated, Literal

import msgspec

from gates.schema.canonical import sha256_hex

Direction = Literal["requests", "responses", "both"]
Millis = Annotated[int, msgspec.Meta(ge=0, le=60_000)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rule in force; an empty one passes everything on at once.

    `delay_ms` is added to what passes in direction `of`, plus or minus up to `jitter_ms`: `seed` and the number of the piece say
    how much. `lose` takes the bytes of that direction and passes none on, while the connection stays open: a half-open network.
    `refuse` resets every connection, old and new.
    """

    delay_ms: Millis = 0
    jitter_ms: Millis = 0
    of: Direction = "both"
    lose: Direction | None = None
    refuse: bool = False
    seed: int = 0

    def delays(self, direction: str) -> bool:
        """Whether pieces of this direction wait."""
        return self.delay_ms > 0 and self.of in (direction, "both")

    def loses(self, direction: str) -> bool:
        """Whether pieces of this direction go nowhere."""
        return self.lose in (direction, "both")

    def wait_s(self, number: int) -> float:
        """How long the piece of this number waits, in seconds."""
        drawn = int(sha256_hex(f"{self.seed}/{number}".encode())[:8], 16)
        spread = drawn % (2 * self.jitter_ms + 1) - self.jitter_ms
        return max(0, self.delay_ms + spread) / 1000


class Counts(msgspec.Struct):
    """What a proxy has done since it started: connections taken and refused, pieces passed on, delayed and lost."""

    connections: int = 0
    open: int = 0
    refused: int = 0
    passed: int = 0
    delayed: int = 0
    lost: int = 0


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proxy's answer to every line on its control port: the rule in force, and its counts."""

    rule: Rule
    counts: Counts


class Ready(msgspec.Struct, frozen=True):
    """The line that a proxy prints when it listens: its port, and the port that takes rules."""

    port: int
    control: int
