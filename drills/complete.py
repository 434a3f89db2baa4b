"""The parts that a drill's document leaves out: the setup that its steps need, what undoes them, and the audit. Pure."""

from collections.abc import Iterator

import msgspec

from drills.incident.steps import AwaitPage, Freeze, StartMonitoring, Thaw
from drills.schema import Drill
from drills.steps.base import StepBase, action_of
from drills.steps.clock import FakeClock, JumpClock, ResetClock
from drills.steps.control import PauseService, ResumeService
from drills.steps.disk import CutPower, FailSyncs, FillDisk, HealDisk, MountDisk, SlowSyncs
from drills.steps.keys import PinKeys, RevokeKey, StealKey, VerifyReceipts
from drills.steps.network import HalfOpenNetwork, ProxyNetwork, RestoreNetwork, SlowNetwork
from drills.steps.rail import CutRail, ProxyRail, RestoreRail
from drills.steps.release import DeployRelease, RollbackRelease
from drills.steps.restore import AuditRestored, LoseDatabase, ReturnTraffic
from drills.steps.service import RestoreService, Seed, Sigkill, StartService
from drills.steps.step import Step
from drills.steps.storm import Audit, CheckDatabase, StartStorm, WaitStorm
from gates.schema.errors import UsageProblem

_RESTORE = RestoreService()

UNDO: dict[type[StepBase], Step | None] = {
    Sigkill: _RESTORE,
    CutPower: _RESTORE,
    FillDisk: HealDisk(),
    FailSyncs: HealDisk(),
    SlowSyncs: HealDisk(),
    Freeze: Thaw(),
    SlowNetwork: RestoreNetwork(),
    HalfOpenNetwork: RestoreNetwork(),
    CutRail: RestoreRail(),
    PauseService: ResumeService(),
    JumpClock: ResetClock(),
    StealKey: RevokeKey(),
    LoseDatabase: ReturnTraffic(within="60s"),
    DeployRelease: None,  # the document names the release to return to
}
"""The step that takes a fault back, whatever state the drill was stopped in; it must be safe to take twice."""

NEEDS: dict[type[StepBase], Step] = {
    AwaitPage: StartMonitoring(name="monitoring"),
    CutPower: MountDisk(),
    FillDisk: MountDisk(),
    FailSyncs: MountDisk(),
    SlowSyncs: MountDisk(threads=True),
    SlowNetwork: ProxyNetwork(),
    HalfOpenNetwork: ProxyNetwork(),
    JumpClock: FakeClock(),
    CutRail: ProxyRail(),
}
"""The step of the setup without which a fault cannot be injected."""

_BEFORE_SERVICE = (MountDisk, FakeClock, ProxyRail)


def complete(drill: Drill, origin: str) -> Drill:
    """The whole drill.

    Raises UsageProblem naming `origin` for a setup that lacks what a step needs, and for a fault that nothing can take back.
    """
    setup = drill.setup or tuple(_setup(drill))
    _require_setup(drill, setup, origin)
    return msgspec.structs.replace(
        drill, setup=setup, rollback=tuple(_rollback(drill, origin)), verify=drill.verify or _verify(drill)
    )


def _verify(drill: Drill) -> tuple[Step, ...]:
    """The audit; of a database that is lost on purpose one that knows of the losses; and the receipts of pinned keys."""
    pinned = any(isinstance(step, PinKeys) for step in drill.method)
    audit = AuditRestored() if drill.has("lose_database") else Audit()
    return (WaitStorm(within="120s"), audit, CheckDatabase(), *([VerifyReceipts(within="120s")] if pinned else []))


def _setup(drill: Drill) -> Iterator[Step]:
    needed = list(dict.fromkeys(NEEDS[type(step)] for step in drill.method if type(step) in NEEDS))
    first = [step for step in needed if isinstance(step, MountDisk)]  # the seed writes the database on it
    before = [step for step in needed if isinstance(step, _BEFORE_SERVICE) and step not in first]
    after = [step for step in needed if not isinstance(step, _BEFORE_SERVICE)]
    return iter((*first, Seed(), *before, StartService(), *after, StartStorm()))


def _require_setup(drill: Drill, setup: tuple[Step, ...], origin: str) -> None:
    for step in drill.method:
        needed = NEEDS.get(type(step))
        if needed is not None and not any(isinstance(item, type(needed)) for item in setup):
            name, wanted = action_of(step), action_of(needed)
            raise UsageProblem(f"{origin}: $.spec.setup: {name} needs {wanted} there", next_step="add it, or leave setup out")


def _rollback(drill: Drill, origin: str) -> Iterator[Step]:
    """The steps as written, and what undoes each fault of the method that they leave; the service itself comes last."""
    yield from drill.rollback
    written = {type(step) for step in drill.rollback}
    missing: dict[type[StepBase], Step] = {}
    for step in reversed(drill.method):
        undo = UNDO.get(type(step))
        if isinstance(step, DeployRelease) and RollbackRelease not in written:
            raise UsageProblem(
                f"{origin}: $.spec.rollback: nothing takes deploy_release back", next_step="add rollback_release with the release"
            )
        if undo is not None and type(undo) not in written:
            missing.setdefault(type(undo), undo)
    yield from (step for step in missing.values() if not isinstance(step, RestoreService))
    if not written & {RestoreService, RollbackRelease}:
        yield _RESTORE
