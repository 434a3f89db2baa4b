"""How sure may we be of a ratio? The exact one-sided Clopper-Pearson bound, in decimals that are the same everywhere."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

PLACES = 6
_CONTEXT = Context(prec=50, Emax=999_999_999, Emin=-999_999_999)
_GRID = 10**PLACES
_NEGLIGIBLE = Decimal("1e-45")


def lower_bound(good: int, total: int, confidence: Decimal) -> Decimal:
    """The largest ratio, to six places and rounded down, that `good` of `total` shows with this confidence.

    Clopper and Pearson's bound: the ratio at which so few failures would happen with probability 1 - confidence.
    """
    _check(good, total, confidence)
    low, high = 0, _GRID
    while high - low > 1:
        middle = (low + high) // 2
        if shows(good, total, Decimal(middle).scaleb(-PLACES), confidence):
            low = middle
        else:
            high = middle
    return Decimal(low).scaleb(-PLACES)


def shows(good: int, total: int, ratio: Decimal, confidence: Decimal, *, strictly: bool = False) -> bool:
    """Whether `good` of `total` shows a true ratio of at least `ratio` (above it, if `strictly`), without rounding."""
    _check(good, total, confidence)
    if ratio <= 0:
        return ratio < 0 or not strictly or good > 0
    if ratio >= 1:
        return False
    tail, alpha = _failures_at_most(total - good, total, ratio), 1 - confidence
    return tail < alpha if strictly else tail <= alpha


def samples_needed(ratio: Decimal, confidence: Decimal) -> int:
    """How many samples without one failure show `ratio`: 59 for 95 %, 149 for 98 %, 299 for 99 %, 2995 for 99.9 %."""
    assert 0 < ratio < 1, "no number of samples shows a ratio of one"
    estimate = int((_CONTEXT.ln(1 - confidence) / _CONTEXT.ln(ratio)).to_integral_value(ROUND_CEILING))
    while estimate > 1 and shows(estimate - 1, estimate - 1, ratio, confidence):
        estimate -= 1
    while not shows(estimate, estimate, ratio, confidence):
        estimate += 1
    return estimate


def rule_of_three(samples: int) -> Decimal:
    """The 95 % upper bound on a rate of which none was seen in `samples`: 3/N, to six places and rounded up."""
    assert samples > 0, "nothing was looked at, so nothing is bounded"
    return min(round_up(Fraction(3, samples)), Decimal(1))


def round_down(value: Fraction) -> Decimal:
    """The decimal of six places at or below `value`."""
    return Decimal(value.numerator * _GRID // value.denominator).scaleb(-PLACES)


def round_up(value: Fraction) -> Decimal:
    """The decimal of six places at or above `value`."""
    return -round_down(-value)


def percent(ratio: Decimal, *, up: bool = False) -> str:
    """A ratio as people read it, rounded to hundredths of a percent in the direction that flatters nobody."""
    rounded = (ratio * 100).quantize(Decimal("0.01"), ROUND_CEILING if up else ROUND_FLOOR)
    return f"{plain(rounded)} %"


def plain(number: Decimal) -> str:
    """A decimal without exponent and without idle zeros: `95`, `0.0005`."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _check(good: int, total: int, confidence: Decimal) -> None:
    assert 0 <= good <= total, "more good ones than there are"
    assert total > 0, "a ratio of nothing"
    assert Decimal("0.5") <= confidence < 1, "a confidence is at least a half and less than one"


def _failures_at_most(failures: int, total: int, good_ratio: Decimal) -> Decimal:
    """P(at most `failures` of `total`) where each succeeds with `good_ratio`; 1 where it is certainly over a half."""
    bad_ratio = 1 - good_ratio
    if failures >= total * bad_ratio:  # at or above the mean, so at or above the median
        return Decimal(1)
    multiply, divide = _CONTEXT.multiply, _CONTEXT.divide
    term = multiply(_CONTEXT.power(good_ratio, total - failures), _CONTEXT.power(bad_ratio, failures))
    for index in range(failures):  # the number of ways to choose which ones failed
        term = divide(multiply(term, total - index), index + 1)
    tail, odds = Decimal(0), divide(good_ratio, bad_ratio)
    for failed in range(failures, -1, -1):  # from the largest term down, until the rest cannot matter
        tail = _CONTEXT.add(tail, term)
        if term < _CONTEXT.multiply(tail, _NEGLIGIBLE):
            break
        term = divide(multiply(multiply(term, failed), odds), total - failed + 1)
    return tail
