"""Which runs failed by a scorecard of this week? What it showed is not undone by other requirements either. Pure."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from gates.evidence.contents import Contents, Held
from gates.evidence.dsse import TrustRoot
from gates.log.entry import EntryKind
from gates.red_runs import joined
from gates.schema.outcome import Outcome
from gates.schema.time import parse_utc, week_start
from gates.schema.verdict import AutomaticNoGo, GateVerdict, RedRun

_SHOWN = 12  # characters of a digest


class _Past(msgspec.Struct, frozen=True):
    evaluated_at: str


class _Facts(msgspec.Struct, frozen=True):
    """The facts of a scorecard, as far as they say what failed; of an older release they do not."""

    past: _Past
    builds: tuple[str, ...] = ()
    red_runs: tuple[RedRun, ...] = ()


def shown_red(contents: Contents, trust: TrustRoot, builds: Collection[str], now: dt.datetime) -> tuple[RedRun, ...]:
    """The runs on these builds that scorecards of the week of `now`, previews too, showed as failing what alone stops a launch.

    Each with the requirement that it failed by then. Raises UnverifiedProblem for a scorecard that is not trusted.
    """
    found: dict[str, RedRun] = {}
    for facts in _cards(contents, trust, now):
        if set(facts.builds) & set(builds):
            for run in facts.red_runs:
                found[run.evidence] = joined(found[run.evidence], run) if run.evidence in found else run
    return tuple(sorted(found.values(), key=lambda run: (run.finished_at, run.evidence)))


def with_shown(red: Sequence[RedRun], shown: Iterable[RedRun], explained: Sequence[str]) -> tuple[RedRun, ...]:
    """The red runs by these gates, and those that a scorecard of this week showed by others."""
    found = {run.evidence: run for run in red}
    for run in shown:
        one = found.get(run.evidence, msgspec.structs.replace(run, explained=run.evidence in explained))
        found[run.evidence] = joined(one, run)
    return tuple(sorted(found.values(), key=lambda run: (run.finished_at, run.evidence)))


def hidden(red: Iterable[RedRun], verdicts: Sequence[GateVerdict]) -> Iterator[AutomaticNoGo]:
    """What alone stops a launch by a run that nobody has explained, and fails by no criterion as it is written now."""
    failing = {
        (gate.id, item.criterion.id)
        for gate in verdicts
        for item in gate.criteria
        if item.criterion.automatic_no_go and item.outcome is Outcome.FAIL
    }
    for run in red:
        for stop in () if run.explained else run.stops:
            if (stop.gate, stop.criterion) not in failing:
                failing.add((stop.gate, stop.criterion))
                what = f"the run {run.evidence[:_SHOWN]} failed it in this week"
                text = f"{stop.detail}; {what}, which neither other requirements nor other evidence undo"
                yield msgspec.structs.replace(stop, detail=text)


def _cards(contents: Contents, trust: TrustRoot, now: dt.datetime) -> Iterator[_Facts]:
    """The scorecards of this week; one that was listed before it shows no run of it."""
    begin = week_start(now)
    for entry in contents.entries(EntryKind.CARD, EntryKind.PREVIEW):
        if parse_utc(entry.at) >= begin:
            facts = _facts(contents.held(entry.object, trust))
            if facts is not None and week_start(parse_utc(facts.past.evaluated_at)) == begin:
                yield facts


def _facts(card: Held) -> _Facts | None:
    """None for a card of a release that this one cannot read: the history refuses it by name."""
    try:
        return msgspec.convert(card.statement.predicate.facts, _Facts)
    except msgspec.ValidationError:
        return None
