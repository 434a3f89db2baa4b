"""Durations: nearest-rank percentiles of raw samples, and histograms that can be merged."""

from collections.abc import Iterable, Sequence

from hdrh.histogram import HdrHistogram

SIGNIFICANT_DIGITS = 3
HIGHEST_US = 3_600_000_000  # an hour; longer durations are counted there
PER_MILLE: dict[str, int] = {"p50": 500, "p95": 950, "p99": 990, "p99.9": 999}


def nearest_rank(ordered: Sequence[int], per_mille: int) -> int:
    """The smallest sample that at least `per_mille` thousandths of the samples do not exceed; always a measured value.

    `ordered` is ascending and not empty.
    """
    rank = -(-len(ordered) * per_mille // 1000)
    return ordered[max(rank, 1) - 1]


def milliseconds(nanoseconds: int) -> str:
    """Nanoseconds as an exact decimal string of milliseconds."""
    sign, nanoseconds = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    whole, part = divmod(nanoseconds, 1_000_000)
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")


def percentiles_ms(samples_ns: Iterable[int]) -> dict[str, str]:
    """The percentiles of PER_MILLE and the maximum by nearest rank, in milliseconds; nothing for no samples."""
    ordered = sorted(samples_ns)
    if not ordered:
        return {}
    found = {name: milliseconds(nearest_rank(ordered, rank)) for name, rank in PER_MILLE.items()}
    return {**found, "max": milliseconds(ordered[-1])}


def encode_histogram(samples_ns: Iterable[int]) -> str:
    """An HdrHistogram of microseconds, three significant digits, in its own V2 encoding: such strings can be merged."""
    histogram = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)
    for sample in samples_ns:
        histogram.record_value(min(max(sample // 1000, 1), HIGHEST_US))
    return str(histogram.encode().decode("ascii"))
