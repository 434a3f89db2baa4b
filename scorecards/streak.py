"""How many adjacent weeks are green on a bar that was not lowered? What broke the streak, and the earliest launch. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence

from gates.schema.gate import label
from gates.schema.outcome import Decision, Outcome, Priority
from gates.schema.verdict import GateVerdict
from scorecards.schema import Standing
from scorecards.weekly import BarMove, PastWeek, Streak, WeekMark, WeekState
from scorecards.weeks import friday, plus
from scorecards.words import date

NEEDED = 2
STRIP_WEEKS = 8
FREEZE = dt.timedelta(hours=72)


def state_of(decision: Decision, exit_code: int) -> WeekState:
    """The colour of an official week: only a GO is green.

    A CONDITIONAL GO is yellow and breaks the streak: it may launch a stage, and a broad launch needs green weeks.
    """
    if decision is Decision.GO:
        return WeekState.GREEN
    if decision is Decision.CONDITIONAL_GO:
        return WeekState.YELLOW
    return WeekState.UNKNOWN if exit_code == 3 else WeekState.RED


def not_passed(gates: Sequence[GateVerdict]) -> tuple[str, ...]:
    """The P0 gates that did not pass, each with its outcome: `C fail`."""
    open_gates = (gate for gate in gates if gate.priority is Priority.P0 and gate.outcome not in (Outcome.PASS, Outcome.WARN))
    return tuple(f"{label(gate.letter, gate.id)} {gate.outcome.value}" for gate in open_gates)


def find_streak(this: PastWeek, standing: Standing, now_week: str, history: Sequence[PastWeek]) -> Streak:
    """The streak as it stands with this evaluation, made in the week `now_week`.

    `history` are the official weeks, this one's own among them where it already has its verdict. An evaluation that is a
    preview of a running week without a verdict leaves that week open: it neither lengthens nor breaks the streak.
    """
    official = {past.week: past for past in history}
    if standing is Standing.OFFICIAL:
        official[this.week] = this
    is_open = this.week not in official and this.week >= now_week
    row, broken_by = _walk_back(official, plus(this.week, -1) if is_open else this.week)
    possible = _if_green(row, official, this) if is_open else row
    start = max(this.week, now_week)
    launch = friday(plus(start, _weeks_to_wait(possible, this_one_can=is_open or start > this.week)))
    sentence = _sentence(row, launch, this.week if is_open else None)
    freeze = (dt.date.fromisoformat(launch) - FREEZE).isoformat()
    conditional = row < NEEDED or is_open
    held_back = broken_by if row < NEEDED else ""
    return Streak(row, NEEDED, sentence, held_back, conditional, launch, freeze, _marks(official, this, is_open=is_open))


def _walk_back(official: Mapping[str, PastWeek], last: str) -> tuple[int, str]:
    """Count green weeks backwards from `last`; the reason is why the streak does not go further back."""
    length, week = 0, last
    newer: PastWeek | None = None
    while length < NEEDED or week in official:
        past = official.get(week)
        if past is None:
            return length, _gap(official, week, length)
        if past.state is not WeekState.GREEN:
            return length, _not_green(past)
        if newer is not None and (lowered := _lowered(past, newer)):
            return length, lowered
        length, week, newer = length + 1, plus(week, -1), past
    return length, ""


def _lowered(past: PastWeek, newer: PastWeek) -> str:
    """Why the newer week was not judged by at least the bar of the week before it; "" where it was.

    Each official scorecard says what became of its bar since the one before. Where it was compared with another week than this
    one (a week that got its verdict later), only the same digest shows the same bar.
    """
    bar = newer.bar
    if bar.since != past.week:
        if bar.sha256 == past.bar.sha256:
            return ""
        return f"the bar of {newer.week} was compared with {bar.since or 'no week'}, not with {past.week}"
    if bar.move is BarMove.LOOSENED:
        return f"between {past.week} and {newer.week} the bar was lowered: {bar.detail}"
    if bar.move is not BarMove.TIGHTENED and bar.sha256 != past.bar.sha256:
        return f"between {past.week} and {newer.week} the bar changed, and the two cannot be compared: {bar.detail}"
    return ""


def _gap(official: Mapping[str, PastWeek], week: str, length: int) -> str:
    if not official:
        return "no week has an official scorecard yet"
    if week < min(official):
        return "" if length else f"no official scorecard before {min(official)}"
    return f"{week} has no official scorecard"


def _not_green(past: PastWeek) -> str:
    gates = f" (P0: {', '.join(past.not_passed)})" if past.not_passed else ""
    return f"{past.week} was {past.decision.value}{gates}"


def _if_green(row: int, official: Mapping[str, PastWeek], this: PastWeek) -> int:
    """The streak up to last week, as far as this week could lengthen it: on a lowered bar it starts again."""
    before = official.get(plus(this.week, -1))
    return row if before is not None and not _lowered(before, this) else 0


def _weeks_to_wait(row: int, *, this_one_can: bool) -> int:
    """How many weeks on the second green Friday comes at the earliest; a week still open can itself be green."""
    missing = max(NEEDED - row, 0)
    return max(missing - 1, 0) if this_one_can else missing


def _sentence(row: int, launch: str, open_week: str | None) -> str:
    if row >= NEEDED and open_week is None:
        return f"{row} adjacent green weeks: the streak that a broad launch needs is complete."
    until = f"{open_week} and every week until then turn out green" if open_week else "every week until then is green"
    return f"{row} of {NEEDED} adjacent green weeks. No launch before {date(launch)}, and then only if {until}."


def _marks(official: Mapping[str, PastWeek], this: PastWeek, *, is_open: bool) -> tuple[WeekMark, ...]:
    weeks = [plus(this.week, back) for back in range(1 - STRIP_WEEKS, 1)]
    return tuple(_mark(official.get(week), week, this if is_open else None) for week in weeks)


def _mark(past: PastWeek | None, week: str, still_open: PastWeek | None) -> WeekMark:
    if past is not None:
        return WeekMark(week, past.state, past.decision.value)
    if still_open is not None and week == still_open.week:
        return WeekMark(week, WeekState.OPEN, f"{still_open.decision.value} so far, not official yet")
    return WeekMark(week, WeekState.MISSING, "no official scorecard")
