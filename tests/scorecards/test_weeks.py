"""ISO weeks, the cut-off, and what counts as the week of a moment."""

import pytest

from gates.schema.errors import UsageProblem
from gates.schema.time import format_utc, parse_utc
from scorecards.weeks import cutoff, friday, is_due, monday, plus, week_of


def test_the_cut_off_is_friday_noon_utc() -> None:
    """The cut-off of 2026-W48 is Friday 27 November at 12:00 UTC."""
    assert format_utc(cutoff("2026-W48")) == "2026-11-27T12:00:00.000Z"
    assert friday("2026-W48") == "2026-11-27"


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-11-27T11:59:59.999Z", False),
        ("2026-11-27T12:00:00.000Z", True),
        ("2026-11-29T23:59:59.999Z", True),
        ("2026-11-30T00:00:00.000Z", False),
    ],
)
def test_an_evaluation_is_due_from_the_cut_off_to_the_end_of_the_week(moment: str, due: bool) -> None:
    """The moment of the cut-off belongs to the due time, the next Monday does not."""
    assert is_due("2026-W48", parse_utc(moment)) is due


def test_weeks_are_counted_across_a_year_of_53_weeks() -> None:
    """2026 has 53 ISO weeks, so the week after 2026-W52 is 2026-W53 and then 2027-W01."""
    assert plus("2026-W52", 1) == "2026-W53"
    assert plus("2026-W52", 2) == "2027-W01"
    assert plus("2027-W01", -1) == "2026-W53"


def test_the_week_of_a_moment_is_told_in_utc() -> None:
    """Sunday evening in New York is already Monday, and so the next week, in UTC."""
    assert week_of(parse_utc("2026-11-29T20:00:00-05:00")) == "2026-W49"


@pytest.mark.parametrize("text", ["2026-48", "2025-W53", "2026-W00", "W48", "2026-W48 ", ""])
def test_text_that_is_no_iso_week_is_refused(text: str) -> None:
    """A week that does not exist is refused with an example of one that does."""
    with pytest.raises(UsageProblem, match="is not an ISO week such as 2026-W48"):
        monday(text)


@pytest.mark.parametrize("week", ["0001-W01", "1969-W52", "9999-W52", "2026-W48\n", "\u06622026-W48"])
def test_a_week_that_no_review_can_be_about_is_refused(week: str) -> None:
    """There is none before it, none after it, or it is written with more than the digits 0 to 9."""
    with pytest.raises(UsageProblem, match="is not an ISO week"):
        monday(week)
