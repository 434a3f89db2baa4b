"""What each step of a drill does: one function per row of the table at the end; each returns facts for the journal."""

from collections.abc import Callable
from typing import Any

import msgspec

from drills.audit import audit, check_database, wait_storm
from drills.control import PowerControl, ProcessControl
from drills.observed import Unobserved
from drills.preflight import understand
from drills.record import Kill
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.releases import load_release, make_release
from drills.steps import (
    Audit,
    CheckDatabase,
    CutPower,
    DeployRelease,
    MakeRelease,
    MountDisk,
    ObserveSteadyState,
    Restart,
    RestoreService,
    RollbackRelease,
    Seed,
    Sigkill,
    StartService,
    StartStorm,
    Step,
    WaitForSettles,
    WaitStorm,
)
from drills.storm import Storm
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s

Action = Callable[[Rehearsal, Any], Facts]
_PARTS = 1_000_000


def seed(run: Rehearsal, _step: Seed) -> Facts:
    """Make the accounts that the storm uses."""
    run.service.seed()
    return {}


def make_release_folder(run: Rehearsal, step: MakeRelease) -> Facts:
    """Copy the package and apply the release's changes; a service that gonogo does not start has its own releases."""
    if not isinstance(run.service, ProcessControl):
        return {"made": False}
    from gateway import package_dir  # the only import of the gateway: where its sources are

    release = load_release(step.release)
    make_release(package_dir(), release, run.out / "releases" / step.release)
    return {"made": True, "changes": [f"{change.file}: {change.why}" for change in release.changes]}


def start_service(run: Rehearsal, step: StartService) -> Facts:
    """Start the service and record its build."""
    run.service.start(step.release, parse_duration_s(step.within))
    name = step.release or "service"
    return {"release": name, "build": _remember_build(run, name)}


def start_storm(run: Rehearsal, _step: StartStorm) -> Facts:
    """Start the load run against the service, once a probe has shown that the target's file describes it."""
    probed = understand(run)
    plan = run.plan
    spec = msgspec.structs.replace(plan.drill.storm, payments=plan.payments)
    environ, log = run.service.environ, run.out / "logs" / "storm"
    run.storm = Storm.start(spec, plan.target_argument, run.out / "storm", seed=plan.seed, environ=environ, log=log)
    run.note_process("storm", run.storm.child.identity)
    run.since_s = monotonic_s()
    return {"profile": spec.profile, "payments": spec.payments, "seed": plan.seed, **probed}


def wait_for_settles(run: Rehearsal, step: WaitForSettles) -> Facts:
    """Wait for the point in the storm that the seed determines."""
    settled = run.running_storm().follower.settled
    wanted = max(1, round(draw(run.plan.seed, step.name, *step.share) * run.plan.payments))
    run.wait_until(lambda: len(settled) >= wanted, step.within, f"{wanted} acknowledged settles ({len(settled)} seen)")
    return {"wanted": wanted, "acknowledged": len(settled)}


def sigkill(run: Rehearsal, step: Sigkill) -> Facts:
    """Kill the service in the middle of the storm, while an attempt is in flight."""
    settles = _settles_at_an_open_attempt(run, step.within)
    run.record.kills.append(Kill(run.service.kill(), settles))
    return {"acknowledged_settles": settles, "seen_gone": True}


def mount_disk(run: Rehearsal, _step: MountDisk) -> Facts:
    """Mount the disk for the service's database."""
    run.note_process("disk", _on_power_disk(run).mount())
    return {}


def cut_power(run: Rehearsal, step: CutPower) -> Facts:
    """Kill the service and reset the disk; the seed determines which of the unsynced writes remain."""
    control = _on_power_disk(run)
    settles = _settles_at_an_open_attempt(run, step.within)
    kept = 1 + int(draw(run.plan.seed, step.name, "0", "1000000")) if step.unsynced == "partly_kept" else 0
    moment = control.kill()
    unsynced = control.disk.cut(kept)
    run.record.kills.append(Kill(moment, settles, unsynced=unsynced))
    return {"acknowledged_settles": settles, "seen_gone": True, "unsynced_writes": unsynced}


def _on_power_disk(run: Rehearsal) -> PowerControl:
    if not isinstance(run.service, PowerControl):
        raise UnknownProblem("this step needs a disk whose power can be cut", next_step="give the drill `evidence: power-drill`")
    return run.service


def _settles_at_an_open_attempt(run: Rehearsal, within: str) -> int:
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
    return {"recover_s": f"{recover_s:.3f}"}


def deploy_release(run: Rehearsal, step: DeployRelease) -> Facts:
    """Replace the running release by the candidate, and check that another build runs."""
    before = run.service.build()
    if before is None:
        raise Unobserved("the service does not report its build: nothing shows which release runs", next_step="add spec.build")
    deploy_s = monotonic_s()
    run.record.deploy_s = deploy_s
    try:
        run.service.deploy(step.release, parse_duration_s(step.within))
    except Unobserved:
        raise
    except UnknownProblem as problem:
        raise Deviated(f"release {step.release} did not become ready: {problem.message}") from None
    run.record.serving_s = run.since_s = monotonic_s()
    build = _remember_build(run, step.release)
    if build in (None, before):
        seen = "the same build runs as before" if build else "the service reports no build"
        raise Unobserved(f"after the deployment of {step.release} {seen}: the drill rehearsed nothing")
    return {"build": build, "deploy_s": f"{run.record.serving_s - deploy_s:.3f}"}


def observe_steady_state(run: Rehearsal, step: ObserveSteadyState) -> Facts:
    """Watch until a probe fails, and measure from the time at which the release serves."""
    begun = run.record.serving_s or monotonic_s()
    try:
        run.wait_until(lambda: run.judge().broken, step.within, "a broken steady state")
    except TimedOut:
        raise Deviated(f"the steady state still held after {step.within}: {run.judge().text()}") from None
    run.record.detected_s = monotonic_s()
    return {"detect_s": f"{run.record.detected_s - begun:.3f}", "seen": run.judge().text()}


def rollback_release(run: Rehearsal, step: RollbackRelease) -> Facts:
    """Return to the previous release, and check that its build runs."""
    known = run.record.builds.get(step.release)
    run.service.roll_back(step.release, parse_duration_s(step.within))
    run.since_s = monotonic_s()
    build = run.service.build()
    if known is not None and build != known:
        raise UnknownProblem(f"after the rollback build {build} runs, not {step.release}'s {known}")
    return {"build": build}


def restore_service(run: Rehearsal, step: RestoreService) -> Facts:
    """Have the service running, whatever state the method left."""
    started = run.service.restore(parse_duration_s(step.within))
    if started:
        run.since_s = monotonic_s()
    return {"was_down": started}


def draw(seed_number: int, label: str, low: str, high: str) -> float:
    """A number between two decimal strings that depends only on the seed and the label."""
    digest = sha256_hex(f"{seed_number}/{label}".encode())
    return float(low) + (float(high) - float(low)) * (int(digest[:12], 16) % _PARTS) / _PARTS


def _remember_build(run: Rehearsal, name: str) -> str | None:
    build = run.service.build()
    if build is not None:
        run.record.builds[name] = build
    return build


ACTIONS: dict[type[Step], Action] = {
    Seed: seed,
    MakeRelease: make_release_folder,
    StartService: start_service,
    StartStorm: start_storm,
    WaitForSettles: wait_for_settles,
    Sigkill: sigkill,
    MountDisk: mount_disk,
    CutPower: cut_power,
    Restart: restart,
    DeployRelease: deploy_release,
    ObserveSteadyState: observe_steady_state,
    RollbackRelease: rollback_release,
    RestoreService: restore_service,
    WaitStorm: wait_storm,
    Audit: audit,
    CheckDatabase: check_database,
}
