"""May this be deployed now? A calendar, a moment, what is about to be deployed and the permits in; one answer out. Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from gates.freeze.permit import Weighed
from gates.schema.freeze_spans import FreezeSpan, FreezeSpans
from gates.schema.time import format_utc

RECORD = "gonogo freeze change --build SHA256 --class P1 --author NAME --reason WHY --as PERSON"
EXCEPTION = "gonogo freeze exception --build SHA256 --author NAME --reason WHY --as PERSON --as PERSON"


class Wanted(msgspec.Struct, frozen=True):
    """What is about to be deployed: a build by its sha256, Git commits by their full ids, or both; nothing where nobody says."""

    build: str = ""
    commits: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it may be deployed at `at`, why, and what to do next.

    `preview` is true for another moment than the clock's: nothing may be deployed by it. `builds` are those that a permit lets
    through now. `zone_data` decided about local times.
    """

    allowed: bool
    preview: bool
    at: str
    reason: str
    next: str
    in_force: tuple[FreezeSpan, ...]
    upcoming: FreezeSpan | None
    builds: tuple[str, ...]
    permits: tuple[Weighed, ...]
    zone: str
    zone_data: str
    calendar: str


def answer(calendar: FreezeSpans, now: dt.datetime, wanted: Wanted, weighed: Sequence[Weighed], *, preview: bool) -> Answer:
    """The answer. In a freeze the build, and each of the commits, needs a permit; what nobody names is refused."""
    spans = calendar.in_force(now)
    valid = [item.permit for item in weighed if not item.fault]
    builds = tuple(sorted({permit.build for permit in valid if permit.build}))
    commits = {commit for permit in valid for commit in permit.commits}
    lacks = list(_lacks(wanted, builds, commits)) if spans else []
    return Answer(
        allowed=not lacks,
        preview=preview,
        at=format_utc(now),
        reason=_reason(spans, lacks),
        next=_next(spans, lacks, wanted, calendar.upcoming(now)),
        in_force=spans,
        upcoming=calendar.upcoming(now),
        builds=builds,
        permits=tuple(weighed),
        zone=calendar.zone,
        zone_data=calendar.zone_data,
        calendar=calendar.sha256,
    )


def _lacks(wanted: Wanted, builds: Sequence[str], commits: set[str]) -> Iterator[str]:
    if not wanted.build and not wanted.commits:
        yield "nothing says what is deployed"
    if wanted.build and wanted.build not in builds:
        yield f"no change record or exception in force names the build {wanted.build[:12]}"
    open_commits = [commit for commit in wanted.commits if commit not in commits]
    if open_commits:
        count = f"{len(open_commits)} of {len(wanted.commits)} commits"
        yield f"no change record or exception in force names {count}, such as {open_commits[0][:12]}"


def _reason(spans: Sequence[FreezeSpan], lacks: Sequence[str]) -> str:
    if not spans:
        return "no freeze is in force"
    held = "; ".join(f"{span.name} ({_allows(span)})" for span in spans)
    return f"a freeze is in force: {held}; {'; '.join(lacks) or 'a signed act lets this through'}"


def _allows(span: FreezeSpan) -> str:
    return f"{' and '.join(span.allow)} with a change record" if span.allow else "with an exception alone"


def _next(spans: Sequence[FreezeSpan], lacks: Sequence[str], wanted: Wanted, upcoming: FreezeSpan | None) -> str:
    if lacks and not (wanted.build or wanted.commits):
        return "gonogo freeze check --build SHA256, or --range A..B, says what is deployed"
    if lacks:
        return (
            f"wait until {max(span.ends_at for span in spans)}; or {RECORD if any(span.allow for span in spans) else EXCEPTION}"
        )
    if spans:
        return "deploy it now: the answer is for this moment"
    return (
        f"deploy; the freeze {upcoming.name} begins at {upcoming.begins_at}"
        if upcoming
        else "deploy; no later freeze is in the calendar"
    )
