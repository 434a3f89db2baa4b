"""UTC time and durations as the formats write them; the one place in the toolkit that reads the wall clock."""

import datetime as dt
import os
import re
import time as _time
from collections.abc import Callable
from pathlib import Path

from gates.schema.errors import UsageProblem

Clock = Callable[[], dt.datetime]

_DURATION = re.compile(r"([0-9]{1,30})(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


REHEARSAL_CLOCK = "GONOGO_REHEARSAL_CLOCK"
"""The variable that names the file of a rehearsal's clock; `gates.evidence.keys` refuses it anywhere else.

The file holds a moment, at which the clock stands, or `MOMENT running`: the clock runs on from it since the file was written.
"""
_RUNNING = " running"


def system_clock() -> dt.datetime:
    """Now, in UTC, to the millisecond: the finest step any artifact writes. In a rehearsal a file sets it."""
    file, now = os.environ.get(REHEARSAL_CLOCK), dt.datetime.now(dt.UTC)
    if file is not None:
        now = _rehearsed(Path(file), now)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _rehearsed(path: Path, now: dt.datetime) -> dt.datetime:
    try:
        text = path.read_text(encoding="ascii").strip()
        began = parse_utc(text.removesuffix(_RUNNING))
        if not text.endswith(_RUNNING):
            return began
        return began + (now - dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC))
    except (OSError, UnicodeDecodeError, UsageProblem) as error:
        hint = "it holds a moment, or `2026-11-27T12:05:00Z running`: the clock then runs on from there"
        raise UsageProblem(f"{path}: the rehearsal's clock cannot be read: {error}", next_step=hint) from None


def monotonic_s() -> float:
    """Seconds on a clock that never steps back; for durations, never for artifacts' dates."""
    return _time.monotonic()


def fixed_clock(now: dt.datetime) -> Clock:
    """A clock that stands still at `now` (what `--now` gives)."""
    return lambda: now


def format_utc(moment: dt.datetime) -> str:
    """`2026-11-23T10:00:00.000Z`: always UTC, always milliseconds, so that text order is time order."""
    assert moment.tzinfo is not None, "a moment without a zone is a defect"
    moment = moment.astimezone(dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse_utc(text: str) -> dt.datetime:
    """Read an RFC 3339 moment; one without a zone is refused, since it would mean another instant elsewhere."""
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise UsageProblem(f"{text!r} is not a moment such as 2026-11-23T10:00:00Z") from None
    raise UsageProblem(f"{text!r} names no time zone; write 2026-11-23T10:00:00Z")


def parse_duration_s(text: str) -> float:
    """Seconds in a duration such as `250ms`, `15m` or `14d`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageProblem(f"{text!r} is not a duration such as 250ms, 30s, 15m, 72h or 14d")
    return int(match[1]) * _SECONDS[match[2]]


def week_start(moment: dt.datetime) -> dt.datetime:
    """The first instant, in UTC, of the ISO week that holds `moment`."""
    day = moment.astimezone(dt.UTC).date()
    return dt.datetime.combine(day - dt.timedelta(days=day.weekday()), dt.time(), dt.UTC)


def iso_week(moment: dt.datetime) -> str:
    """The ISO week that holds `moment`, in UTC: `2026-W48`."""
    year, week, _ = moment.astimezone(dt.UTC).isocalendar()
    return f"{year}-W{week:02d}"


def span(seconds: int) -> str:
    """A duration in its two largest units: `3 d 4 h`, `25 min`, `40 s`."""
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return sign + " ".join(parts[:2]) if parts else "0 s"


def largest(seconds: int) -> str:
    """A duration in its largest unit, rounded down; from a day on in two: `25 min`, `3 d 4 h`."""
    return span(seconds) if seconds >= 86_400 else " ".join(span(seconds).split()[:2])
