"""Lanes on one time axis: places in percent, columns on one scale, round seconds below, and the same as words."""

import re

import pytest

from gates.page.lanes import Mark, Slot, Span, axis, columns, lane


def test_a_span_lies_where_it_began_and_a_mark_where_it_was() -> None:
    """Half of the time is half of the lane, on any screen."""
    drawn = lane([Span("fail", 250, 750, "down")], [Mark("ink", 500, "seen")], 1000, "from 250 to 750")
    assert '<rect class="fail" x="25.000%" y="5" width="50.000%" height="12"><title>down</title>' in drawn
    assert '<rect class="mark ink" x="50.000%"' in drawn
    assert 'role="img" aria-label="from 250 to 750"' in drawn


def test_what_lies_outside_of_the_axis_is_drawn_at_its_end() -> None:
    """A page that was received before the drill began, or resolved after it ended."""
    drawn = lane([Span("fail", -50, 20, "early")], [Mark("ink", 5000, "late")], 1000, "")
    assert 'x="0.000%"' in drawn
    assert 'x="100.000%"' in drawn


def test_a_column_is_as_high_as_what_was_counted_and_the_smallest_is_seen() -> None:
    """All columns are on the scale of the highest; one bad answer among a thousand good ones is not lost."""
    drawn = columns([Slot(1000, 0, 1), Slot(500, 0, 0), Slot(0, 0, 0)], "1500 answered")
    heights = [int(height) for height in re.findall(r'class="pass"[^>]*height="(\d+)"', drawn)]
    assert heights == [29, 14]
    assert re.findall(r'class="fail"[^>]*height="(\d+)"', drawn) == ["2"]
    assert drawn.count("<rect") == 4


def test_nothing_counted_is_an_empty_lane() -> None:
    """No division by zero where no client had an answer."""
    assert columns([Slot(0, 0, 0)], "none").count("<rect") == 1


@pytest.mark.parametrize(
    ("whole_ms", "seconds"),
    [(900, [0]), (5_500, [0, 1, 2, 3, 4, 5]), (31_000, [0, 10, 20, 30]), (400_000, [0, 120, 240, 360]), (90_000_000, [0, 15000])],
)
def test_the_seconds_below_are_few_and_round(whole_ms: int, seconds: list[int]) -> None:
    """At most seven, whatever the drill took."""
    found = [int(number) for number in re.findall(r">(\d+) s<", axis(whole_ms))]
    assert found[: len(seconds)] == seconds
    assert len(found) <= 7


def test_texts_in_a_lane_are_escaped() -> None:
    """A fault's name is data of the drill."""
    assert "<b>" not in lane([Span("fail", 0, 1, "<b>")], [Mark("ink", 0, "<b>")], 10, "<b>") + columns([], "<b>")
