"""Steps that set the clock of the running service, seen in its answers."""

from drills.control import ProcessControl
from drills.fake_clock import FakeClockFile
from drills.inquiry import wait_answer
from drills.observed import Unobserved
from drills.rehearsal import Facts, Rehearsal, TimedOut
from drills.steps.base import label_of
from drills.steps.clock import FakeClock, JumpClock, ResetClock
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s

FILE = "clock"
_CLOSE_S = 5.0  # a `Date` has whole seconds, and an answer takes its time


def fake_clock(run: Rehearsal, _step: FakeClock) -> Facts:
    """Give the process that will be started a clock that a file sets."""
    assert isinstance(run.service, ProcessControl), "drills.needs requires a process"
    path = run.out / FILE
    run.note_scratch(path)
    run.tidying.callback(path.unlink, missing_ok=True)
    run.clock = FakeClockFile(path)
    run.service.process_environ.update(run.clock.environ)
    return {}


def jump_clock(run: Rehearsal, step: JumpClock) -> Facts:
    """Set it, and see the service's answers carry that time."""
    if run.clock is None:
        raise UnknownProblem(
            "the service runs on the machine's clock", next_step="add fake_clock to the setup, before start_service"
        )
    wanted, at_s = int(step.by.removesuffix("s")), monotonic_s()
    run.clock.set(wanted)
    apart_s = _await_apart(run, wanted, step.within)
    run.note_fault(label_of(step), at_s, f"the service's time is {apart_s:+.0f} s from the machine's")
    return {"apart_s": f"{apart_s:+.0f}"}


def reset_clock(run: Rehearsal, step: ResetClock) -> Facts:
    """Give it the machine's time again, and see it."""
    if run.clock is None:  # the process with the other clock ended with the drill that was killed
        return {"reset": False}
    run.clock.set(0)
    if wait_answer(run.plan.target, run.service.environ, 0.0, run.pause):
        _await_apart(run, 0, step.within)
    run.since_s = monotonic_s()
    run.note_cleared()
    return {"reset": True}


def _await_apart(run: Rehearsal, wanted: int, within: str) -> float:
    """How far the service's time is from the machine's, once it is as far as wanted."""
    found: list[float | None] = [None]

    def is_there() -> bool:
        found[0] = run.clock_apart_s()
        return found[0] is not None and abs(found[0] - wanted) <= _CLOSE_S

    try:
        run.wait_until(is_there, within, f"the service's time {wanted:+d} s from the machine's", poll_s=0.1)
    except TimedOut as error:
        seen = "its answers carry no time" if found[0] is None else f"it is {found[0]:+.0f} s"
        raise Unobserved(
            f"{error.message}: {seen}",
            next_step="it must use the C library's clock, and spec.clock must say where it reports its time",
        ) from None
    return found[0] or 0.0
