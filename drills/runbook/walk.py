"""The order of a runbook: each step written to the journal before and after it, timed, and judged as its page says."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drills.endings import deferred_signals
from drills.journal import End, Ending, Journal, Phase, RolledBack, Status
from drills.rehearsal import Facts, Interrupted
from drills.runbook.blocks import Human
from drills.runbook.page import Page, Step
from drills.runbook.person import Person, TerminalClosed
from drills.runbook.plan import LOGS, RunbookPlan
from drills.runbook.shell import Ended, Place, run_commands
from drills.runbook.verdict import lacks_program, verdict
from gates.schema.canonical import sha256_hex
from gates.schema.errors import Problem

ACTION = "step"
THEN = "ending this step, then the run"
CONTRADICTED = "contradicted"
"""The fact of a step that ended as the page says, though something from outside shows that it did not work."""
CONFIRMED, DECLINED, NOBODY = "confirmed", "declined", "dry_run"
PHASES = {"First five minutes": Phase.ROLLBACK, "Act": Phase.ROLLBACK, "Verify": Phase.VERIFY}
"""The phase of a section's steps; all others observe."""


class Console(Protocol):
    """Where a run shows the page, and what happens."""

    def begin(self, step: Step) -> None:
        """A step begins: what the page says before it, and its commands."""

    def line(self, text: str) -> None:
        """A line that a command printed, redacted."""

    def note(self, message: str) -> None:
        """A message that must not be missed."""


class Stopped(Exception):
    """The run ends here: how, and the status of the step."""

    def __init__(self, end: End, status: Status, reason: str, facts: Facts) -> None:
        super().__init__(reason)
        self.end, self.status, self.reason, self.facts = end, status, reason, facts


class Walk:
    """One run while it happens. Without a person every step that needs one is a dry run of it.

    `meanwhile` is called every few milliseconds, `after` when a step has ended as it should.
    """

    def __init__(
        self,
        plan: RunbookPlan,
        page: Page,
        journal: Journal,
        place: Place,
        console: Console,
        person: Person | None,
        meanwhile: Callable[[], None] = lambda: None,
        after: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        self.plan, self.page, self.journal, self.place = plan, page, journal, place
        self.console, self.person, self.after = console, person, after
        self._meanwhile = meanwhile
        self.signal: int | None = None

    def meanwhile(self) -> None:
        """What happens while something is waited for; signals take effect here."""
        self._meanwhile()
        if self.signal is not None:
            raise Interrupted(f"signal {self.signal}")


def walk(run: Walk) -> Ending:
    """Take every step, until one does not end as it should; returns the verdict of the journal's last line."""
    announce(run)
    with deferred_signals(run, THEN):
        end, reason = take_steps(run)
    return finish(run.journal, end, reason, deviated=end is End.FAILED)


def announce(run: Walk) -> None:
    """Write every step as planned, before anything happens."""
    for step in run.page.steps:
        _log(run, step, Status.PLANNED, {})


def finish(journal: Journal, end: End, reason: str, *, deviated: bool) -> Ending:
    """Write the last line of the journal; `deviated` says that something did not go as the page says."""
    ending = Ending(end, deviated=deviated, rolled_back=RolledBack.NOT_NEEDED)
    journal.write(Phase.DONE, "end", Status.SUCCEEDED, facts={"reason": reason}, ending=ending)
    return ending


def take_steps(run: Walk) -> tuple[End, str]:
    """Take the steps in their order; how that ended, and why, "" where each ended as it should."""
    waiting = bool(run.plan.begin)
    end, reason = End.COMPLETED, ""
    for step in run.page.steps:
        waiting = waiting and step.name != run.plan.begin
        if waiting or reason:
            _log(run, step, Status.SKIPPED, {"reason": reason or f"the run begins with the step {run.plan.begin}"})
            continue
        try:
            _take(run, step)
        except Stopped as stopped:
            end, reason = stopped.end, f"{step.name}: {stopped.reason}"
    return end, reason


def _take(run: Walk, step: Step) -> None:
    """One step: its start, the person, the commands, its end."""
    _log(run, step, Status.STARTED, {})
    run.console.begin(step)
    facts: Facts = {}
    try:
        if step.needs_person:
            facts |= _by_person(run, step)
        if not isinstance(step.info, Human):
            facts |= _by_shell(run, step, step.info.timeout_s, facts)
        _after(run, step, facts)
    except Stopped as stopped:
        _log(run, step, stopped.status, {**stopped.facts, "reason": stopped.reason})
        run.console.note(f"{step.name}: {stopped.reason}")
        raise
    except (Interrupted, TerminalClosed) as error:
        _log(run, step, Status.FAILED, {**facts, "reason": str(error)})
        run.console.note(f"{step.name}: {error}")
        raise Stopped(End.INTERRUPTED, Status.FAILED, str(error), facts) from None
    is_dry = isinstance(step.info, Human) and run.person is None
    _log(run, step, Status.SKIPPED if is_dry else Status.SUCCEEDED, facts)


def _after(run: Walk, step: Step, facts: Facts) -> None:
    """What a rehearsal does after a step; what it finds there is a failure of the step."""
    try:
        run.after(step)
    except Problem as problem:
        raise Stopped(End.FAILED, Status.FAILED, problem.message, {**facts, CONTRADICTED: problem.message}) from None


def _by_person(run: Walk, step: Step) -> Facts:
    """What the person did; raises Stopped if they say no."""
    if run.person is None:
        run.console.note(f"{step.name}: a person has to do this, and --yes is nobody: dry run")
        return {"human": NOBODY}
    human = step.info if isinstance(step.info, Human) else None
    question = f"{step.name} ({human.who}): done?" if human else f"{step.name}: run these commands?"
    limit_s = human.timeout_s if human else None
    reply = run.person.confirm(question, limit_s, run.meanwhile)
    facts: Facts = {"human": CONFIRMED if reply.yes else DECLINED, "human_s": f"{reply.took_s:.3f}"}
    if not reply.yes:
        raise Stopped(End.ABORTED, Status.FAILED, "a person said no", facts)
    return facts


def _by_shell(run: Walk, step: Step, timeout_s: float, before: Facts) -> Facts:
    """Run the commands; raises Stopped if they do not end as the page says."""
    ended = run_commands(step.text, run.place, timeout_s, run.meanwhile, run.console.line)
    facts = {**before, **_kept(run, step, ended)}
    reason = verdict(step, ended.code, ended.stopped, ended.stdout)
    if reason:
        status = Status.TIMEOUT if ended.timed_out else Status.FAILED
        if lacks_program(step, ended.code) and not ended.stopped:
            facts["lacks_program"] = True
            reason = f"{reason}: {(ended.stderr.strip().splitlines() or [''])[-1]}"
        raise Stopped(End.FAILED, status, reason, facts)
    return facts


def _kept(run: Walk, step: Step, ended: Ended) -> Facts:
    """Store what was printed, and say what the verdict depends on."""
    facts: Facts = {"exit_code": ended.code, "took_s": f"{ended.took_s:.3f}", "stopped": ended.stopped}
    for name, text in (("out", ended.stdout), ("err", ended.stderr)):
        data = text.encode()
        log_path(run.journal.path.parent, step.name, name).write_bytes(data)
        facts[f"{name}_sha256"] = sha256_hex(data)
    return facts


def log_path(folder: Path, step: str, stream: str) -> Path:
    """The file of what a step printed: DIR/logs/STEP.out or .err."""
    return folder / LOGS / f"{step}.{stream}"


def _log(run: Walk, step: Step, status: Status, facts: Facts) -> None:
    phase = PHASES.get(step.section, Phase.OBSERVE)
    run.journal.write(phase, ACTION, status, step=step.name, facts=facts)
