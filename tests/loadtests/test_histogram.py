"""Percentiles are samples by nearest rank, written exactly; histograms keep three digits and merge."""

from fractions import Fraction

from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadtests.histogram import HIGHEST_US, encode_histogram, milliseconds, nearest_rank, percentiles_ms

SAMPLES = st.lists(st.integers(0, 10**12), min_size=1, max_size=300)


def test_ninety_nine_quick_answers_and_one_slow_have_the_slow_one_as_their_p99_9():
    """Nearest rank never interpolates: of 99 x 10 ms and 1 x 5000 ms, p99 is 10 and p99.9 is 5000."""
    found = percentiles_ms([10_000_000] * 99 + [5_000_000_000])
    assert (found["p50"], found["p99"], found["p99.9"], found["max"]) == ("10", "10", "5000", "5000")


@given(samples=SAMPLES, per_mille=st.integers(1, 1000))
def test_a_nearest_rank_percentile_is_the_least_sample_that_enough_do_not_exceed(samples, per_mille):
    """At least the wanted part of the samples is at or below it, and less than that is below any smaller sample."""
    ordered = sorted(samples)
    found = nearest_rank(ordered, per_mille)
    assert found in samples
    assert sum(item <= found for item in ordered) * 1000 >= per_mille * len(ordered)
    assert sum(item < found for item in ordered) * 1000 < per_mille * len(ordered)


@given(nanoseconds=st.integers(-(10**15), 10**15))
def test_milliseconds_are_exact(nanoseconds):
    """The decimal string is the very value, without an exponent or a trailing zero."""
    text = milliseconds(nanoseconds)
    assert Fraction(text) == Fraction(nanoseconds, 1_000_000)
    assert "e" not in text
    assert not ("." in text and text.endswith(("0", ".")))


def test_no_samples_have_no_percentiles():
    """Nothing measured is nothing told, not zero."""
    assert percentiles_ms([]) == {}


@given(left=SAMPLES, right=SAMPLES)
def test_encoded_histograms_merge(left, right):
    """Two encoded histograms added hold every sample of both."""
    merged = HdrHistogram(1, HIGHEST_US, 3)
    merged.decode_and_add(encode_histogram(left))
    merged.decode_and_add(encode_histogram(right))
    assert merged.get_total_count() == len(left) + len(right)
