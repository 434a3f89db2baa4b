"""Steps that start the service, kill it and start it again; each returns facts for the journal."""

from drills.observed import Unobserved
from drills.record import Kill
from drills.rehearsal import Deviated, Facts, Rehearsal
from drills.steps.base import label_of
from drills.steps.service import Restart, RestoreService, Seed, Sigkill, StartService
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s

GONE = "none of its processes is left, and it does not answer"


def seed(run: Rehearsal, _step: Seed) -> Facts:
    """Make the accounts that the storm uses."""
    run.service.seed()
    return {}


def start_service(run: Rehearsal, step: StartService) -> Facts:
    """Start the service and record its build."""
    run.service.start(step.release, parse_duration_s(step.within))
    name = step.release or "service"
    return {"release": name, "build": run.remember_build(name)}


def sigkill(run: Rehearsal, step: Sigkill) -> Facts:
    """Kill the service in the middle of the storm, while an attempt is in flight."""
    settles = settles_at_an_open_attempt(run, step.within)
    moment = run.service.kill()
    run.note_fault(label_of(step), moment, GONE)
    run.record.kills.append(Kill(moment, settles))
    return {"acknowledged_settles": settles, "seen_gone": True}


def settles_at_an_open_attempt(run: Rehearsal, within: str) -> int:
    """Wait until an attempt is in flight; returns the number of acknowledged settles at that time."""
    follower = run.running_storm().follower
    run.wait_until(lambda: bool(follower.open), within, "an attempt in flight", poll_s=0.001)
    return len(follower.settled)


def restart(run: Rehearsal, step: Restart) -> Facts:
    """Start it again, measure from the kill to the first ready response, and check that another process answers."""
    if not run.record.kills:
        raise UnknownProblem("nothing was killed before this step", next_step="put sigkill or cut_power before it")
    try:
        run.service.restore(parse_duration_s(step.within))
    except Unobserved:
        raise
    except UnknownProblem as problem:
        raise Deviated(f"the service did not come back after the kill: {problem.message}") from None
    recover_s = monotonic_s() - run.record.kills[-1].at_s
    run.service.require_other()
    run.record.kills[-1].recover_s = recover_s
    run.since_s = monotonic_s()
    run.note_cleared()
    return {"recover_s": f"{recover_s:.3f}"}


def restore_service(run: Rehearsal, step: RestoreService) -> Facts:
    """Have the service running, whatever state the method left."""
    started = run.service.restore(parse_duration_s(step.within))
    if started:
        run.since_s = monotonic_s()
        run.note_cleared()
    return {"was_down": started}
