"""Steps around the load: start it, wait for a point in it, observe the service through it."""

import msgspec

from drills.preflight import understand
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.steady import Judgement
from drills.steps.storm import AwaitSteadyState, ObserveSteadyState, StartStorm, WaitForSettles
from drills.storm import Storm
from gates.schema.canonical import Json, sha256_hex
from gates.schema.time import monotonic_s

_PARTS = 1_000_000


def start_storm(run: Rehearsal, _step: StartStorm) -> Facts:
    """Start the load run against the service, once a probe has shown that the target's file describes it."""
    probed = understand(run)
    plan = run.plan
    spec = msgspec.structs.replace(plan.drill.storm, payments=plan.payments)
    environ, log = run.client_environ, run.out / "logs" / "storm"
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


def observe_steady_state(run: Rehearsal, step: ObserveSteadyState) -> Facts:
    """Watch until a probe fails; of a release measure from the time at which it serves."""
    begun = run.record.serving_s or monotonic_s()
    watch = Watch(run)
    try:
        run.wait_until(lambda: watch.look().broken, step.within, "a broken steady state")
    except TimedOut:
        raise Deviated(f"the steady state still held after {step.within}: {watch.text}") from None
    run.record.detected_s = monotonic_s()
    run.note_detected()
    return {"detect_s": f"{run.record.detected_s - begun:.3f}", "seen": watch.text}


def await_steady_state(run: Rehearsal, step: AwaitSteadyState) -> Facts:
    """Wait until every probe holds, so that the next fault meets a service that has recovered."""
    watch = Watch(run)
    try:
        waited_s = run.wait_until(lambda: watch.look().holds, step.within, "the steady state", poll_s=0.1)
    except TimedOut:
        raise Deviated(f"the steady state did not return within {step.within}: {watch.text}") from None
    return {"waited_s": f"{waited_s:.3f}", "seen": watch.text}


class Watch:
    """The probes of the steady state, and what they last said: a probe of a broken service can take seconds."""

    def __init__(self, run: Rehearsal) -> None:
        self._run, self.text = run, "not read"
        self.readings: dict[str, Json] = {}

    def look(self) -> Judgement:
        """Read every probe now."""
        judgement = self._run.judge()
        self.text = judgement.text()
        self.readings = {item.probe: item.detail or item.value for item in judgement.readings}
        return judgement


def draw(seed_number: int, label: str, low: str, high: str) -> float:
    """A number between two decimal strings that depends only on the seed and the label."""
    digest = sha256_hex(f"{seed_number}/{label}".encode())
    return float(low) + (float(high) - float(low)) * (int(digest[:12], 16) % _PARTS) / _PARTS
