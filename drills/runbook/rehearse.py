"""One rehearsal: a gateway is started, the fault is made and seen, the runbook is walked, and the fault has to be gone."""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep

from drills.child import MARKER, Pause
from drills.endings import deferred_signals
from drills.journal import End, Journal, Phase, Status
from drills.rehearsal import Facts, Interrupted
from drills.runbook import perform
from drills.runbook.environment import require_variables
from drills.runbook.fault import Fault
from drills.runbook.page import Page
from drills.runbook.person import Person
from drills.runbook.plan import BIN, WORK, RunbookPlan
from drills.runbook.report import RunbookReport
from drills.runbook.stage import Stage, staged
from drills.runbook.walk import Console, Walk, announce, finish, take_steps
from gates.schema.errors import Problem
from gates.schema.target import NamedTarget

SEEN, GONE, STEADY = "fault_seen", "fault_gone", "steady_state"
"""Actions of the journal: their success is what the measures of a rehearsal are made of."""


class Attempt:
    """One rehearsal of one runbook while it happens."""

    def __init__(
        self,
        page: Page,
        plan: RunbookPlan,
        fault: Fault,
        folder: Path,
        console: Console,
        person: Person | None,
        pause: Pause = sleep,
    ) -> None:
        self.page, self.plan, self.fault, self.folder = page, plan, fault, folder
        self.console, self.person, self._pause = console, person, pause
        self.signal: int | None = None
        self.journal: Journal = perform.open_folder(folder)

    def pause(self, seconds: float) -> None:
        """Wait; signals take effect here."""
        self._pause(seconds)
        self.check_signal()

    def check_signal(self) -> None:
        """Raise Interrupted if the process is to end."""
        if self.signal is not None:
            raise Interrupted(f"signal {self.signal}")


def rehearse(attempt: Attempt, environ: Mapping[str, str]) -> RunbookReport:
    """Rehearse once; the report says how that ended. Whatever happens, nothing of the stage is left."""
    named = NamedTarget(attempt.plan.target_name, attempt.plan.target)
    marked = {**environ, MARKER: attempt.plan.run_id}
    build: str | None = None
    end, reason, deviated = End.FAILED, "", False
    with deferred_signals(attempt, "ending the gateway of the rehearsal, then the run"):
        try:
            perform.write_inputs(attempt.folder, attempt.page, attempt.plan)
            with contextlib.ExitStack() as ending:
                ending.callback(attempt.fault.end)
                folder = attempt.folder / "stage"
                folder.mkdir()
                attempt.fault.prepare(folder, marked, attempt.pause)
                stage = ending.enter_context(staged(named, folder, marked, attempt.pause))
                build, end, reason = _on_stage(attempt, stage)
                deviated = end is End.FAILED
        except Interrupted as error:
            end, reason = End.INTERRUPTED, str(error)
        except (Problem, OSError) as problem:
            reason = problem.message if isinstance(problem, Problem) else str(problem)
            attempt.console.note(f"not rehearsed: {reason}")
    finish(attempt.journal, end, reason, deviated=deviated)
    if end is End.COMPLETED:  # of any other ending the database and its logs are what to look at
        for name in ("stage", WORK, BIN):
            shutil.rmtree(attempt.folder / name)
    return perform.conclude(attempt.journal, attempt.plan, build)


def _on_stage(attempt: Attempt, stage: Stage) -> tuple[str | None, End, str]:
    """The build that was rehearsed with, and how the rehearsal ended."""
    fault = attempt.fault
    _event(attempt, Phase.PREFLIGHT, "start_service", stage.start)
    build = str(stage.status()["build"])
    _event(attempt, Phase.STEADY, STEADY, stage.pay)
    _event(attempt, Phase.INJECT, "inject", lambda: fault.inject(stage), {"fault": fault.title})
    _event(attempt, Phase.OBSERVE, SEEN, lambda: fault.seen(stage))
    run = _walk(attempt, stage)
    announce(run)
    end, reason = take_steps(run)
    if end is End.COMPLETED:
        try:
            _event(attempt, Phase.VERIFY, GONE, lambda: fault.gone(stage))
            _event(attempt, Phase.STEADY, STEADY, stage.pay)
        except Problem as problem:
            attempt.console.note(f"every step was taken, and the fault remains: {problem.message}")
            return build, End.FAILED, f"the fault remains: {problem.message}"
    return build, end, reason


def _walk(attempt: Attempt, stage: Stage) -> Walk:
    """The run of the page, with the variables of the stage and of the fault."""
    variables = perform.variables_of(attempt.plan, attempt.folder, {**stage.environ, **attempt.fault.variables(stage)})
    require_variables(attempt.page, variables)
    attempt.plan = perform.about(attempt.plan, attempt.page, variables)

    def meanwhile() -> None:
        attempt.check_signal()
        stage.orders.serve()

    return perform.make_walk(
        attempt.page,
        attempt.plan,
        attempt.journal,
        attempt.console,
        attempt.person,
        variables,
        meanwhile=meanwhile,
        after=lambda step: attempt.fault.after(stage, step),
    )


def _event(attempt: Attempt, phase: Phase, action: str, effect: Callable[[], object], facts: Facts | None = None) -> None:
    """Write the start, do it, write the outcome; what it returns is a fact."""
    attempt.journal.write(phase, action, Status.STARTED, facts=facts)
    attempt.console.note(action.replace("_", " "))
    try:
        seen = effect()
    except Exception as error:
        reason = error.message if isinstance(error, Problem) else str(error)
        attempt.journal.write(phase, action, Status.FAILED, facts={"reason": reason})
        raise
    attempt.journal.write(phase, action, Status.SUCCEEDED, facts={"seen": seen} if isinstance(seen, str) else {})
