"""A journal again: each move is an edge of the machine, each follows from the one before, and the report comes out the same."""

from collections.abc import Iterator, Sequence

from gateway.machines.onboarding import ONBOARDING, OnboardingEvent
from gateway.setup.lines import Line


def states(lines: Sequence[Line]) -> Iterator[str]:
    """`started --probe_ok--> service_ok`: each move as text."""
    for line in lines:
        if line.event is not None:
            yield f"{line.state or '-'} --{line.event}--> {line.next}"


def faults(lines: Sequence[Line]) -> Iterator[str]:
    """What no walk of the machine can have written."""
    state = None
    for line in lines:
        if line.event is None:
            if line.state is not state:
                yield f"line {line.seq}: it is of state {line.state}, and the setup stood in {state}"
            continue
        before = None if line.event is OnboardingEvent.BEGIN else state
        edge = ONBOARDING.edge(line.state, line.event)
        if line.state is not before:
            yield f"line {line.seq}: it leaves {line.state}, and the setup stood in {before}"
        if edge is None or edge.next is not line.next:
            yield f"line {line.seq}: the machine has no such edge: {line.state}, {line.event}, {line.next}"
        state = line.next
