"""Ratios are medians of pairs, in whole numbers and fractions until they are written down."""

from fractions import Fraction
from statistics import median as reference_median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.bench.samples import Commits, decimal, median, spread

FRACTIONS = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)


@given(values=st.lists(FRACTIONS, min_size=1, max_size=9))
def test_the_median_is_the_one_of_the_textbook(values):
    """The middle value, or the mean of the two in the middle, whatever the order."""
    assert median(values) == reference_median(values)


def test_a_ratio_is_against_the_mean_of_the_control_before_and_after(pair):
    """600 a second between 1,000 and 1,400 is half of 1,200."""
    assert pair("settle-64", 1, 1000, 600, 1400).ratio == Fraction(1, 2)


def test_one_slow_round_does_not_move_the_median_of_five(pair):
    """Of the ratios 0.1, 0.6, 0.6, 0.7 and 0.9 the median is 0.6, and the extremes are shown."""
    pairs = [pair("settle-64", number, 1000, rate, 1000) for number, rate in enumerate((600, 100, 900, 700, 600), 1)]
    told = spread([item.ratio for item in pairs])
    assert (told.median, told.least, told.most) == ("0.60", "0.10", "0.90")


def test_the_cpu_ratio_is_a_requests_own(pair, sample):
    """Ten answers for 100 ms cost ten times what a hundred for 100 ms do; without a reading there is no ratio."""
    found = pair("settle-64", 1, 100, 10, 100, cpu_ms=100)
    assert found.cpu_ratio is None
    control = sample(100, cpu_ms=100)
    assert type(found)(found.row, 1, control, found.sample, control).cpu_ratio == 10


def test_a_pair_is_quiet_only_where_commits_were_counted_and_none_was_slow(pair):
    """Not having counted is not the same as none."""
    assert [pair("x", 1, 1, 1, 1, slow=slow).quiet for slow in (None, 0, 1)] == [False, True, False]


def test_commits_are_those_of_the_measurement():
    """What was counted before it began is taken away."""
    assert Commits(130, 5).since(Commits(100, 4)) == Commits(30, 1)


@given(value=FRACTIONS, digits=st.integers(0, 6))
def test_a_decimal_string_is_the_nearest_one(value, digits):
    """No float is involved, and what is written is at most half a unit of the last place away."""
    assert abs(Fraction(decimal(value, digits)) - value) * 10**digits * 2 <= 1


@pytest.mark.parametrize(
    ("value", "digits", "text"), [("1/3", 2, "0.33"), ("-1/3", 2, "-0.33"), ("-1/1000", 2, "0.00"), ("5/2", 0, "3")]
)
def test_decimal_strings_read_as_people_write_them(value, digits, text):
    """Leading zero, no minus sign before nothing, no point without places."""
    assert decimal(Fraction(value), digits) == text
