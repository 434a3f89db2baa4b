"""A rehearsal as its files show it: journal, roster, and what each monitoring received and scraped. Equal at every reading."""

import datetime as dt
from pathlib import Path

from drills.faults import faults_of
from drills.incident.asking import Series
from drills.incident.files import ROSTER, SEEN, read_seen, watch_folder, watch_names
from drills.incident.judge import Expected, Instants, Watch, judge
from drills.incident.measures import Case
from drills.incident.pages import FILE as PAGES
from drills.incident.pages import read_lines
from drills.incident.steps import AwaitPage, ControlRun, StartMonitoring
from drills.journal import Event, Status
from drills.schema import Drill
from gates.schema.paging import acknowledgements
from gates.schema.roster import load_roster, to_call
from gates.schema.severity import severity_of
from gates.schema.time import parse_duration_s, parse_utc


def awaited(drill: Drill) -> AwaitPage | None:
    """The page that the drill waits for; None for one that waits for none."""
    return next((step for step in drill.method if isinstance(step, AwaitPage)), None)


def up_selector(drill: Drill) -> str:
    """The series that says whether the service could be scraped."""
    job = next((step.job for step in drill.setup if isinstance(step, StartMonitoring)), "gateway")
    return f'up{{job="{job}"}}'


def case_of(drill: Drill, out: Path, events: tuple[Event, ...]) -> Case | None:
    """What was expected and what happened; None where there was no fault, or where nothing was read at the end.

    Raises UsageProblem for a file that is malformed.
    """
    step, faults = awaited(drill), faults_of(events)
    names = [name for name in watch_names(out) if (watch_folder(out, name) / SEEN).exists()]
    if step is None or not faults or not names:
        return None
    offset_s = _offset_s(events)
    acknowledged = acknowledgements(out)
    instants = Instants(
        injected=faults[0].at_ns / 1e9 + offset_s,
        mitigated=None if faults[0].cleared_ns is None else faults[0].cleared_ns / 1e9 + offset_s,
        acknowledged=parse_utc(acknowledged[0].at).timestamp() if acknowledged else None,
    )
    expected = Expected(step.alert, step.rivals, parse_duration_s(step.late))
    control = _control(events)
    watches = [_watch(drill, out, name, control) for name in names]
    return Case(
        expected=expected,
        called=called(out, step.alert | step.first, instants.injected),
        instants=instants,
        judged=tuple(judge(expected, instants, watch) for watch in watches),
        people=bool(acknowledged) and not acknowledged[0].by_drill,
    )


def called(out: Path, labels: dict[str, str], at: float) -> tuple[str, ...]:
    """The people whom an alert with these labels has to call at a moment, in seconds since 1970."""
    severity = severity_of({"severity": "page", **labels})
    return tuple(call.person for call in to_call(load_roster(out / ROSTER), severity, dt.datetime.fromtimestamp(at, dt.UTC)))


def _offset_s(events: tuple[Event, ...]) -> float:
    """From the monotonic clock to seconds since 1970, by the journal's first line."""
    return parse_utc(events[0].at).timestamp() - events[0].monotonic_ns / 1e9


def _control(events: tuple[Event, ...]) -> tuple[float, float]:
    """When the control run began and ended; an empty span where it did not."""
    wanted = str(ControlRun.__struct_config__.tag)
    at = {event.status: parse_utc(event.at).timestamp() for event in events if event.action == wanted}
    return at.get(Status.STARTED, 0.0), at.get(Status.SUCCEEDED, 0.0)


def _watch(drill: Drill, out: Path, name: str, control: tuple[float, float]) -> Watch:
    folder, step = watch_folder(out, name), awaited(drill)
    assert step is not None, "the caller has looked"
    seen, pages = read_seen(folder), folder / PAGES
    received = read_lines(pages.read_bytes()) if pages.exists() else []
    return Watch(
        name=name,
        received=tuple(received),
        series=tuple(seen.series.get(selector, ()) for selector in step.exact.selectors),
        alerts=seen.alerts,
        control_scrapes=_scrapes(seen.series.get(up_selector(drill), ()), control),
    )


def _scrapes(up: tuple[Series, ...], control: tuple[float, float]) -> int:
    low, high = control
    return sum(low <= sample.at <= high and sample.value == 1.0 for one in up for sample in one.samples)
