"""Drill timelines, read from the facts of their evidence; evidence without one has no timeline. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.evidence.store import Held
from gates.page.charts import TimelineEvent
from scorecards.schema import Timeline

_TITLES = {
    EvidenceKind.CRASH_DRILL.value: ("crash", "Crash drill"),
    EvidenceKind.POWER_DRILL.value: ("power", "Power-loss drill"),
    EvidenceKind.ROLLBACK_DRILL.value: ("rollback", "Rollback drill"),
}


class _DrillEvent(msgspec.Struct, frozen=True):
    """One line of the `timeline` that a drill puts into its facts; seconds since it began."""

    at_s: str
    phase: str
    what: str
    status: str


def timelines(evidence: Iterable[Held]) -> tuple[Timeline, ...]:
    """One timeline for each drill whose facts hold one, by drill name."""
    found = [line for held in evidence if (line := _timeline(held)) is not None]
    return tuple(sorted(found, key=lambda line: (line.drill, line.evidence)))


def _timeline(held: Held) -> Timeline | None:
    names = _TITLES.get(held.statement.predicate_type)
    if names is None:
        return None
    try:
        moments = msgspec.convert(held.statement.predicate.facts.get("timeline"), tuple[_DrillEvent, ...])
        events = tuple(_event(moment) for moment in _ended(moments))
    except (msgspec.ValidationError, ValueError):
        return None
    if not events:
        return None
    return Timeline(*names, held.digest, held.statement.predicate.finished_at, events)


def _ended(moments: Sequence[_DrillEvent]) -> list[_DrillEvent]:
    """Each step once, as it ended; a step that never ended stands as started."""
    ended = {(moment.phase, moment.what) for moment in moments if moment.status != "started"}
    return [moment for moment in moments if moment.status != "started" or (moment.phase, moment.what) not in ended]


def _event(moment: _DrillEvent) -> TimelineEvent:
    label = moment.what.replace("_", " ").replace("-", " ")
    return TimelineEvent(round(float(moment.at_s) * 1000), moment.phase, label, moment.status)
