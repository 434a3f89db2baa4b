"""After a drill was killed: end its processes, finish its rollback, and write the last line of its journal."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from time import sleep

import msgspec

from drills import journal as journals
from drills.child import MARKER, Identity, Pause, identify
from drills.control import DISK, choose_control
from drills.journal import End, Ending, Event, History, Journal, Phase, RolledBack, Status
from drills.power import unmount
from drills.record import PLAN_FILE, read_plan
from drills.rehearsal import Console, Rehearsal, marked
from drills.report import FILE, check_files, read_report
from drills.runner import take_steps
from drills.steps import CheckDatabase
from gates.evidence.statement import EvidenceKind
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
        run = Rehearsal(plan, out, journal, console)
        run.shielded = True
        journal.write(Phase.ROLLBACK, "recover", Status.STARTED, facts={"torn_bytes": len(history.torn)})
        ended = end_processes(run, history.events)
        console.note(f"{ended} remaining processes were ended")
        if plan.drill.kind is EvidenceKind.POWER_DRILL:
            unmount(out / DISK)  # its content was in the memory of a process that has ended
        rolled_back = _finish_rollback(run, history.events, environ)
        ending = Ending(End.INTERRUPTED, deviated=False, rolled_back=rolled_back)
        journal.write(Phase.DONE, "end", Status.SUCCEEDED, facts={"reason": "the drill was killed; recovered"}, ending=ending)
    finally:
        journal.close()
    return run


def is_over(history: History) -> bool:
    """Whether the journal has its last line: the end of a drill, or of a dry run."""
    return history.ending is not None or (bool(history.events) and history.events[-1].action == "dry_run")


def end_processes(run: Rehearsal, events: tuple[Event, ...]) -> int:
    """SIGKILL the processes in the journal, and those with the run's id in their environment; returns how many."""
    left = [item for item in recorded(events) if item.alive()]
    left += [item for item in carriers(run.plan.run_id) if item not in left]
    for item in left:
        run.journal.write(Phase.ROLLBACK, "end_process", Status.STARTED, facts={"pid": item.pid, "started": item.started})
        _end(item)
    return len(left)


def recorded(events: tuple[Event, ...]) -> list[Identity]:
    """The processes that the journal recorded as started."""
    facts = [event.facts for event in events if event.action == "process"]
    return [Identity(msgspec.convert(item["pid"], int), str(item["started"])) for item in facts]


def carriers(run_id: str, processes: Path = Path("/proc"), pause: Pause = sleep) -> list[Identity]:
    """The processes whose environment names this run: descendants, and one whose journal line was not written in time."""
    wanted = f"{MARKER}={run_id}".encode()
    found = []
    for entry in processes.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and wanted in _environ(entry, pause).split(b"\0"):
            identity = identify(int(entry.name))
            if identity is not None and identity.alive():
                found.append(identity)
    return found


def _environ(entry: Path, pause: Pause) -> bytes:
    """A process's environment; empty if it has ended, or belongs to another user or to the kernel.

    A process that is just being started has a program but neither arguments nor environment for an instant: it is read
    again, for at most a second.
    """
    try:
        for _ in range(100):
            environ = (entry / "environ").read_bytes()
            if environ or (entry / "cmdline").read_bytes():
                return environ
            (entry / "exe").readlink()  # kernel processes, and those that have ended, have none
            pause(0.01)
    except OSError:
        pass
    return b""


def _end(identity: Identity) -> None:
    """SIGKILL through a pidfd, which refers to this process and to no later one with the same pid."""
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return
    try:
        if identity.alive():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def _finish_rollback(run: Rehearsal, events: tuple[Event, ...], environ: dict[str, str]) -> RolledBack:
    """Run the drill's rollback steps again, and check readiness; without a storm the error ratio cannot be judged."""
    injected = any(event.phase is Phase.INJECT and event.status is Status.STARTED for event in events)
    if not injected or run.plan.drill.kind is EvidenceKind.POWER_DRILL:  # its service was lost with its disk
        return RolledBack.NOT_NEEDED
    run.record.builds = _builds(events)
    return _shielded(run, lambda: _roll_back(run, environ))


def _roll_back(run: Rehearsal, environ: dict[str, str]) -> None:
    plan = run.plan
    make = choose_control(plan.drill.evidence, plan.target_name, plan.target)
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
