"""The order of a drill: steady state, method, rollback in every case, steady state again, verify, end."""

from collections.abc import Callable

import msgspec

from drills.actions.storm import Watch
from drills.actions.table import ACTIONS
from drills.control import choose_control
from drills.deployable import deploys, require_let_through
from drills.endings import deferred_signals
from drills.incident.steps import ControlRun
from drills.journal import UNOBSERVED, End, Ending, Event, Phase, RolledBack, Status, read_journal
from drills.leftovers import clear, leftovers
from drills.needs import require_offers, require_runbooks
from drills.observed import Unobserved
from drills.record import write_record
from drills.rehearsal import Aborted, Deviated, Facts, Interrupted, Rehearsal, TimedOut, marked
from drills.steps.base import action_of
from drills.steps.rail import HoldSteadyState
from drills.steps.step import Step
from drills.steps.storm import ObserveSteadyState
from gates.schema.errors import Problem, RefusedProblem, UsageProblem
from gates.schema.target import NamedTarget
from gates.schema.time import monotonic_s, parse_duration_s

_USUAL_S = 30
"""The time that a step has, unless its document says otherwise."""


def rehearse(run: Rehearsal, environ: dict[str, str]) -> Ending:
    """Run the drill to its end, whatever happens; returns the verdict of the journal's last line.

    A defect in the drill itself is raised again after the rollback and the last line.
    """
    announce(run)
    with deferred_signals(run):
        forward = _Forward()
        _guarded(run, forward, lambda: _go_forward(run, forward, environ))
        run.journal.dispensable = True  # a disk that is full or gone keeps no fault from being taken back
        rolled_back = _roll_back(run) if forward.injected else RolledBack.NOT_NEEDED
        if rolled_back is RolledBack.VERIFIED and forward.end in (End.COMPLETED, End.FAILED):
            _guarded(run, forward, lambda: _verify(run))
        else:
            reason = "the rollback failed" if rolled_back is RolledBack.FAILED else f"the drill is {forward.end}"
            for step in run.plan.drill.verify:
                _log(run, Phase.VERIFY, step, Status.SKIPPED, {"reason": reason})
        left = _tidy(run)
    if run.journal.lost is not None:
        fault = "there was no fault yet" if rolled_back is RolledBack.NOT_NEEDED else f"rollback {rolled_back}"
        run.console.note(f"the journal could not be written: {fault}, every process was ended, and nothing was measured")
        raise run.journal.lost
    if left:
        rolled_back, forward.reason = RolledBack.FAILED, f"left behind: {left}"
    ending = Ending(forward.end, bool(run.record.deviations), rolled_back)
    write_record(run.out, run.record)
    facts: Facts = {"deviations": list(run.record.deviations), "reason": forward.reason}
    facts |= {UNOBSERVED: True} if forward.unobserved else {}
    run.journal.write(Phase.DONE, "end", Status.SUCCEEDED, facts=facts, ending=ending)
    if forward.defect is not None:
        raise forward.defect
    return ending


def announce(run: Rehearsal) -> None:
    """Write every step as planned, before anything happens."""
    for phase, steps in _order(run):
        for step in steps:
            _log(run, _phase_of(step, phase), step, Status.PLANNED, {})


class _Forward(msgspec.Struct):
    """How far the drill got before the rollback."""

    end: End = End.COMPLETED
    injected: bool = False
    unobserved: bool = False
    reason: str = ""
    defect: Exception | None = None


def _guarded(run: Rehearsal, forward: _Forward, part: Callable[[], None]) -> None:
    """Run one part; whatever stops it is recorded, and never prevents the rollback."""
    try:
        part()
    except Interrupted as error:
        forward.end, forward.reason = End.INTERRUPTED, str(error)
    except Aborted as error:
        forward.end, forward.reason = End.ABORTED, str(error)
        run.console.note(f"aborted by a guard: {error}")
    except Deviated as error:
        run.deviate(str(error))
    except Problem as problem:
        # A signal from the keyboard also reaches children such as the seed command; their failure is not the cause.
        if forward.end is End.COMPLETED:  # what fails later, in the audit, comes of it
            forward.end = End.FAILED if run.signal is None else End.INTERRUPTED
            forward.unobserved = isinstance(problem, Unobserved | RefusedProblem)
            forward.reason = f"{problem.message} ({problem.next_step})" if problem.next_step else problem.message
        run.refused = run.refused or isinstance(problem, RefusedProblem)
        run.misdescribed = run.misdescribed or (isinstance(problem, UsageProblem) and not forward.injected)
        run.console.note(f"failed: {problem}")
    except Exception as error:  # noqa: BLE001  # raised again once the rollback has run
        forward.end, forward.reason, forward.defect = End.FAILED, repr(error), error


def _go_forward(run: Rehearsal, forward: _Forward, environ: dict[str, str]) -> None:
    require_offers(run.plan.drill, run.plan.target_name, run.plan.target)
    named = NamedTarget(run.plan.target_name, run.plan.target)
    require_runbooks(run.plan.drill, named, run.plan.target_argument, environ)
    if deploys(run.plan.drill, run.plan.target):  # and again at the deployment itself: a freeze may begin meanwhile
        require_let_through(environ)
    make = choose_control(run.plan.drill, run.plan.target_name, run.plan.target)
    run.control = make(run.plan.target, run.out, marked(run.plan.run_id, environ), run.pause, run.note_process)
    take_steps(run, Phase.PREFLIGHT, run.plan.drill.setup)
    _await_steady_state(run)
    forward.injected = True
    take_steps(run, Phase.INJECT, run.plan.drill.method)


def _roll_back(run: Rehearsal) -> RolledBack:
    """Roll back, shielded from signals and guards, and check whether the steady state holds again."""
    run.shielded = True
    try:
        take_steps(run, Phase.ROLLBACK, run.plan.drill.rollback)
        _await_steady_state(run)
    except Exception as error:  # noqa: BLE001  # whatever the error is, the rollback has failed
        run.journal.write(Phase.ROLLBACK, "rollback", Status.FAILED, facts={"reason": _reason(error)})
        run.console.note(f"ROLLBACK FAILED: {_reason(error)}")
        return RolledBack.FAILED
    finally:
        run.shielded = False
    run.record.steady_again_s = monotonic_s()
    return RolledBack.VERIFIED


def _verify(run: Rehearsal) -> None:
    take_steps(run, Phase.VERIFY, run.plan.drill.verify)


def _tidy(run: Rehearsal) -> str:
    """End all processes: the storm first, so that it does not record the service's end; returns what they left behind."""
    run.shielded = True
    run.journal.write(Phase.DONE, "tidy", Status.STARTED)
    try:
        if run.storm is not None:
            run.storm.end()
        for monitoring in run.monitorings.values():
            monitoring.stop()
    finally:
        try:
            run.tidying.close()
        finally:
            if run.control is not None:
                run.control.finish()
    return remove_leftovers(run)


def remove_leftovers(run: Rehearsal) -> str:
    """Remove what the drill left, and return it as text; "" where it left nothing."""
    left = leftovers(run.plan.run_id, _written(run), run.out)
    if not left:
        return ""
    text = left.text()
    run.journal.write(Phase.DONE, "leftovers", Status.FAILED, facts={"left": text})
    run.console.note(f"LEFT BEHIND, and removed now: {text}")
    clear(left)
    return text


def _written(run: Rehearsal) -> tuple[Event, ...]:
    """What the journal has; nothing where its disk is gone."""
    try:
        return read_journal(run.journal.path).events
    except OSError:
        return ()


def _await_steady_state(run: Rehearsal) -> None:
    run.phase = Phase.STEADY
    state = run.plan.drill.steady_state
    run.console.step("waiting for the steady state")
    run.journal.write(Phase.STEADY, "steady_state", Status.STARTED, facts={"within": state.within})
    begun, watch = monotonic_s(), Watch(run)
    try:
        run.wait_until(lambda: watch.look().holds, state.within, "the steady state", poll_s=0.1)
    except TimedOut:
        run.journal.write(Phase.STEADY, "steady_state", Status.TIMEOUT, facts={"seen": watch.text, "readings": watch.readings})
        raise TimedOut(f"the steady state did not hold within {state.within}: {watch.text}") from None
    facts: Facts = {"seen": watch.text, "readings": watch.readings, "took_s": f"{monotonic_s() - begun:.3f}"}
    run.journal.write(Phase.STEADY, "steady_state", Status.SUCCEEDED, facts=facts)


def take_steps(run: Rehearsal, phase: Phase, steps: tuple[Step, ...]) -> None:
    """Run these steps in order; the first failure raises."""
    for step in steps:
        run.phase = _phase_of(step, phase)
        _take(run, step)


def _take(run: Rehearsal, step: Step) -> None:
    """One step: write its start, run it, write its outcome."""
    _log(run, run.phase, step, Status.STARTED, {})
    run.console.step(f"{run.phase}: {step.name or action_of(step)}{_how_long(step)}")
    begun = monotonic_s()
    try:
        facts = ACTIONS[type(step)](run, step)
    except Exception as error:
        status = Status.TIMEOUT if isinstance(error, TimedOut) else Status.FAILED
        _log(run, run.phase, step, status, {"reason": _reason(error)})
        raise
    _log(run, run.phase, step, Status.SUCCEEDED, {**facts, "took_s": f"{monotonic_s() - begun:.3f}"})


def _how_long(step: Step) -> str:
    """How long whoever watches may have to wait, for steps that take longer than the usual half minute."""
    if isinstance(step, ControlRun | HoldSteadyState):
        return f" ({step.lasting})"
    return f" (at most {step.within})" if parse_duration_s(step.within) > _USUAL_S else ""


def _log(run: Rehearsal, phase: Phase, step: Step, status: Status, facts: Facts) -> None:
    run.journal.write(phase, action_of(step), status, step=step.name, facts=facts)


def _phase_of(step: Step, phase: Phase) -> Phase:
    return Phase.OBSERVE if isinstance(step, ObserveSteadyState) else phase


def _order(run: Rehearsal) -> tuple[tuple[Phase, tuple[Step, ...]], ...]:
    drill = run.plan.drill
    return (
        (Phase.PREFLIGHT, drill.setup),
        (Phase.INJECT, drill.method),
        (Phase.ROLLBACK, drill.rollback),
        (Phase.VERIFY, drill.verify),
    )


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, Problem) else str(error) or repr(error)
