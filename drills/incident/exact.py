"""When does an alert have to fire? Computed from the raw samples, by the numbers of a drill's document, not by the rules. Pure.

A burn rate: the first moment at which the share of bad events exceeds factor x budget in both windows, and enough are bad.
A service that is down: the first moment at which its scrapes have failed for the whole time. Moments are seconds since 1970.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec

from drills.incident.asking import Sample, Series
from gates.schema.time import parse_duration_s

_LEAST = 2  # samples without which a window has no increase


class Burn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="when", tag="burn"):
    """The share of `bad` in `total` exceeds factor x budget in the long and the short window, and `min_bad` events were bad.

    `bad` and `total` are selectors of counters in PromQL; `factor` and `budget` are decimal strings.
    """

    bad: str
    total: str
    factor: str
    budget: str
    long: str
    short: str
    min_bad: int = 5

    @property
    def selectors(self) -> tuple[str, ...]:
        """The series that it is computed from."""
        return self.bad, self.total

    @property
    def window_s(self) -> float:
        """How far back its samples are needed."""
        return parse_duration_s(self.long)


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another pair of windows of the same budget, and the labels of its alert."""

    first: dict[str, str]
    factor: str
    long: str
    short: str

    def of(self, burn: Burn) -> Burn:
        """The condition of this pair."""
        return msgspec.structs.replace(burn, factor=self.factor, long=self.long, short=self.short)


class Down(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="when", tag="down"):
    """The series `up`, a selector in PromQL, is 0 for all of `lasting`."""

    up: str
    lasting: str

    @property
    def selectors(self) -> tuple[str, ...]:
        """The series that it is computed from."""
        return (self.up,)

    @property
    def window_s(self) -> float:
        """How far back its samples are needed."""
        return parse_duration_s(self.lasting)


Condition = Burn | Down


class Moments(NamedTuple):
    """When the service first failed after the fault, and when the alert had to fire; None for what did not come about."""

    first_bad: float | None
    exact: float | None


def moments(condition: Condition, series: Sequence[Sequence[Series]], since: float) -> Moments:
    """The two moments after `since`; `series` are those of each of the condition's selectors, in their order."""
    if isinstance(condition, Down):
        return _down(condition, series[0], since)
    return _burn(condition, series[0], series[1], since)


def _down(condition: Down, up: Sequence[Series], since: float) -> Moments:
    lasting_s, begun, first = parse_duration_s(condition.lasting), None, None
    for sample in sorted(sample for one in up for sample in _points(one) if sample[0] > since):
        at, value = sample
        if value:
            begun = None
            continue
        begun = at if begun is None else begun
        first = at if first is None else first
        if at - begun >= lasting_s:
            return Moments(first, begun + lasting_s)
    return Moments(first, None)


def _points(series: Series) -> Iterable[tuple[float, float]]:
    return ((sample.at, sample.value) for sample in series.samples)


class _Growth:
    """How much the counters of one side have grown together between two moments; a counter that falls has begun again at 0."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._lines = [_grown(one.samples) for one in series]

    def times(self) -> list[float]:
        """Every moment at which there is a sample."""
        return sorted({at for times, _ in self._lines for at in times})

    def between(self, low: float, high: float) -> float | None:
        """The growth from the first to the last sample in between; None where no counter has two."""
        found = []
        for times, grown in self._lines:
            first, last = bisect_left(times, low), bisect_right(times, high)
            if last - first >= _LEAST:
                found.append(grown[last - 1] - grown[first])
        return sum(found) if found else None


def _grown(samples: Sequence[Sample]) -> tuple[list[float], list[float]]:
    times: list[float] = []
    grown: list[float] = []
    for number, sample in enumerate(samples):
        previous = samples[number - 1].value if number else sample.value
        step = sample.value if sample.value < previous else sample.value - previous
        times.append(sample.at)
        grown.append((grown[-1] if grown else 0.0) + (step if number else 0.0))
    return times, grown


def _burn(condition: Burn, bad: Sequence[Series], total: Sequence[Series], since: float) -> Moments:
    bads, totals = _Growth(bad), _Growth(total)
    threshold = float(Decimal(condition.factor) * Decimal(condition.budget))
    windows = (parse_duration_s(condition.long), parse_duration_s(condition.short))
    first = None
    for previous, at in pairwise(bads.times()):
        if at <= since:
            continue
        if first is None and (bads.between(previous, at) or 0) > 0:
            first = at
        if first is None or (bads.between(at - windows[0], at) or 0) < condition.min_bad:
            continue
        if all(_share(bads, totals, at - window, at) > threshold for window in windows):
            return Moments(first, at)
    return Moments(first, None)


def _share(bad: _Growth, total: _Growth, low: float, high: float) -> float:
    everything = total.between(low, high)
    return (bad.between(low, high) or 0.0) / everything if everything else 0.0
