"""What is counted on every request: plain numbers, which are passed to Prometheus' own types at each scrape.

Those types take a lock for each number: six of them cost a settle 3 us on the event loop. Nothing here is for two threads.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import Counter, Histogram, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString


class Tally:
    """Counts for one counter; `count` is what was not added to the counter yet."""

    __slots__ = ("_counter", "count")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.count = 0

    def flush(self) -> None:
        """Add the count to the counter."""
        self._counter.inc(self.count)
        self.count = 0


class Durations:
    """The durations of one series: how many fell into each bucket, and their sum in seconds."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """One more; a bound belongs to the bucket below it."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def up_to(self, bucket: int) -> int:
        """How many fell into a bucket, by its place, and into those below it: Prometheus' buckets hold each other."""
        return sum(self.counts[: bucket + 1])


class TalliedHistogram(Collector):
    """A histogram with one label. `shape` has no samples of its own; it gives the names and the start of each series."""

    def __init__(self, shape: Histogram, bounds: Sequence[float]) -> None:
        self._shape, self._bounds = shape, bounds
        self._by_label: dict[str, Durations] = {}
        self._buckets = {floatToGoString(bound): place for place, bound in enumerate((*bounds, math.inf))}  # type: ignore[no-untyped-call]  # as the library has it

    def of(self, label: str) -> Durations:
        """The durations under a label, which begin with the first call."""
        if label not in self._by_label:
            self._shape.labels(label)
            self._by_label[label] = Durations(self._bounds)
        return self._by_label[label]

    def describe(self) -> Iterator[Metric]:
        """Names and types, for the registry."""
        yield from self._shape.describe()

    def collect(self) -> Iterator[Metric]:
        """The metric as it stands."""
        for metric in self._shape.collect():
            metric.samples = [self._filled(sample) for sample in metric.samples]
            yield metric

    def _filled(self, sample: Sample) -> Sample:
        if sample.name.endswith("_created"):
            return sample
        labels = dict(sample.labels)
        bucket = self._buckets[labels.pop("le", "+Inf")]
        (label,) = labels.values()
        durations = self._by_label[label]
        return sample._replace(value=durations.total if sample.name.endswith("_sum") else durations.up_to(bucket))
