"""What did the clients do to the payment of a finding? Its attempts in their order, for the evidence and the scorecard's page."""

from collections.abc import Sequence

import msgspec

from loadtests.checker.findings import Finding
from loadtests.storm.history import Event

_SHOWN = 12


class Attempt(msgspec.Struct, frozen=True):
    """One attempt; `at_us` counts microseconds since the payment's first one, `took_us` is None for one that never ended.

    `outcome` is `ok`, `fail`, `info` (unknown to the client) or `open`, with the status or the error behind it.
    """

    operation: str
    attempt: int
    at_us: int
    took_us: int | None
    outcome: str
    answer: str


def attempts(history: Sequence[Event], item: Finding) -> tuple[Attempt, ...]:
    """The first attempts of the payment that a finding is about; none where it names no payment of the run."""
    numbers = {line.history.payment for line in item.witness if line.history is not None}
    if not numbers and item.payment_id is not None:
        numbers = {event.payment for event in history if event.payment_id == item.payment_id}
    own = [event for event in history if event.payment in numbers and event.phase != "replay"]
    if len(numbers) != 1 or not own:
        return ()
    first_ns = min(event.start_ns for event in own)
    ends = {_name(event): event for event in own if event.type != "invoke"}
    begun = sorted((event for event in own if event.type == "invoke"), key=lambda event: (event.start_ns, event.index))
    return tuple(_attempt(event, ends.get(_name(event)), first_ns) for event in begun[:_SHOWN])


def _name(event: Event) -> tuple[str, int, int]:
    return event.key, event.attempt, event.process


def _attempt(begun: Event, ended: Event | None, first_ns: int) -> Attempt:
    at_us = (begun.start_ns - first_ns) // 1000
    if ended is None or ended.end_ns is None:
        return Attempt(begun.operation, begun.attempt, at_us, None, "open", "")
    took_us = (ended.end_ns - begun.start_ns) // 1000
    answer = str(ended.status) if ended.status is not None else ended.error or ""
    return Attempt(begun.operation, begun.attempt, at_us, took_us, ended.type, " ".join(filter(None, (answer, ended.code))))
