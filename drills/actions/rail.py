"""Steps that take the service's rail away, seen at the proxy, in the service's own mode, and in three books."""

from drills.control import ProcessControl
from drills.inquiry import read_mode
from drills.network.path import NetworkPath
from drills.network.rule import Rule
from drills.observations import counted
from drills.observed import Unobserved
from drills.payouts import PayoutRun, of_second_tenant
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.steps.base import label_of
from drills.steps.rail import (
    AcceptPayouts,
    AwaitPayouts,
    CutRail,
    HoldSteadyState,
    ObserveMode,
    ProxyRail,
    RestoreRail,
    StartPayouts,
)
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL
from gates.schema.time import monotonic_s, parse_duration_s

RAIL = "rail"
_SLOW_MS = 30_000  # a reply that is held so long is still on its way when the rail is taken away


def proxy_rail(run: Rehearsal, _step: ProxyRail) -> Facts:
    """Lead the service to its rail through a proxy; a service that others run has its own way to take the rail away."""
    control = run.service
    if not isinstance(control, ProcessControl):
        return {"proxy": False}

    def lead(url: str) -> str:
        if RAIL not in run.paths:
            path = NetworkPath(url, run.out / "logs" / "rail-proxy", control.environ, run.pause)
            run.note_process("rail proxy", path.identity)
            run.tidying.callback(path.end)
            run.paths[RAIL], run.rail_url = path, url
        return run.paths[RAIL].url

    control.service.lead_to_rail = lead
    return {"proxy": True}


def start_payouts(run: Rehearsal, step: StartPayouts) -> Facts:
    """Request payouts for a tenant that the storm does not use."""
    environ = of_second_tenant(run.client_environ, run.rail_url or run.client_environ.get(RAIL_URL, ""))
    plan, log = run.plan, run.out / "logs" / "payouts"
    payouts = PayoutRun.start(
        plan.target_argument, run.out / "payouts", seed=plan.seed, payouts=step.payouts, environ=environ, log=log
    )
    run.payouts = payouts
    run.note_process("payouts", payouts.child.identity)
    run.tidying.callback(payouts.end)
    _await_accepted(run, step.accepted, step.within)
    return {"accepted": payouts.accepted()}


def cut_rail(run: Rehearsal, step: CutRail) -> Facts:
    """Take the rail away, and see that it is gone."""
    path = run.paths.get(RAIL)
    at_s = monotonic_s()
    if path is None:
        run.service.command("cut_rail", parse_duration_s(step.within))
        return _seen_by_mode(run, step, at_s)
    before = path.impose(Rule(delay_ms=_SLOW_MS, of="responses"))
    run.wait_until(
        lambda: path.counts().delayed - before.delayed >= step.in_flight, step.within, f"{step.in_flight} charges in flight"
    )
    at_s = monotonic_s()
    cut = path.impose(Rule(refuse=True))
    try:
        run.wait_until(lambda: path.counts().refused > cut.refused, step.within, "a call to the rail that is refused")
    except TimedOut as error:
        raise Unobserved(f"the outage of the rail was not seen: {error.message}") from None
    lost = cut.delayed - before.delayed
    run.note_fault(label_of(step), at_s, f"the rail refuses connections, and {lost} of its replies were lost")
    run.accepted_before = run.running_payouts().accepted()
    return {"lost_replies": lost}


def _seen_by_mode(run: Rehearsal, step: CutRail, at_s: float) -> Facts:
    """Of a rail that others take away, the service's own mode is what shows it."""
    where = run.plan.target.mode
    if where is None:
        raise Unobserved("nothing shows that the rail is away", next_step="add spec.mode to the target file")
    try:
        _await_mode(run, where.trust_only, step.within)
    except TimedOut as error:
        raise Unobserved(f"the outage of the rail was not seen: {error.message}") from None
    run.note_fault(label_of(step), at_s, f"the service reports {where.trust_only}")
    run.accepted_before = run.running_payouts().accepted()
    return {"mode": where.trust_only}


def accept_payouts(run: Rehearsal, step: AcceptPayouts) -> Facts:
    """Payouts are accepted while the rail is away, and wait."""
    wanted = run.accepted_before + step.accepted
    try:
        _await_accepted(run, wanted, step.within)
    except TimedOut:
        count = run.running_payouts().accepted() - run.accepted_before
        raise Deviated(f"{count} payouts were accepted while the rail was away, not {step.accepted}") from None
    count = run.running_payouts().accepted() - run.accepted_before
    return counted({"payouts_meanwhile": (count, count)})


def restore_rail(run: Rehearsal, step: RestoreRail) -> Facts:
    """Give it back; from here on counts the time until every payout is decided."""
    path = run.paths.get(RAIL)
    if path is not None:
        path.impose(Rule())
    elif run.plan.target.process is None:
        run.service.command("restore_rail", parse_duration_s(step.within))
    else:
        return {"restored": False}  # the proxy ended with the drill that was killed
    if run.payouts is not None:
        run.payouts.enough()
    run.note_cleared()
    return {"restored": True}


def observe_mode(run: Rehearsal, step: ObserveMode) -> Facts:
    """The service says itself how it is."""
    where = run.plan.target.mode
    if where is None:
        return {"mode": None}
    word = str(getattr(where, step.mode))
    try:
        waited_s = _await_mode(run, word, step.within)
    except TimedOut as error:
        raise Deviated(error.message) from None
    if step.mode != "normal":
        run.note_detected()
    return {"mode": word, "waited_s": f"{waited_s:.3f}"}


def hold_steady_state(run: Rehearsal, step: HoldSteadyState) -> Facts:
    """No probe breaks meanwhile."""
    watch_until, seen = monotonic_s() + parse_duration_s(step.lasting), ""
    while monotonic_s() < watch_until:
        judgement = run.judge()
        seen = judgement.text()
        if judgement.broken:
            raise Deviated(f"the fault reached the clients: {seen}")
        run.pause(0.1)
    return {"lasting": step.lasting, "seen": seen}


def await_payouts(run: Rehearsal, step: AwaitPayouts) -> Facts:
    """Every payout decided, and each finding of the three books a deviation."""
    payouts = run.running_payouts()
    run.wait_until(lambda: not payouts.child.alive(), step.within, "the end of the payouts")
    code = payouts.end()
    check = payouts.check()
    run.record.payouts = check
    for finding in check.findings:
        run.deviate(f"{finding.rule}: {finding.detail}")
    return {"exit_code": code, "findings": len(check.findings)}


def _await_accepted(run: Rehearsal, wanted: int, within: str) -> None:
    payouts = run.running_payouts()

    def is_there() -> bool:
        if payouts.accepted() >= wanted:
            return True
        if not payouts.child.alive():
            last = payouts.child.stderr.read_text(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise UnknownProblem(f"the payout run ended early: {last[0]}", next_step=f"see {payouts.child.stderr.name}")
        return False

    run.wait_until(is_there, within, f"{wanted} accepted payouts", poll_s=0.05)


def _await_mode(run: Rehearsal, word: str, within: str) -> float:
    """Wait until the service reports this mode; returns the seconds. Raises TimedOut naming the one that it reports."""
    seen = ["nothing"]

    def is_there() -> bool:
        seen[0] = read_mode(run.plan.target, run.service.environ)
        return seen[0] == word

    try:
        return run.wait_until(is_there, within, "", poll_s=0.05)
    except TimedOut:
        raise TimedOut(f"the service reports the mode {seen[0]!r}, not {word!r}, {within} later") from None
