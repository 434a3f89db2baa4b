"""The page of all weeks: gate by week as a heat map, the streak, links to the scorecards. Pure but for its template."""

from collections.abc import Mapping, Sequence

import msgspec
from markupsafe import Markup

from gates.page.template import style_sheet
from gates.page.words import moment
from gates.schema.gate import label
from gates.schema.outcome import Outcome
from scorecards.page_gates import mark
from scorecards.page_schema import OutcomeMark
from scorecards.render import environment
from scorecards.schema import ScorecardSpec, Standing
from scorecards.streak import find_streak
from scorecards.weekly import PastWeek, WeekState
from scorecards.weeks import plus

_TEMPLATE = "history.html.j2"
SHOWN_PREVIEWS = 12
_NOT_THERE = OutcomeMark("missing", "\N{EN DASH}", "no such gate, or no official scorecard")
_SIGNS = {WeekState.GREEN: "✓", WeekState.YELLOW: "!", WeekState.RED: "✕", WeekState.UNKNOWN: "?"}


class OfficialWeek(msgspec.Struct, frozen=True):
    """One official week: what the history keeps, the scorecard (None if its file is gone), and where its page lies."""

    past: PastWeek
    spec: ScorecardSpec | None
    link: str


class WeekHead(msgspec.Struct, frozen=True):
    """The head of a column; `link` is "" where there is no page to open."""

    week: str
    year: str
    short: str
    style: str
    sign: str
    detail: str
    link: str


class GateRow(msgspec.Struct, frozen=True):
    """One gate in all weeks."""

    letter: str
    title: str
    marks: tuple[OutcomeMark, ...]


class TargetHistory(msgspec.Struct, frozen=True):
    """All weeks of one target."""

    target: str
    sentence: str
    broken_by: str
    weeks: tuple[WeekHead, ...]
    gates: tuple[GateRow, ...]


class Look(msgspec.Struct, frozen=True):
    """One preview: which week and target it is of, what it decided and when; `link` is "" where its folder is gone."""

    week: str
    target: str
    decision: str
    evaluated: str
    link: str


class HistoryPage(msgspec.Struct, frozen=True):
    """The whole page; `previews`, newest first, are those of targets without an official week, and `more` counts the rest.

    `explains` says that it shows how a week becomes official.
    """

    css: Markup
    targets: tuple[TargetHistory, ...]
    previews: tuple[Look, ...]
    more: str
    explains: bool


def render_history(history: Mapping[str, Sequence[OfficialWeek]], previews: Sequence[Look] = ()) -> bytes:
    """The page of these targets, each with its official weeks, oldest first; of the previews those of the others."""
    targets = tuple(_target(name, weeks) for name, weeks in sorted(history.items()) if weeks)
    looks = [one for one in previews if not history.get(one.target)]
    more = f"and {len(looks) - SHOWN_PREVIEWS} earlier ones" if len(looks) > SHOWN_PREVIEWS else ""
    page = HistoryPage(style_sheet(), targets, tuple(looks[:SHOWN_PREVIEWS]), more, bool(looks) or not targets)
    return environment().get_template(_TEMPLATE).render(page=page).encode()


def _target(name: str, official: Sequence[OfficialWeek]) -> TargetHistory:
    by_week = {item.past.week: item for item in official}
    weeks = _all_weeks(min(by_week), max(by_week))
    last = official[-1].past
    streak = find_streak(last, Standing.OFFICIAL, last.week, [item.past for item in official])
    return TargetHistory(
        target=name,
        sentence=streak.sentence,
        broken_by=streak.broken_by,
        weeks=tuple(_head(week, by_week.get(week)) for week in weeks),
        gates=tuple(_gates([by_week.get(week) for week in weeks])),
    )


def _all_weeks(first: str, last: str) -> list[str]:
    """Every week from the first to the last: one without a scorecard is a column too."""
    weeks = [first]
    while weeks[-1] < last:
        weeks.append(plus(weeks[-1], 1))
    return weeks


def _head(week: str, item: OfficialWeek | None) -> WeekHead:
    if item is None:
        return WeekHead(week, week[:4], week[5:], "missing", "\N{EN DASH}", "no official scorecard", "")
    past = item.past
    detail = f"{past.decision.value}, {moment(past.evaluated_at)}"
    return WeekHead(week, week[:4], week[5:], past.state.value, _SIGNS[past.state], detail, item.link)


def _gates(weeks: Sequence[OfficialWeek | None]) -> list[GateRow]:
    """A row for each gate that any week had, in the order of the newest scorecard; gates that are gone come last."""
    named: dict[str, tuple[str, str]] = {}
    for item in reversed(weeks):
        for gate in item.spec.gates if item is not None and item.spec is not None else ():
            named.setdefault(gate.id, (label(gate.letter, gate.id), gate.title))
    return [GateRow(letter, title, tuple(_mark(gate_id, item) for item in weeks)) for gate_id, (letter, title) in named.items()]


def _mark(gate_id: str, item: OfficialWeek | None) -> OutcomeMark:
    gates = item.spec.gates if item is not None and item.spec is not None else ()
    outcome = next((gate.outcome for gate in gates if gate.id == gate_id), None)
    return _NOT_THERE if outcome is None else mark(Outcome(outcome))
