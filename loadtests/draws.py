"""Repeatable randomness: every draw is a hash of the seed and a label, so that one more draw does not change the others."""

import hashlib
import math
from collections.abc import Mapping


def draw(seed: int, *what: object) -> int:
    """A number below 2**64 that depends only on the seed and the words."""
    text = "/".join((str(seed), *map(str, what)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def below(bound: int, seed: int, *what: object) -> int:
    """A number in 0 .. bound-1; `bound` is far below 2**64, so that the bias of the remainder is negligible."""
    assert bound > 0, "there is no number below zero to draw"
    return draw(seed, *what) % bound


def chance(percent: int, seed: int, *what: object) -> bool:
    """Whether something that happens `percent` times in a hundred happens here."""
    return below(100, seed, *what) < percent


def weighted(weights: Mapping[str, int], seed: int, *what: object) -> str:
    """One of the names, with a probability proportional to its weight."""
    point = below(sum(weights.values()), seed, *what)
    for name, weight in weights.items():
        if point < weight:
            return name
        point -= weight
    raise AssertionError("the point lies below the sum of the weights")


def exponential_us(mean_us: int, seed: int, *what: object) -> int:
    """A whole number of microseconds between two arrivals of a Poisson process."""
    uniform = (draw(seed, *what) + 1) / 2**64
    return round(-math.log(uniform) * mean_us)
