"""Steps that use the service's own controls, seen in its answers to clients."""

from collections.abc import Callable, Iterator

from drills.inquiry import read_mode
from drills.observations import counted
from drills.observed import Unobserved
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.steady import Attempt
from drills.steps.base import label_of
from drills.steps.control import PauseService, ResumeService, SettleOpenHolds
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s

_NOTHING_PAUSED = "nothing is paused"


def pause_service(run: Rehearsal, step: PauseService) -> Facts:
    """Pause it, and see new reserves refused; a reserve that was sent after the pause and is taken is a deviation."""
    storm = run.running_storm()
    at_s = monotonic_s()
    run.service.command("pause", parse_duration_s(step.within))
    paused_s = run.paused_s = monotonic_s()
    refused = _counter(run, "reserve", paused_s, lambda one: one.status is not None and not one.acknowledged)
    try:
        run.wait_until(lambda: refused() >= step.refused or _taken(run) > 0, step.within, f"{step.refused} refused reserves")
    except TimedOut as error:
        raise Unobserved(f"the pause was not seen: {error.message}") from None
    _require_none_taken(run)
    mode = _require_mode(run, "paused")
    holds = len(storm.follower.holding)
    run.note_fault(label_of(step), at_s, f"{refused()} reserves refused, {holds} holds open")
    return {"holds": holds, "mode": mode, **counted({"refused_reserves": (refused(), refused())})}


def settle_open_holds(run: Rehearsal, step: SettleOpenHolds) -> Facts:
    """While it is paused: settles of open holds are acknowledged, and no reserve is taken."""
    paused_s = _paused_s(run)
    settled = _counter(run, "settle", paused_s, lambda one: one.acknowledged)
    try:
        run.wait_until(lambda: settled() >= step.settles, step.within, f"{step.settles} settles of open holds ({settled()} seen)")
    except TimedOut:
        raise Deviated(
            f"of the holds that were open at the pause {settled()} could be settled within {step.within}, not {step.settles}"
        ) from None
    _require_none_taken(run)
    count = settled()
    return counted({"settled_while_paused": (count, count)})


def resume_service(run: Rehearsal, step: ResumeService) -> Facts:
    """Resume it; with a storm and a pause before it, see a reserve taken again."""
    if run.paused_s is not None and not run.shielded:
        _require_none_taken(run)
    run.service.command("resume", parse_duration_s(step.within))
    since_s = monotonic_s()
    if run.paused_s is None or run.storm is None or run.shielded:
        return {"seen": False}
    taken = _counter(run, "reserve", since_s, lambda one: one.acknowledged)
    try:
        run.wait_until(lambda: taken() > 0, step.within, "a reserve after the resume")
    except TimedOut:
        raise Deviated(f"no reserve was taken within {step.within} of the resume") from None
    mode = _require_mode(run, "normal")
    run.paused_s, run.since_s = None, since_s
    run.note_cleared()
    return {"seen": True, "mode": mode}


def _counter(run: Rehearsal, operation: str, since_s: float, wanted: Callable[[Attempt], bool]) -> Callable[[], int]:
    """How many attempts of an operation, sent since then, were answered so."""
    return lambda: sum(one.operation == operation and wanted(one) for one in _sent_since(run, since_s))


def _sent_since(run: Rehearsal, since_s: float) -> Iterator[Attempt]:
    follower = run.running_storm().follower
    follower.poll()
    return (one for one in follower.attempts if one.begun_s >= since_s)


def _taken(run: Rehearsal) -> int:
    """How many reserves were taken that were first sent during the pause; a repeat of an earlier one is answered as before."""
    paused_s = _paused_s(run)
    return _counter(run, "reserve", paused_s, lambda one: one.acknowledged and one.first_s >= paused_s)()


def _require_none_taken(run: Rehearsal) -> None:
    if count := _taken(run):
        raise Deviated(f"{count} new reserves were taken while the service was paused")


def _paused_s(run: Rehearsal) -> float:
    if run.paused_s is None:
        raise UnknownProblem(_NOTHING_PAUSED, next_step="put pause_service before this step")
    return run.paused_s


def _require_mode(run: Rehearsal, wanted: str) -> str | None:
    """The mode that the service reports; a deviation if it is another one, None for a target that has no `mode`."""
    where = run.plan.target.mode
    if where is None:
        return None
    found, word = read_mode(run.plan.target, run.service.environ), getattr(where, wanted)
    if found != word:
        raise Deviated(f"the service reports the mode {found!r}, not {word!r}")
    return found
