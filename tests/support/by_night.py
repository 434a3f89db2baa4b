"""Which cases of a test run by day, and which in this night? Those whose siblings differ in a value alone run by night."""

import os
from collections.abc import Collection, Iterable

import pytest

NIGHT = "GONOGO_NIGHT"
"""The variable with the number of the night: `make nightly` sets the day of the year, so that what takes turns has its turn."""


def number_of_the_night() -> int:
    """The number of this night; 0 where nobody has set it."""
    return int(os.environ.get(NIGHT) or "0")


def by_night(cases: Iterable[tuple[object, ...]], day: Collection[tuple[object, ...]]) -> list[object]:
    """The cases for `parametrize`; those whose first members are not among `day` have the mark nightly."""

    def marks(case: tuple[object, ...]) -> tuple[pytest.MarkDecorator, ...]:
        return () if any(case[: len(one)] == one for one in day) else (pytest.mark.nightly,)

    return [pytest.param(*case, marks=marks(case)) for case in cases]
