"""The scorecard and other weeks: the streak, what broke it, and what changed since last week."""

from enum import StrEnum

import msgspec

from gates.schema.outcome import Decision, Outcome


class WeekState(StrEnum):
    """How a week stands in the streak; `open` is a week whose official verdict is still to come."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"
    MISSING = "missing"
    OPEN = "open"


class PastWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the history keeps of one official scorecard: enough for the streak, and to find the whole scorecard."""

    week: str
    state: WeekState
    decision: Decision
    evaluated_at: str
    yaml_sha256: str
    bar_sha256: str
    not_passed: tuple[str, ...]


class WeekMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One square of the streak strip; `detail` is the same as text."""

    week: str
    state: WeekState
    detail: str


class Streak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adjacent official green weeks up to now, what broke the streak, and the first Friday on which a launch is possible.

    `broken_by` is "" where nothing did. `freeze_from` is three days before the launch: the code freeze begins.
    """

    length: int
    needed: int
    sentence: str
    broken_by: str
    earliest_launch: str
    freeze_from: str
    weeks: tuple[WeekMark, ...]


class GateMove(StrEnum):
    """How one gate moved since last week's official scorecard."""

    NEWLY_RED = "newly red"
    NEWLY_UNKNOWN = "newly unknown"
    FIXED = "fixed"
    STILL_RED = "still red"
    STILL_UNKNOWN = "still unknown"


class GateChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One gate's outcome, last week and now."""

    gate: str
    letter: str
    move: GateMove
    before: Outcome | None
    now: Outcome


class BarEffect(StrEnum):
    """What a change of the gate set does to the bar."""

    LOOSENED = "loosened"
    REMOVED = "removed"
    TIGHTENED = "tightened"
    ADDED = "added"
    CHANGED = "changed"


class BarChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One difference between last week's gate set and this week's; `criterion` is None for a whole gate."""

    gate: str
    criterion: str | None
    effect: BarEffect
    what: str
    before: str | None
    now: str | None


class ValueChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One criterion's judged value, last week and now; both in `unit`."""

    gate: str
    criterion: str
    before: str
    now: str
    unit: str


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different from the last official scorecard of an earlier week; `since` is None where there is none."""

    since: str | None
    sentence: str
    gates: tuple[GateChange, ...]
    bar: tuple[BarChange, ...]
    values: tuple[ValueChange, ...]
