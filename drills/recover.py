"""After a drill was killed: end its processes, finish its rollback, and write the last line of its journal."""

from collections.abc import Callable
from pathlib import Path

from drills import journal as journals
from drills.control import choose_control
from drills.journal import End, Ending, Event, History, Journal, Phase, RolledBack, Status, is_over
from drills.leftovers import carriers, clear, end, leftovers, recorded
from drills.lock import TargetLock
from drills.record import PLAN_FILE, read_plan
from drills.rehearsal import Console, Rehearsal, marked
from drills.report import FILE, check_files, read_report
from drills.runner import remove_leftovers, take_steps
from drills.steps.storm import CheckDatabase
from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.time import Clock, monotonic_s


def recover(out: Path, console: Console, clock: Clock, environ: dict[str, str]) -> Rehearsal | None:
    """Finish the drill in `out`; None if it has ended. A second call changes nothing.

    Raises UsageProblem if `out` is not a drill's folder, or the drill still runs; UnverifiedProblem if the files of its report
    have changed.
    """
    path, plan_path = out / journals.FILE, out / PLAN_FILE
    if not path.exists() or not plan_path.exists():
        raise UsageProblem(f"{out}: not the folder of a drill", next_step="give the DIR of `drill run --out DIR`")
    if (out / FILE).exists():
        check_files(out, read_report(out))
    plan = read_plan(out)
    journal, history = Journal.resume(path, clock, monotonic_s)
    try:
        if is_over(history):
            return None
        run = Rehearsal(plan, out.absolute(), journal, console)
        with TargetLock(plan, out, {**environ, **plan.environment}, recovering=True):
            _recover(run, history, environ)
    finally:
        journal.close()
    return run


def _recover(run: Rehearsal, history: History, environ: dict[str, str]) -> None:
    run.shielded = True
    run.journal.write(Phase.ROLLBACK, "recover", Status.STARTED, facts={"torn_bytes": len(history.torn)})
    ended = end_processes(run, history.events)
    run.console.note(f"{ended} remaining processes were ended")
    clear(leftovers(run.plan.run_id, history.events, run.out))  # a disk had its content in the memory of a process that has ended
    rolled_back, reason = _finish_rollback(run, history.events, environ), "the drill was killed; recovered"
    if left := remove_leftovers(run):
        rolled_back, reason = RolledBack.FAILED, f"the drill was killed; recover left behind: {left}"
    ending = Ending(End.INTERRUPTED, deviated=False, rolled_back=rolled_back)
    run.journal.write(Phase.DONE, "end", Status.SUCCEEDED, facts={"reason": reason}, ending=ending)


def end_processes(run: Rehearsal, events: tuple[Event, ...]) -> int:
    """SIGKILL the processes in the journal, and those with the run's id in their environment; returns how many."""
    left = [item for item in recorded(events) if item.alive()]
    left += [item for item in carriers(run.plan.run_id) if item not in left]
    for item in left:
        run.journal.write(Phase.ROLLBACK, "end_process", Status.STARTED, facts={"pid": item.pid, "started": item.started})
        end(item)
    return len(left)


def _finish_rollback(run: Rehearsal, events: tuple[Event, ...], environ: dict[str, str]) -> RolledBack:
    """Run the drill's rollback steps again, and check readiness; without a storm the error ratio cannot be judged."""
    injected = any(event.phase is Phase.INJECT and event.status is Status.STARTED for event in events)
    if not injected or run.plan.drill.has("mount_disk"):  # its service was lost with its disk
        return RolledBack.NOT_NEEDED
    run.record.builds = _builds(events)
    return _shielded(run, lambda: _roll_back(run, environ))


def _roll_back(run: Rehearsal, environ: dict[str, str]) -> None:
    plan = run.plan
    make = choose_control(plan.drill, plan.target_name, plan.target)
    run.control = make(plan.target, run.out, marked(plan.run_id, {**environ, **plan.environment}), run.pause, run.note_process)
    try:
        take_steps(run, Phase.ROLLBACK, (*plan.drill.rollback, CheckDatabase()))
        if run.record.integrity not in (None, "ok"):
            raise UnknownProblem(f"the database is corrupt: {run.record.integrity}")
    finally:
        run.control.finish()


def _shielded(run: Rehearsal, part: Callable[[], None]) -> RolledBack:
    try:
        part()
    except (Problem, OSError) as error:
        run.journal.write(Phase.ROLLBACK, "rollback", Status.FAILED, facts={"reason": str(error)})
        run.console.note(f"ROLLBACK FAILED: {error}")
        return RolledBack.FAILED
    return RolledBack.VERIFIED


def _builds(events: tuple[Event, ...]) -> dict[str, str]:
    """The build that ran before any injection, under the name that the rollback uses."""
    facts = [event.facts for event in events if event.action == "start_service"]
    return {str(item["release"]): str(item["build"]) for item in facts if item.get("build")}
