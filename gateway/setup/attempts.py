"""Idempotency keys of a setup: from the run, the step and the attempt, so that whoever resumes sends the same one again."""

import hashlib
from collections.abc import Collection, Sequence

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.lines import Line

_UNDECIDED = (408, 425, 429)
_IN_FLIGHT = "idempotency_in_flight"


def key_of(run: str, step: str, route: str, attempt: int) -> str:
    """The idempotency key of an attempt."""
    named = "\n".join((run, step, route, str(attempt)))
    return f"setup-{hashlib.sha256(named.encode()).hexdigest()[:40]}"


def attempt_of(
    lines: Sequence[Line], step: str, route: str, after: Collection[OnboardingEvent] = (), wanted: str | None = None
) -> int:
    """Which attempt a request is: the last one again, unless that was refused for good or one of the events came after it.

    `wanted` is the code of a refusal that is what the request was for.

    One that was planned and of which nothing more is known is the same attempt, and so is one that succeeded: its answer comes
    again and nothing is done twice.
    """
    attempt, over = 1, False
    for line in lines:
        if line.step == step and line.request is not None and line.request.route == route:
            attempt, over = line.attempt, _is_refused(line) and line.code != wanted
        elif line.event is not None and line.event in after and _was_sent(lines, line.seq, step, route):
            over = True
    return attempt + over


def _was_sent(lines: Sequence[Line], before: int, step: str, route: str) -> bool:
    return any(
        line.step == step and line.request is not None and line.request.route == route for line in lines if line.seq < before
    )


def _is_refused(line: Line) -> bool:
    if line.phase != "failed" or line.request is None or line.request.status is None:
        return False
    return line.request.status < 500 and line.request.status not in _UNDECIDED and line.code != _IN_FLIGHT
