"""Which faults did a drill inject, what showed each, and when was it detected and cleared? Read from the journal. Pure."""

from collections.abc import Iterable

import msgspec

from drills.journal import Event

FAULT, DETECTED, CLEARED = "fault", "detected", "cleared"
"""The actions of the journal's lines about faults."""


class Fault(msgspec.Struct):
    """One fault; times are nanoseconds of the machine's monotonic clock, None for what did not happen.

    `at_ns` is before the injection, `seen_ns` when the fault itself was observed, and `seen` says what was observed.
    """

    name: str
    at_ns: int
    seen_ns: int
    seen: str
    detected_ns: int | None = None
    cleared_ns: int | None = None


def faults_of(events: Iterable[Event]) -> tuple[Fault, ...]:
    """The faults in the order of their injection; a line about a fault that the journal does not have is left out."""
    found: list[Fault] = []
    for event in events:
        facts = event.facts
        if event.action == FAULT:
            found.append(Fault(str(facts["name"]), _ns(facts["at_ns"]), _ns(facts["seen_ns"]), str(facts["seen"])))
        elif event.action in (DETECTED, CLEARED):
            for fault in (found[number] for number in _numbers(facts["faults"]) if number < len(found)):
                if event.action == DETECTED:
                    fault.detected_ns = _ns(facts["at_ns"])
                else:
                    fault.cleared_ns = _ns(facts["at_ns"])
    return tuple(found)


def _ns(value: object) -> int:
    return msgspec.convert(value, int)


def _numbers(value: object) -> tuple[int, ...]:
    return msgspec.convert(value, tuple[int, ...])
