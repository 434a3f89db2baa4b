"""Bullets: a bar up to the value and a tick at the limit, for upper and for lower limits."""

import msgspec
import pytest

from gates.schema.verdict import CriterionVerdict
from scorecards.charts import bullet
from scorecards.schema import Scorecard

# unit, operator, threshold, value -> what the chart says
LIMITS = {
    "upper": ("ms", "lt", "300", "150", "50 % of the limit"),
    "lower, reached": ("count", "gte", "100", "412", "412 % of the required minimum"),
    "lower, missed": ("s", "gt", "40", "10", "25 % of the required minimum"),
    "a ratio that should be high": ("ratio", "gte", "0.995", "0.999", "20 % of the error budget used"),
}


@pytest.fixture(scope="module")
def judged(week: Scorecard) -> CriterionVerdict:
    return next(item for gate in week.spec.gates for item in gate.criteria if item.value is not None)


@pytest.mark.parametrize("case", LIMITS)
def test_each_kind_of_limit_has_its_picture(case: str, judged: CriterionVerdict) -> None:
    """Value and tick on one scale; the words are for those who do not see it."""
    unit, operator, threshold, value, words = LIMITS[case]
    criterion = msgspec.structs.replace(judged.criterion, unit=unit, operator=operator, threshold=threshold)
    drawn = bullet(msgspec.structs.replace(judged, criterion=criterion, value=value))
    assert f'aria-label="{words}"' in drawn


def test_a_limit_of_zero_has_no_length(judged: CriterionVerdict) -> None:
    """There is nothing to draw where none is allowed."""
    criterion = msgspec.structs.replace(judged.criterion, unit="count", operator="lte", threshold="0")
    assert bullet(msgspec.structs.replace(judged, criterion=criterion, value="3")) == ""
