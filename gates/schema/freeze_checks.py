"""What the types of a freeze calendar cannot say, and its windows as spans of UTC."""

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gates.schema.errors import UsageProblem
from gates.schema.freeze_spans import FreezeSpan, FreezeSpans
from gates.schema.time import format_utc, parse_utc
from gates.schema.zone import load_zone, local_text, read_instant, zone_data, zone_fault

if TYPE_CHECKING:
    from gates.schema.freeze import FreezeCalendar, Window

BEFORE_LAUNCH = dt.timedelta(hours=72)
AFTER_LAUNCH = dt.timedelta(days=7)
"""Elapsed time, whatever the clocks on the wall do meanwhile."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def freeze_faults(calendar: "FreezeCalendar") -> Iterator[str]:
    """Every fault, each with its path."""
    fault = zone_fault(calendar.zone)
    if fault:
        yield f"$.spec.zone: {fault}"
    zone = load_zone("UTC" if fault else calendar.zone)
    wrong = False
    for number, window in enumerate(calendar.windows):
        for text in _window_faults(window, zone):
            wrong = True
            yield f"$.spec.windows[{number}]{text}"
    names = [window.name for window in calendar.windows]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"$.spec.windows: two of them are called {name!r}"
    if not (wrong or fault):  # times that cannot be read cannot be compared
        yield from _overlaps(calendar)


def spans_of(calendar: "FreezeCalendar", sha256: str) -> FreezeSpans:
    """A calendar without faults as spans, by their beginning."""
    zone = load_zone(calendar.zone)
    spans = sorted((_span(window, zone) for window in calendar.windows), key=lambda span: (span.begins_at, span.name))
    return FreezeSpans(sha256, calendar.zone, zone_data(), tuple(spans))


def _window_faults(window: "Window", zone: ZoneInfo) -> Iterator[str]:
    if not _NAME.fullmatch(window.name):
        yield f".name: {window.name!r} is not lower-case words joined with -"
    if len(set(window.allow)) < len(window.allow):
        yield ".allow: names a class twice"
    if window.launch and "P2" in window.allow:
        yield ".allow: the freeze of a launch allows P0 and P1 at most"
    if bool(window.launch) == bool(window.begin or window.until):
        yield ": has either `from` and `until`, or `launch`"
        return
    moments = {}
    for name, text in (("launch", window.launch),) if window.launch else (("from", window.begin), ("until", window.until)):
        try:
            moments[name] = read_instant(text, zone)
        except UsageProblem as problem:
            yield f".{name}: {problem.message}"
    if {"from", "until"} <= moments.keys() and moments["until"] <= moments["from"]:
        yield f".until: {window.until} is not after {window.begin}"


def _overlaps(calendar: "FreezeCalendar") -> Iterator[str]:
    """Windows that were written with `from` and `until`: of two at one time, one is a mistake."""
    written = sorted((span for span in spans_of(calendar, "").spans if not span.launch_at), key=lambda span: span.begins_at)
    for one, other in itertools.combinations(written, 2):
        if parse_utc(other.begins_at) < parse_utc(one.ends_at):
            what = f"{one.name!r} and {other.name!r} overlap, from {other.begins_local} on"
            yield f"$.spec.windows: {what}; make one window of them"


def _span(window: "Window", zone: ZoneInfo) -> FreezeSpan:
    launch = read_instant(window.launch, zone) if window.launch else None
    begins = read_instant(window.begin, zone) if launch is None else launch - BEFORE_LAUNCH
    ends = read_instant(window.until, zone) if launch is None else launch + AFTER_LAUNCH
    return FreezeSpan(
        name=window.name,
        begins_at=format_utc(begins),
        ends_at=format_utc(ends),
        begins_local=local_text(begins, zone),
        ends_local=local_text(ends, zone),
        allow=tuple(item.value for item in sorted(window.allow)),
        launch_at="" if launch is None else format_utc(launch),
        launch_local="" if launch is None else local_text(launch, zone),
        clock_change=_clock_change(begins, launch, ends, zone),
    )


def _clock_change(begins: dt.datetime, launch: dt.datetime | None, ends: dt.datetime, zone: ZoneInfo) -> str:
    """Where a span of elapsed hours has another wall time than its launch; "" where the clocks change nothing of it."""
    offsets = [moment.astimezone(zone).utcoffset() for moment in (begins, launch or begins, ends)]
    if len(set(offsets)) == 1:
        return ""
    if launch is None:
        first, last = (local_text(moment, zone)[-6:] for moment in (begins, ends))
        return f"the clocks change within it: {first} at its beginning, {last} at its end"
    wall = f"{launch.astimezone(zone):%H:%M}"
    parts = [
        f"{hours} elapsed hours {where} {wall} is {moment.astimezone(zone):%H:%M}"
        for hours, where, moment in ((72, "before", begins), (168, "after", ends))
        if moment.astimezone(zone).utcoffset() != launch.astimezone(zone).utcoffset()
    ]
    return f"the clocks change within it: {' and '.join(parts)}"
