"""What did the steps of a drill count? Read from the journal, so that the measures can be computed again. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from drills.journal import Event, Status
from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason

_COUNTED = "counted"


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, and the opportunities for it that were looked at."""

    value: int
    samples: int


def counted(counts: Mapping[str, tuple[int, int]]) -> dict[str, Json]:
    """The facts of a step that counted: a number by name, and its opportunities."""
    return {_COUNTED: {name: {"value": value, "samples": samples} for name, (value, samples) in counts.items()}}


def observations(events: Iterable[Event]) -> dict[str, Count]:
    """The counts of all steps that succeeded; what two steps counted under one name is added."""
    found: dict[str, Count] = {}
    for event in events:
        if event.status is Status.SUCCEEDED and _COUNTED in event.facts:
            for name, count in msgspec.convert(event.facts[_COUNTED], dict[str, Count]).items():
                before = found.get(name, Count(0, 0))
                found[name] = Count(before.value + count.value, before.samples + count.samples)
    return found


def measures_of_counts(details: Mapping[str, str], counts: Mapping[str, Count], reason: UnknownReason) -> dict[str, Measure]:
    """A measure for each name in `details`, which says what it counts; what no step counted is unknown."""
    return {name: _measure(counts.get(name), detail, reason) for name, detail in details.items()}


def _measure(count: Count | None, detail: str, reason: UnknownReason) -> Measure:
    if count is None:
        return Measure(None, "count", unknown=reason, detail=detail)
    if not count.samples:
        return Measure(None, "count", unknown=UnknownReason.TOO_FEW_SAMPLES, detail=detail)
    return Measure(str(count.value), "count", count.samples, detail=detail)
