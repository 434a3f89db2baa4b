"""Is the history that of a whole storm? And what may evidence of the run say about its status?"""

from collections.abc import Iterable
from typing import Literal

from loadtests.checker.check import Counts, idle
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan
from loadtests.storm.supervise import StormEnd

Status = Literal["complete", "adapter_error", "invalid_generator", "interrupted"]


def fault_of(plan: Plan, history: Iterable[Event]) -> str:
    """What is missing in the history of a storm that is reported as complete; "" if nothing is.

    The history itself shows it: its lines are numbered, every attempt has an end, every planned payment begins.
    """
    begun: set[int] = set()
    open_: set[tuple[str, int, str]] = set()
    for number, event in enumerate(history):
        if event.index != number:
            return f"line {number} of the history has the number {event.index}: a part of it is missing"
        begun.add(event.payment)
        attempt = (event.key, event.attempt, event.phase)
        if event.type == "invoke":
            open_.add(attempt)
        elif attempt not in open_:
            return f"attempt {event.attempt} of key {event.key} ends in the history without having begun"
        else:
            open_.remove(attempt)
    if open_:
        return f"{len(open_)} attempts have no end in the history: the process that sent them went missing"
    missing = sum(payment.number not in begun for payment in plan.payments)
    return f"{missing} of {len(plan.payments)} planned payments are not in the history" if missing else ""


def status_of(storm: StormEnd, builds: tuple[str | None, str | None], counts: Counts, findings: int) -> tuple[Status, str]:
    """The status of the run's evidence, and why. What was found is a fact, however the run ended."""
    status: Status = "adapter_error"
    if not storm.complete:
        status, detail = storm.cause or "interrupted", f"the storm is not complete: {storm.detail}"
    elif builds[0] != builds[1]:
        detail = f"the build changed during the storm: {builds[0]} before, {builds[1]} after"
    else:
        detail = idle(counts)
    return ("complete" if findings or not detail else status), detail
