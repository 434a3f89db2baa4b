"""Which faults did a drill inject, what showed each, and when was it detected and cleared? Read from the journal. Pure."""

from collections.abc import Iterable

import msgspec

from drills.journal import Event, Status

FAULT, DETECTED, CLEARED = "fault", "detected", "cleared"
"""The actions of the journal's lines about faults."""

PAYOUTS_DECIDED = "await_payouts"
"""The action of the step that waits for payouts."""


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


def drained_ns(events: Iterable[Event]) -> int | None:
    """From the end of the last fault until every payout was decided; None where no step waited for that."""
    cleared_ns, drained = None, None
    for event in events:
        if event.action == CLEARED:
            cleared_ns = _ns(event.facts["at_ns"])
        elif event.action == PAYOUTS_DECIDED and event.status is Status.SUCCEEDED and cleared_ns is not None:
            drained = event.monotonic_ns - cleared_ns
    return drained


def _ns(value: object) -> int:
    return msgspec.convert(value, int)


def _numbers(value: object) -> tuple[int, ...]:
    return msgspec.convert(value, tuple[int, ...])
