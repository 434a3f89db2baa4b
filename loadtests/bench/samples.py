"""The results of one measurement and of a row of measurements; pure arithmetic on whole numbers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec


class Commits(msgspec.Struct, frozen=True):
    """Commits of a service so far, or during a measurement; a slow one took more than 15 ms: the disk stalled."""

    count: int
    slow: int

    def since(self, before: "Commits") -> "Commits":
        """The difference to `before`."""
        return Commits(self.count - before.count, self.slow - before.slow)


class Received(msgspec.Struct, frozen=True):
    """The responses that a load generator received.

    `refused` responses were no success, `broken` requests got none; `dry`: it used up its requests.
    """

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    p999_us: int
    refused: int = 0
    broken: int = 0
    dry: bool = False

    @property
    def rate(self) -> Fraction:
        """Responses per second."""
        return Fraction(self.requests * 1_000_000, max(self.duration_us, 1))


class Sample(msgspec.Struct, frozen=True):
    """One measurement: the responses, and what the service's processes used in that time; None if it cannot be read."""

    received: Received
    cpu_ms: int | None = None
    rss_kb: int | None = None
    commits: Commits | None = None

    @property
    def rate(self) -> Fraction:
        """Responses per second."""
        return self.received.rate

    @property
    def cpu_each(self) -> Fraction | None:
        """CPU time of one request in milliseconds."""
        return None if self.cpu_ms is None else Fraction(self.cpu_ms, max(self.received.requests, 1))


class Pair(msgspec.Struct, frozen=True):
    """One measurement of a row between two measurements of its control."""

    row: str
    round: int
    before: Sample
    sample: Sample
    after: Sample

    @property
    def ratio(self) -> Fraction:
        """The rate as a multiple of the control's, which is the mean of before and after."""
        return 2 * self.sample.rate / max(self.before.rate + self.after.rate, Fraction(1, 1_000_000))

    @property
    def cpu_ratio(self) -> Fraction | None:
        """The CPU time per request as a multiple of the control's, None if it was not read.

        On a busy machine it varies less than the rates.
        """
        before, sample, after = (item.cpu_each for item in (self.before, self.sample, self.after))
        return None if before is None or sample is None or after is None or not before + after else 2 * sample / (before + after)

    @property
    def p99_ratio(self) -> Fraction:
        """The p99 as a multiple of the control's."""
        return Fraction(2 * self.sample.received.p99_us, max(self.before.received.p99_us + self.after.received.p99_us, 1))

    @property
    def quiet(self) -> bool:
        """Whether the service counted its commits and none of them was slow."""
        return self.sample.commits is not None and self.sample.commits.slow == 0


class Spread(msgspec.Struct, frozen=True):
    """A median with its extremes, as decimal strings."""

    median: str
    least: str
    most: str


def median(values: Iterable[Fraction]) -> Fraction:
    """The middle value, or the mean of the two in the middle; `values` is not empty."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values: Sequence[Fraction], digits: int = 2) -> Spread:
    """Median, least and most."""
    return Spread(decimal(median(values), digits), decimal(min(values), digits), decimal(max(values), digits))


def decimal(value: Fraction, digits: int) -> str:
    """A fraction as a decimal string with that many places, halves rounded up; no float ever."""
    scaled = (abs(value) * 10**digits + Fraction(1, 2)).__floor__()
    whole, part = divmod(scaled, 10**digits)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
