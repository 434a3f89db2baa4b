"""A freeze calendar as spans of UTC: which of them hold at a moment, and which is next? Pure."""

import datetime as dt

import msgspec

from gates.schema.time import parse_utc


class FreezeSpan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One freeze: from `begins_at` (included) to `ends_at` (not included), both UTC, and the same as wall times with offset.

    `clock_change` says, where the clocks change within it, which other wall time that makes. `launch_at` is "" for a window.
    """

    name: str
    begins_at: str
    ends_at: str
    begins_local: str
    ends_local: str
    allow: tuple[str, ...]
    launch_at: str = ""
    launch_local: str = ""
    clock_change: str = ""


class FreezeSpans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar: the sha256 of its spec, its zone, what decided about local times (`tzdata 2026f`), its spans by beginning."""

    sha256: str
    zone: str
    zone_data: str
    spans: tuple[FreezeSpan, ...]

    def in_force(self, now: dt.datetime) -> tuple[FreezeSpan, ...]:
        """The spans that hold at a moment."""
        return tuple(span for span in self.spans if parse_utc(span.begins_at) <= now < parse_utc(span.ends_at))

    def upcoming(self, now: dt.datetime) -> FreezeSpan | None:
        """The span that begins next."""
        return next((span for span in self.spans if now < parse_utc(span.begins_at)), None)


class FoundCalendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calendar of a folder; None for one that cannot be read."""

    spans: FreezeSpans | None
