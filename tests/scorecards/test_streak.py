"""The streak: two adjacent official green weeks on a bar that was not lowered, and nothing less."""

import pytest

from gates.schema.outcome import Decision
from scorecards.schema import Standing
from scorecards.streak import find_streak, state_of
from scorecards.weekly import BarMove, PastWeek, WeekBar, WeekState
from scorecards.weeks import plus

GREEN, RED, UNKNOWN, YELLOW = WeekState.GREEN, WeekState.RED, WeekState.UNKNOWN, WeekState.YELLOW
SAME, LOOSENED, TIGHTENED, CHANGED = BarMove.SAME, BarMove.LOOSENED, BarMove.TIGHTENED, BarMove.CHANGED
WORDS = {GREEN: Decision.GO, YELLOW: Decision.CONDITIONAL_GO, RED: Decision.NO_GO, UNKNOWN: Decision.NO_GO}


def past(week: str, state: WeekState, move: BarMove = SAME, sha256: str = "one", since: str | None = "before") -> PastWeek:
    """One official week; its bar is compared with that of the week before it unless `since` says otherwise."""
    bar = WeekBar(sha256, move, plus(week, -1) if since == "before" else since, "" if move is SAME else f"{move.value} something")
    gates = () if state is GREEN else ("A unknown",)
    return PastWeek(week, state, WORDS[state], "2026-11-27T12:00:00.000Z", "0" * 64, bar, gates)


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
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_streak_and_the_earliest_launch_follow_from_the_official_weeks(scene: str) -> None:
    """Each scene of the table gives its length, its reason and its Friday."""
    state, standing, history, length, reason, launch = SCENES[scene]
    streak = find_streak(past("2026-W48", state), standing, "2026-W48", history)
    assert streak.length == length
    assert reason in streak.broken_by
    assert streak.earliest_launch == launch


# what this week says became of its bar, its digest, the week that it was compared with -> length, reason
BARS = {
    "the same": (SAME, "one", "before", 2, ""),
    "tightened": (TIGHTENED, "two", "before", 2, ""),
    "loosened": (LOOSENED, "two", "before", 1, "between 2026-W47 and 2026-W48 the bar was lowered: loosened something"),
    "changed": (
        CHANGED,
        "two",
        "before",
        1,
        "between 2026-W47 and 2026-W48 the bar changed, and the two cannot be compared: changed",
    ),
    "the same in words, another digest": (SAME, "two", "before", 1, "between 2026-W47 and 2026-W48 the bar changed"),
    "first in words, another digest": (BarMove.FIRST, "two", "before", 1, "between 2026-W47 and 2026-W48 the bar changed"),
    "compared with an older week": (TIGHTENED, "two", "2026-W46", 1, "2026-W48 was compared with 2026-W46, not with 2026-W47"),
    "compared with no week": (BarMove.FIRST, "two", None, 1, "the bar of 2026-W48 was compared with no week, not with 2026-W47"),
    "compared with an older week, the same digest": (LOOSENED, "one", "2026-W46", 2, ""),
}


@pytest.mark.parametrize("name", BARS)
def test_only_a_bar_that_was_not_lowered_keeps_the_streak(name: str) -> None:
    """Loosened, removed or not to be compared breaks it; the same, tightened or added does not."""
    move, sha256, since, length, reason = BARS[name]
    history = [past("2026-W46", RED), past("2026-W47", GREEN)]
    this = past("2026-W48", GREEN, move, sha256, since)
    streak = find_streak(this, Standing.OFFICIAL, "2026-W48", history)
    assert (streak.length, streak.broken_by[: len(reason)] if length < 2 else streak.broken_by) == (length, reason) or (
        reason in streak.broken_by and streak.length == length
    )
    ahead = find_streak(this, Standing.PREVIEW, "2026-W48", history)
    assert ahead.earliest_launch == ("2026-11-27" if length == 2 else "2026-12-04")


def test_a_bar_that_is_raised_for_a_week_and_lowered_again_breaks_the_streak() -> None:
    """Lowered against either week of the streak is lowered: W48 has the bar of W46, and less than W47's."""
    history = [past("2026-W46", GREEN), past("2026-W47", GREEN, TIGHTENED, "two")]
    streak = find_streak(past("2026-W48", GREEN, LOOSENED, "one"), Standing.OFFICIAL, "2026-W48", history)
    assert (streak.length, "the bar was lowered" in streak.broken_by) == (1, True)


def test_a_complete_streak_is_not_held_back_by_anything() -> None:
    """Two green weeks after a red one: complete, and no reason against it."""
    history = [past("2026-W46", RED), past("2026-W47", GREEN)]
    streak = find_streak(past("2026-W48", GREEN), Standing.OFFICIAL, "2026-W48", history)
    assert (streak.length, streak.broken_by, streak.is_conditional) == (2, "", False)
    assert streak.sentence.endswith("the streak that a broad launch needs is complete.")


@pytest.mark.parametrize(
    ("state", "standing", "history"),
    [
        (RED, Standing.OFFICIAL, []),
        (GREEN, Standing.OFFICIAL, []),
        (RED, Standing.PREVIEW, [past("2026-W47", GREEN), past("2026-W46", GREEN)]),
    ],
)
def test_a_launch_that_depends_on_weeks_to_come_is_said_with_its_condition(
    state: WeekState, standing: Standing, history: list[PastWeek]
) -> None:
    """No date stands alone while weeks have to turn out green."""
    streak = find_streak(past("2026-W48", state), standing, "2026-W48", history)
    assert streak.is_conditional
    assert "No launch before " in streak.sentence
    assert ", and then only if " in streak.sentence


def test_the_code_freeze_begins_three_days_before_the_launch() -> None:
    """A launch on Friday 4 December freezes from Tuesday 1 December."""
    streak = find_streak(past("2026-W48", GREEN), Standing.OFFICIAL, "2026-W48", [])
    assert (streak.earliest_launch, streak.freeze_from) == ("2026-12-04", "2026-12-01")


def test_a_look_back_at_a_week_without_verdict_counts_from_today() -> None:
    """A preview of a week that is over neither opens it again nor promises a Friday in the past."""
    streak = find_streak(past("2026-W40", GREEN), Standing.PREVIEW, "2026-W48", [])
    assert streak.length == 0
    assert streak.earliest_launch == "2026-12-04"


def test_the_strip_shows_eight_weeks_with_a_word_for_each() -> None:
    """The strip ends with the week under review; weeks without a verdict say so."""
    streak = find_streak(past("2026-W48", RED), Standing.PREVIEW, "2026-W48", [past("2026-W46", GREEN)])
    assert [mark.week for mark in streak.weeks][0::7] == ["2026-W41", "2026-W48"]
    assert [mark.state for mark in streak.weeks][-3:] == [GREEN, WeekState.MISSING, WeekState.OPEN]
    assert all(mark.detail for mark in streak.weeks)


@pytest.mark.parametrize(
    ("decision", "code", "state"),
    [(Decision.GO, 0, GREEN), (Decision.CONDITIONAL_GO, 9, YELLOW), (Decision.NO_GO, 1, RED), (Decision.NO_GO, 3, UNKNOWN)],
)
def test_only_a_go_without_conditions_is_a_green_week(decision: Decision, code: int, state: WeekState) -> None:
    """A CONDITIONAL GO is yellow, and a NO GO for want of evidence is told apart from one where something failed."""
    assert state_of(decision, code) is state
