"""Charts: bars, ticks and spans on one scale, with the same as words."""

import msgspec
import pytest

from gates.page.charts import TimelineEvent, bullet, span, timeline
from gates.schema.outcome import Outcome
from gates.schema.verdict import CriterionVerdict

# unit, operator, threshold, value -> what the chart says
LIMITS = {
    "upper": ("ms", "lt", "300", "150", "50 % of the limit"),
    "lower, reached": ("count", "gte", "100", "412", "412 % of the required minimum"),
    "lower, missed": ("s", "gt", "40", "10", "25 % of the required minimum"),
    "a ratio that should be high": ("ratio", "gte", "0.995", "0.999", "20 % of the error budget used"),
}


@pytest.fixture
def judged(bench) -> CriterionVerdict:
    return CriterionVerdict(
        criterion=bench.criterion(),
        outcome=Outcome.PASS,
        unknown=None,
        detail="",
        value="1",
        samples=1,
        failures=None,
        skipped=0,
        bound=None,
        bound_text="",
        target="t",
        evidence=None,
        finished_at=None,
        age_s=None,
    )


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


@pytest.mark.parametrize(
    ("begin", "length", "drawn"), [(0, 50, 'x="0" y="0" width="120"'), (90, None, 'x="216" y="0" width="24"')]
)
def test_a_span_lies_where_it_began_and_is_as_long_as_it_took(begin: int, length: int | None, drawn: str) -> None:
    """One without an end goes on to the end of the axis."""
    assert drawn in span("pass", begin, length, 100)


def test_a_timeline_gives_each_step_its_share_and_a_failed_step_its_own_style() -> None:
    """A quarter of the time is a quarter of the bar; what failed is `bad`, whatever its phase."""
    events = [TimelineEvent(250, "inject", "kill", "succeeded"), TimelineEvent(1000, "verify", "audit", "failed")]
    drawn = timeline(events)
    assert '<rect class="inject" x="0" y="0" width="124"' in drawn
    assert '<rect class="bad" x="125" y="0" width="374"' in drawn


def test_texts_in_a_chart_are_escaped() -> None:
    """A step's label is data of the drill."""
    assert "<b>" not in timeline([TimelineEvent(1, "inject", "<b>", "succeeded")])
