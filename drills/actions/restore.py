"""Steps of a restore drill: each returns facts for the journal, from which its measures can be computed again."""

from typing import TypeVar, cast

import msgspec

from drills.audit import read_audit
from drills.control import ProcessControl
from drills.faults import FAULT
from drills.journal import Status, read_journal
from drills.observations import counted
from drills.observed import Unobserved
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.restore.compare import Comparison
from drills.restore.control import BOOK, RestoreControl, RestoreProcess
from drills.restore.measures import unexplained
from drills.restore.payer import Payer
from drills.restore.read import LEDGER, READ, comparison_of, read_restored
from drills.restore.replica import Replica
from drills.steps.base import StepBase, label_of
from drills.steps.restore import (
    AuditRestored,
    BackUp,
    CompareRestored,
    LoseDatabase,
    PayOut,
    ReconcileRail,
    RepeatPayouts,
    Replicate,
    RestoreDatabase,
    ReturnTraffic,
    SettleOn,
)
from gates.schema.durable import write_durably
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s

REPLICA, COPY = "replica", "replica-restored"
_SHOWN = 5
_ONLY_AT_RAIL = "only_at_rail"

Found = TypeVar("Found", bound=StepBase)


class _Difference(msgspec.Struct, frozen=True):
    gap: str
    rail_id: str | None = None
    rail_key: str = ""
    amount: str = ""


class _Reconciled(msgspec.Struct, frozen=True):
    """What `commands.reconcile` prints: charges with their payout, payouts without a decision, and each difference."""

    matched: int
    open: int
    differences: tuple[_Difference, ...]


def replicate(run: Rehearsal, step: Replicate) -> Facts:
    """Start litestream on the database, and wait until it has copied something."""
    control = run.service
    log = run.out / "logs" / "litestream"
    replica = Replica(control.db, run.out / REPLICA, log, control.environ, run.pause)
    identity = replica.start(step.sync)
    run.note_process("litestream", identity)
    run.tidying.callback(replica.remove)  # after the rollback, which may still restore from it
    run.tidying.callback(replica.kill)
    run.replica = replica
    run.wait_until(replica.holds, step.within, "the first changes in the replica", poll_s=0.05)
    return _moments(monotonic_s(), monotonic_s())


def back_up(run: Rehearsal, step: BackUp) -> Facts:
    """The target's backup command, while the storm runs."""
    begun_s = monotonic_s()
    _control(run).back_up(parse_duration_s(step.within))
    run.backed_up_s = ended_s = monotonic_s()
    run.console.note(f"backed up in {ended_s - begun_s:.2f} s")
    return _moments(begun_s, ended_s)


def pay_out(run: Rehearsal, step: PayOut) -> Facts:
    """Payouts, each seen in the rail's own book."""
    if run.payer is None:
        run.payer = Payer(run.plan.target, run.client_environ, _control(run).rail_url, run.plan.run_id)
    payer, before = run.payer, run.payer.charged()
    amounts = [payer.pay_out(run.pause) for _ in range(step.payouts)]
    run.wait_until(
        lambda: all((payer.charged() - before)[amount] for amount in amounts), step.within, "the charges in the rail's book"
    )
    if run.backed_up_s is not None or run.replica is not None:
        run.payouts_at_risk += step.payouts
    return {"payouts": step.payouts}


def settle_on(run: Rehearsal, step: SettleOn) -> Facts:
    """Settles that were sent after the backup are acknowledged."""
    since_s = run.since_s if run.backed_up_s is None else run.backed_up_s
    attempts = run.running_storm().follower.attempts

    def count() -> int:
        if run.replica is not None:
            run.replica.require_running()
        return sum(one.operation == "settle" and one.acknowledged and one.begun_s >= since_s for one in attempts)

    run.wait_until(lambda: count() >= step.settles, step.within, f"{step.settles} settles after the backup")
    return {"settles": count()}


def lose_database(run: Rehearsal, step: LoseDatabase) -> Facts:
    """Kill the service, and whoever copies its changes, and take the database away."""
    at_s = monotonic_s()
    if run.replica is not None:
        run.replica.require_running()
        run.replica.kill()  # first: the machine is gone, and nobody copies what is left
    at_s = min(at_s, _control(run).lose(parse_duration_s(step.within)))
    seen = "the service and every file of its database are gone"
    run.note_fault(label_of(step), at_s, seen if isinstance(run.service, ProcessControl) else "the service does not answer")
    return {"settles": len(run.running_storm().follower.settled)}


def restore_database(run: Rehearsal, step: RestoreDatabase) -> Facts:
    """Restore it elsewhere."""
    begun_s = monotonic_s()
    try:
        _restore(run, parse_duration_s(step.within))
    except UnknownProblem as problem:
        raise Deviated(f"the backup could not be restored: {problem.message}") from None
    return {"took_s": f"{monotonic_s() - begun_s:.3f}"}


def compare_restored(run: Rehearsal, step: CompareRestored) -> Facts:
    """Read the restored ledger, and compare: each loss that no backup explains and each odd entry is a deviation."""
    with _control(run).inspected(parse_duration_s(step.within)) as environ:
        write_durably(run.out / LEDGER, read_restored(run.plan.target, environ))
    if not isinstance(run.service, RestoreProcess):
        run.journal.write(run.phase, READ, Status.SUCCEEDED)
    run.running_storm().follower.poll()
    found = _compared(run)
    for texts in (
        [f"{loss.operation} of {loss.payment_id} is lost: {loss.unexplained}" for loss in found.unexplained],
        list(found.odd),
    ):
        for text in texts[:_SHOWN]:
            run.deviate(text)
        if len(texts) > _SHOWN:
            run.deviate(f"and {len(texts) - _SHOWN} more of that kind")
    lost = len(found.lost_settles)
    run.console.note(f"{found.acknowledged - len(found.losses)} of {found.acknowledged} operations restored, {lost} settles lost")
    return {"acknowledged": found.acknowledged, "lost": len(found.losses), "lost_settles": lost, "odd": len(found.odd)}


def reconcile_rail(run: Rehearsal, step: ReconcileRail) -> Facts:
    """The target's reconcile command on the rail's whole book."""
    payer = _payer(run)
    found, charges = _reconciled(run, payer, step.within)
    named = [one for one in found.differences if one.gap == _ONLY_AT_RAIL]
    for one in found.differences:
        if one.gap != _ONLY_AT_RAIL:
            run.deviate(f"the reconciliation finds {one.gap}: {one.rail_key} of {one.amount}")
    missed = charges - found.matched - sum(one.rail_id is not None for one in found.differences)
    if missed:
        run.deviate(f"the reconciliation accounts for {charges - missed} of the {charges} charges in the rail's book")
    if run.backed_up_s is not None and len(named) < run.payouts_at_risk:
        run.deviate(f"{run.payouts_at_risk} payouts were charged after the backup, and the reconciliation names {len(named)}")
    lost = f"{len(named)} of {charges} charges have no payout any more"
    run.console.note(lost)
    return {
        "matched": found.matched,
        **counted({"charges_lost": (len(named), charges), "charges_unaccounted": (abs(missed), charges)}),
    }


def return_traffic(run: Rehearsal, step: ReturnTraffic) -> Facts:
    """Start and resume it; in the method, see a payment acknowledged."""
    within_s = parse_duration_s(step.within)
    if _is_lost(run):
        _restore(run, within_s)
    _control(run).bring_back(within_s)
    since_s = run.since_s = monotonic_s()
    if run.storm is not None and not run.shielded:
        attempts = run.storm.follower.attempts
        try:
            run.wait_until(
                lambda: any(one.acknowledged and one.begun_s >= since_s for one in attempts), step.within, "a payment after it"
            )
        except TimedOut:
            raise Deviated(f"no payment was acknowledged within {step.within} of the restore") from None
    run.note_cleared()
    return {"seen": not run.shielded}


def repeat_payouts(run: Rehearsal, step: RepeatPayouts) -> Facts:
    """Request each payout again; once all are decided, every one has exactly one charge, and both books agree."""
    payer = _payer(run)
    payer.fund(run.pause)
    amounts = [payer.repeat(number, run.pause) for number in range(1, payer.made + 1)]
    run.wait_until(lambda: payer.open() == 0, step.within, "every payout decided", poll_s=0.2)
    charged = payer.charged()
    second = sum(max(0, charged[amount] - 1) for amount in amounts)
    if second:
        run.deviate(f"{second} payouts that were requested again under their old keys were charged a second time")
    if none := [amount for amount in amounts if not charged[amount]]:
        run.deviate(f"{len(none)} payouts have no charge, the first of them that of {none[0]}")
    found, _ = _reconciled(run, payer, step.within)
    for one in found.differences[:_SHOWN]:
        run.deviate(f"after the payouts were requested again the reconciliation still finds {one.gap}: {one.rail_key}")
    return counted({"second_charges": (second, len(amounts))})


def audit_restored(run: Rehearsal, _step: AuditRestored) -> Facts:
    """The load run's verdict, without what the named losses explain."""
    check, facts = read_audit(run)
    left = unexplained(check, _compared(run))
    run.record.check = left
    for item in left.findings[:_SHOWN]:
        run.deviate(f"{item.rule}, which no loss explains: {item.detail}")
    return {**facts, "explained": len(check.findings) - len(left.findings)}


def _control(run: Rehearsal) -> RestoreControl:
    return cast("RestoreControl", run.service)


def _restore(run: Rehearsal, within_s: float) -> None:
    control = run.service
    if run.plan.drill.has("replicate"):
        assert isinstance(control, RestoreProcess), "needs.py asks for a process"
        copy = run.out / COPY / control.db.name
        log = run.out / "logs" / "litestream"
        replica = run.replica or Replica(control.db, run.out / REPLICA, log, control.environ, run.pause)
        replica.restore(copy, run.note_process)
        control.adopt(copy, within_s)
    _control(run).restore_database(within_s)


def _is_lost(run: Rehearsal) -> bool:
    """Whether the database is away and was not restored; the journal knows it of a drill that was killed, too."""
    done = {event.action for event in read_journal(run.journal.path).events if event.status is Status.SUCCEEDED}
    gone = isinstance(run.service, RestoreProcess) and not run.service.db.exists()
    return "restore_database" not in done and (FAULT in done or gone)


def _compared(run: Rehearsal) -> Comparison:
    found = comparison_of(run.out, step_of(run, CompareRestored), read_journal(run.journal.path).events)
    if found is None:
        raise UnknownProblem("nothing was restored that could be compared", next_step="put compare_restored before this step")
    return found


def step_of(run: Rehearsal, kind: type[Found]) -> Found | None:
    """The first step of this kind in the drill."""
    return next((step for step in run.plan.drill.steps if isinstance(step, kind)), None)


def _payer(run: Rehearsal) -> Payer:
    if run.payer is None:
        raise UnknownProblem("no payout was made", next_step="put pay_out before this step")
    return run.payer


def _reconciled(run: Rehearsal, payer: Payer, within: str) -> tuple[_Reconciled, int]:
    """What the target's command finds, and how many charges the rail's book has."""
    (run.out / BOOK).write_bytes(payer.book_lines())
    said = _control(run).ask("reconcile", parse_duration_s(within), (0, 1))
    try:
        return msgspec.json.decode(said, type=_Reconciled), len(payer.charges())
    except msgspec.MsgspecError as error:
        what = f"commands.reconcile does not print matched, open and differences as JSON: {error}"
        raise Unobserved(what, next_step="correct it in the target file") from None


def _moments(begun_s: float, ended_s: float) -> Facts:
    return {"begun_ns": int(begun_s * 1e9), "ended_ns": int(ended_s * 1e9)}
