"""The streak: two adjacent official green weeks on one bar, and nothing less."""

import pytest

from gates.schema.outcome import Decision
from scorecards.schema import Standing
from scorecards.streak import find_streak, state_of
from scorecards.weekly import PastWeek, WeekState

GREEN, RED, UNKNOWN, YELLOW = WeekState.GREEN, WeekState.RED, WeekState.UNKNOWN, WeekState.YELLOW
WORDS = {GREEN: Decision.GO, YELLOW: Decision.CONDITIONAL_GO, RED: Decision.NO_GO, UNKNOWN: Decision.NO_GO}


def past(week: str, state: WeekState, bar: str = "same") -> PastWeek:
    return PastWeek(
        week, state, WORDS[state], "2026-11-27T12:00:00.000Z", "0" * 64, bar, () if state is GREEN else ("A unknown",)
    )


# week under review, its state, its standing, the official weeks before it -> length, reason, earliest launch
SCENES = {
    "first week of all, not yet official": (RED, Standing.PREVIEW, [], 0, "no week has an official scorecard yet", "2026-12-04"),
    "first official week, green": (GREEN, Standing.OFFICIAL, [], 1, "", "2026-12-04"),
    "second green week": (GREEN, Standing.OFFICIAL, [past("2026-W47", GREEN)], 2, "", "2026-11-27"),
    "green last week, this one open": (RED, Standing.PREVIEW, [past("2026-W47", GREEN)], 1, "", "2026-11-27"),
    "red today": (RED, Standing.OFFICIAL, [past("2026-W47", GREEN)], 0, "2026-W48 was NO GO (P0: A unknown)", "2026-12-11"),
    "unknown today": (UNKNOWN, Standing.OFFICIAL, [past("2026-W47", GREEN)], 0, "2026-W48 was NO GO", "2026-12-11"),
    "conditional today": (YELLOW, Standing.OFFICIAL, [past("2026-W47", GREEN)], 0, "was CONDITIONAL GO", "2026-12-11"),
    "red last week": (GREEN, Standing.OFFICIAL, [past("2026-W47", RED)], 1, "2026-W47 was NO GO", "2026-12-04"),
    "a week is missing": (GREEN, Standing.OFFICIAL, [past("2026-W46", GREEN)], 1, "2026-W47 has no official", "2026-12-04"),
    "another bar": (GREEN, Standing.OFFICIAL, [past("2026-W47", GREEN, "lower")], 1, "gate set changed", "2026-12-04"),
    "open week on another bar": (RED, Standing.PREVIEW, [past("2026-W47", GREEN, "lower")], 1, "", "2026-12-04"),
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_streak_and_the_earliest_launch_follow_from_the_official_weeks(scene: str) -> None:
    """Each scene of the table gives its length, its reason and its Friday."""
    state, standing, history, length, reason, launch = SCENES[scene]
    streak = find_streak(past("2026-W48", state), standing, "2026-W48", history, "")
    assert streak.length == length
    assert reason in streak.broken_by
    assert streak.earliest_launch == launch


def test_a_lowered_bar_is_named_as_what_broke_the_streak() -> None:
    """The difference between the bars is told in the reason."""
    history = [past("2026-W47", GREEN, "before")]
    streak = find_streak(past("2026-W48", GREEN), Standing.OFFICIAL, "2026-W48", history, "C double: loosened, threshold 0 -> 5")
    assert streak.length == 1
    assert streak.broken_by.endswith("C double: loosened, threshold 0 -> 5")


def test_the_code_freeze_begins_three_days_before_the_launch() -> None:
    """A launch on Friday 4 December freezes from Tuesday 1 December."""
    streak = find_streak(past("2026-W48", GREEN), Standing.OFFICIAL, "2026-W48", [], "")
    assert (streak.earliest_launch, streak.freeze_from) == ("2026-12-04", "2026-12-01")


def test_a_look_back_at_a_week_without_verdict_counts_from_today() -> None:
    """A preview of a week that is over neither opens it again nor promises a Friday in the past."""
    streak = find_streak(past("2026-W40", GREEN), Standing.PREVIEW, "2026-W48", [], "")
    assert streak.length == 0
    assert streak.earliest_launch == "2026-12-04"


def test_the_strip_shows_eight_weeks_with_a_word_for_each() -> None:
    """The strip ends with the week under review; weeks without a verdict say so."""
    streak = find_streak(past("2026-W48", RED), Standing.PREVIEW, "2026-W48", [past("2026-W46", GREEN)], "")
    assert [mark.week for mark in streak.weeks][0::7] == ["2026-W41", "2026-W48"]
    assert [mark.state for mark in streak.weeks][-3:] == [GREEN, WeekState.MISSING, WeekState.OPEN]
    assert all(mark.detail for mark in streak.weeks)


@pytest.mark.parametrize(
    ("decision", "code", "state"),
    [(Decision.GO, 0, GREEN), (Decision.CONDITIONAL_GO, 0, YELLOW), (Decision.NO_GO, 1, RED), (Decision.NO_GO, 3, UNKNOWN)],
)
def test_only_a_go_without_conditions_is_a_green_week(decision: Decision, code: int, state: WeekState) -> None:
    """A CONDITIONAL GO is yellow, and a NO GO for want of evidence is told apart from one where something failed."""
    assert state_of(decision, code) is state
