"""Steps that look at the service as its clients do, while a fault lasts."""

from collections import Counter
from collections.abc import Callable

from drills.observations import counted
from drills.reading import Reads
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.steady import Attempt
from drills.steps.clients import ObserveClients, ReadService

_EXPECTED: dict[str, tuple[Callable[[Attempt], bool], str]] = {
    "refused": (lambda one: one.bad and one.answer != "", "refusals"),
    "failed": (lambda one: one.bad, "failures"),
    "acknowledged": (lambda one: one.acknowledged, "acknowledgements"),
}
"""Which attempts are meant, and the measure that counts them."""


def observe_clients(run: Rehearsal, step: ObserveClients) -> Facts:
    """Wait for attempts, begun after the last fault was seen or cleared, that were refused or acknowledged."""
    since_s, attempts = run.changed_s, run.running_storm().follower.attempts
    fits, measure = _EXPECTED[step.expect]

    def wanted() -> list[Attempt]:
        return [one for one in attempts if one.begun_s >= since_s and fits(one)]

    try:
        run.wait_until(lambda: len(wanted()) >= step.count, step.within, f"{step.count} attempts that are {step.expect}")
    except TimedOut:
        others = Counter(one.answer or "no answer" for one in attempts if one.begun_s >= since_s)
        seen = ", ".join(f"{count} x {answer}" for answer, count in sorted(others.items())) or "no attempt ended"
        raise Deviated(f"{len(wanted())} attempts {step.expect} within {step.within}, not {step.count}: {seen}") from None
    found = wanted()
    answers = Counter(one.answer for one in found)
    return {"answers": dict(sorted(answers.items())), **counted({measure: (len(found), len(found))})}


def read_service(run: Rehearsal, step: ReadService) -> Facts:
    """Read the service; a read that fails is a deviation, and a target that names nothing to read leaves it unknown."""
    reads = Reads(run.plan.target, run.client_environ)
    if not reads.paths:
        return {"read": [], "reason": "the target's audit names nothing that can be read without a payment's id"}
    failed = reads.failed(step.count)
    if failed:
        run.deviate(f"{len(failed)} of {step.count} reads failed while the fault lasted, the first: {failed[0]}")
    return {"read": list(reads.paths), **counted({"failed_reads": (len(failed), step.count)})}
