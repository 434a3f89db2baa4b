"""Which cases of a test run by day? Those whose siblings differ in a value alone run by night."""

from collections.abc import Collection, Iterable

import pytest


def by_night(cases: Iterable[tuple[object, ...]], day: Collection[tuple[object, ...]]) -> list[object]:
    """The cases for `parametrize`; those whose first members are not among `day` have the mark nightly."""

    def marks(case: tuple[object, ...]) -> tuple[pytest.MarkDecorator, ...]:
        return () if any(case[: len(one)] == one for one in day) else (pytest.mark.nightly,)

    return [pytest.param(*case, marks=marks(case)) for case in cases]
