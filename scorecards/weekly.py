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


class BarMove(StrEnum):
    """What became of the bar since the last official scorecard; `first` where there is none yet.

    `changed` are differences of which nobody can say whether they lower the bar, such as another measure or another profile.
    """

    FIRST = "first"
    SAME = "same"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    CHANGED = "changed"


class WeekBar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bar of one scorecard, and what became of it since `since`, the last official week before; `detail` is that in words."""

    sha256: str
    move: BarMove
    since: str | None
    detail: str


class PastWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the history keeps of one official scorecard: enough for the streak, and to find the whole scorecard."""

    week: str
    state: WeekState
    decision: Decision
    evaluated_at: str
    yaml_sha256: str
    bar: WeekBar
    not_passed: tuple[str, ...]


class WeekMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One square of the streak strip; `detail` is the same as text."""

    week: str
    state: WeekState
    detail: str


class Streak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adjacent official green weeks up to now, what broke the streak, and the first Friday on which a launch is possible.

    `broken_by` is "" where nothing did, and where the streak is complete. `is_conditional` says that the launch depends on
    weeks which still have to turn out green. `freeze_from` is three days before it: the code freeze begins.
    """

    length: int
    needed: int
    sentence: str
    broken_by: str
    is_conditional: bool
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
    letter: str | None
    move: GateMove
    before: Outcome | None
    now: Outcome


class BarEffect(StrEnum):
    """What a change of the gate set does to the bar."""

    LOOSENED = "loosened"
    REMOVED = "removed"
    CHANGED = "changed"
    TIGHTENED = "tightened"
    ADDED = "added"


class BarChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One difference between last week's bar and this week's, both as written.

    `criterion` is None for a whole gate, `gate` too for what the evidence is collected with.
    """

    gate: str | None
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
