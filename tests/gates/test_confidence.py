"""The confidence bound is exact, rounds against us, and needs as many samples as the conventions say."""

from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.confidence import lower_bound, percent, plain, round_down, round_up, rule_of_three, samples_needed, shows

SURE = Decimal("0.95")


@pytest.mark.parametrize(("ratio", "samples"), [("0.95", 59), ("0.98", 149), ("0.99", 299), ("0.999", 2995)])
def test_the_table_of_sample_sizes_comes_out(ratio, samples):
    """With no failure seen, 95 % confidence needs 59, 149, 299 and 2995 samples, and one less is not enough."""
    assert samples_needed(Decimal(ratio), SURE) == samples
    assert shows(samples, samples, Decimal(ratio), SURE)
    assert not shows(samples - 1, samples - 1, Decimal(ratio), SURE)
    assert lower_bound(samples, samples, SURE) >= Decimal(ratio) > lower_bound(samples - 1, samples - 1, SURE)


@pytest.mark.parametrize(
    ("good", "total", "bound"),
    [
        (1, 10, "0.005116"),  # 1 - 0.95 ** (1 / 10)
        (9, 10, "0.605836"),
        (95, 100, "0.897746"),
        (0, 10, "0.000000"),
        (999_000, 1_000_000, "0.998946"),
    ],
)
def test_the_bound_is_clopper_pearsons(good, total, bound):
    """Values worked out with exact fractions, rounded down to six places."""
    assert str(lower_bound(good, total, SURE)) == bound


def _exact_tail(good: int, total: int, ratio: Fraction) -> Fraction:
    """P(at least `good` of `total`), by definition."""
    return sum((comb(total, k) * ratio**k * (1 - ratio) ** (total - k) for k in range(good, total + 1)), start=Fraction(0))


@given(st.integers(1, 60), st.data())
def test_the_bound_agrees_with_exact_fractions(total, data):
    """At the bound so good a result has at most 5 % probability, and one millionth above it more."""
    good = data.draw(st.integers(0, total))
    bound = Fraction(lower_bound(good, total, SURE))
    assert _exact_tail(good, total, bound) <= Fraction(5, 100) or good == 0
    assert _exact_tail(good, total, bound + Fraction(1, 10**6)) > Fraction(5, 100)


@given(st.integers(1, 400), st.data())
def test_more_failures_never_raise_the_bound(total, data):
    """The bound is monotone in the number of good ones."""
    good = data.draw(st.integers(1, total))
    assert lower_bound(good - 1, total, SURE) <= lower_bound(good, total, SURE) <= Decimal(good) / total


def test_no_number_of_samples_shows_certainty():
    """A ratio of one is never shown, a ratio of zero always is."""
    assert not shows(10**6, 10**6, Decimal(1), SURE)
    assert shows(0, 10, Decimal(0), SURE)
    assert not shows(0, 10, Decimal(0), SURE, strictly=True)


@pytest.mark.parametrize(("samples", "bound"), [(3, "1"), (1, "1"), (412, "0.007282"), (3000, "0.001")])
def test_the_rule_of_three_rounds_up(samples, bound):
    """None in N is reported as at most 3/N, never as zero and never as more than all."""
    assert plain(rule_of_three(samples)) == bound


@given(st.fractions(min_value=-2, max_value=2))
def test_rounding_goes_the_way_it_says(value):
    """Down is at or below, up is at or above, and both within a millionth."""
    assert round_down(value) <= value <= round_up(value)
    assert round_up(value) - round_down(value) <= Decimal("0.000001")


def test_percentages_flatter_nobody():
    """A lower bound rounds down and an upper bound up."""
    assert (percent(Decimal("0.999876")), percent(Decimal("0.000001"), up=True)) == ("99.98 %", "0.01 %")
    assert (percent(Decimal(1)), percent(Decimal(0))) == ("100 %", "0 %")
