"""Over which windows is a budget watched, and when does each alert fire? Four pairs, scaled to the period, as exact decimals.

The shares and windows are those of the Site Reliability Workbook, chapter 5: 14.4 is 2 % of a 30-day budget in one hour.
"""

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from math import ceil, floor

import msgspec

from gates.slo.document import Slo

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Every window that a ratio is recorded for."""
_MINUTES = {"m": 1, "h": 60, "d": 1440}
_PLACES = 12  # significant digits of a threshold that no decimal is equal to; rounded down, so that it never fires late


class Pair(msgspec.Struct, frozen=True):
    """A long and a short window: `share` of the period's budget, burnt within the long one, alerts."""

    share: str
    long: str
    short: str
    severity: str


PAIRS = (
    Pair("0.02", "1h", "5m", "page"),
    Pair("0.05", "6h", "30m", "page"),
    Pair("0.10", "1d", "2h", "ticket"),
    Pair("0.10", "3d", "6h", "ticket"),
)


class Burn(msgspec.Struct, frozen=True):
    """One pair for one SLO: `factor` is the burn rate, `threshold` the share of bad events above which both windows alert."""

    pair: Pair
    factor: Fraction
    threshold: Decimal

    @property
    def label(self) -> str:
        """The factor as alerts show it: to three places."""
        return decimal_text(_rounded(self.factor, Decimal("0.001")))

    @property
    def can_fire(self) -> bool:
        """Whether the share of bad events can exceed the threshold at all."""
        return self.threshold < 1

    @property
    def exact_minutes(self) -> Fraction:
        """How long everything has to fail until the alert fires, at a steady rate of events."""
        return Fraction(self.threshold) * minutes(self.pair.long)

    @property
    def first_minute(self) -> int:
        """The first whole minute of a total outage at which the share exceeds the threshold."""
        return max(floor(self.exact_minutes) + 1, 1)

    @property
    def last_silent_minute(self) -> int:
        """The last whole minute of a total outage at which it does not, by more than the error of a binary number."""
        return ceil(self.exact_minutes) - 1


def minutes(window: str) -> int:
    """The minutes in a window such as `6h`."""
    return int(window[:-1]) * _MINUTES[window[-1]]


def burns(slo: Slo) -> tuple[Burn, ...]:
    """The four pairs for this SLO, fastest first; some may not be able to fire."""
    return tuple(_burns(slo))


def decimal_text(number: Decimal) -> str:
    """A decimal without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _burns(slo: Slo) -> Iterator[Burn]:
    for pair in PAIRS:
        factor = Fraction(pair.share) * minutes(slo.period) / minutes(pair.long)
        yield Burn(pair, factor, _exact(factor * Fraction(slo.budget)))


def _exact(number: Fraction) -> Decimal:
    """The decimal equal to a number, or the next one below it with twelve significant digits."""
    with localcontext(prec=50):
        quotient = Decimal(number.numerator) / number.denominator
    if Fraction(quotient) == number:
        return quotient.normalize()
    with localcontext(prec=_PLACES, rounding=ROUND_FLOOR):
        return Decimal(number.numerator) / number.denominator


def _rounded(number: Fraction, step: Decimal) -> Decimal:
    with localcontext(prec=50):
        return (Decimal(number.numerator) / number.denominator).quantize(step)
