"""What must a target offer for the steps of a drill? Checked before anything is started."""

from collections.abc import Callable, Mapping
from pathlib import Path

from drills.incident.steps import Freeze, ReplaceProcess
from drills.network.path import variable_of
from drills.restore.replica import find_litestream
from drills.runbook.environment import require_variables, step_environment
from drills.runbook.places import find_page
from drills.schema import Drill
from drills.steps.base import StepBase, action_of
from drills.steps.clock import FakeClock
from drills.steps.control import PauseService
from drills.steps.keys import PinKeys, RevokeKey, RotateKey, StealKey
from drills.steps.network import ProxyNetwork
from drills.steps.rail import CutRail
from drills.steps.restore import BackUp, CompareRestored, LoseDatabase, PayOut, ReconcileRail, Replicate, RestoreDatabase
from drills.steps.runbook import WalkRunbook
from gates.schema.errors import UnknownProblem
from gates.schema.target import NamedTarget, Target


def require_offers(drill: Drill, name: str, target: Target) -> None:
    """Raise UnknownProblem naming the first step that this target does not allow, and what to add to its file."""
    for step in drill.steps:
        need = NEEDS.get(type(step))
        lack = need(target) if need else ""
        if lack:
            raise UnknownProblem(
                f"the target {name!r} has no {lack}: {action_of(step)} cannot be run", next_step="add it to the target file"
            )


def require_runbooks(drill: Drill, named: NamedTarget, target_argument: str, environ: Mapping[str, str]) -> None:
    """Raise UsageProblem naming the variables that a runbook of the drill needs, and that nothing sets.

    Those of a service that the drill starts are the drill's own; with one that others run they are the target's commands, and
    the caller's.
    """
    if named.target.process is not None:
        return
    whom = {"GONOGO_ROSTER": "the drill's own"} if drill.has("start_monitoring") else {}
    for step in drill.steps:
        if isinstance(step, WalkRunbook):
            place = step_environment(named, target_argument, Path(), {**environ, **whom})
            require_variables(find_page(step.runbook), place)


def _pause(target: Target) -> str:
    return "" if target.commands.pause and target.commands.resume else "commands.pause and commands.resume"


def _rail(target: Target) -> str:
    if target.process is not None:
        return "" if target.process.rail else "process.rail"
    offered = target.commands.cut_rail and target.commands.restore_rail
    return "" if offered else "process, nor commands.cut_rail and commands.restore_rail"


def _clock(target: Target) -> str:
    return "" if target.process is not None else "process, and nobody can set the clock of a service that others run"


def _stopped(target: Target) -> str:
    return "" if target.process is not None else "process, and nobody can stop the process of a service that others run"


def _network(target: Target) -> str:
    variable_of(target.base_url)
    return ""


def _receipts(target: Target) -> str:
    return "" if target.audit.receipts and target.audit.trust else "audit.receipts and audit.trust"


def _rotation(target: Target) -> str:
    return "" if target.commands.rotate_key else "commands.rotate_key"


def _theft(target: Target) -> str:
    return "" if target.commands.copy_key and target.commands.revoke_key else "commands.copy_key and commands.revoke_key"


def _command(name: str) -> Callable[[Target], str]:
    return lambda target: "" if getattr(target.commands, name) else f"commands.{name}"


def _loss(target: Target) -> str:
    return "" if target.process is not None or target.commands.lose_database else "process, nor commands.lose_database"


def _ledger(target: Target) -> str:
    return "" if target.audit.ledger is not None else "audit.ledger, in which every payment is looked up"


def _payouts(target: Target) -> str:
    lacks = [
        *([] if "payout" in target.operations else ["operations.payout"]),
        *([] if target.rail is not None else ["rail"]),
        *([] if target.audit.payouts is not None else ["audit.payouts"]),
    ]
    return " and no ".join(lacks)


def _replica(target: Target) -> str:
    if target.process is None:
        return "process, and the drill cannot read the database of a service that others run"
    find_litestream()
    return _command("backup")(target)


NEEDS: dict[type[StepBase], Callable[[Target], str]] = {
    PauseService: _pause,
    CutRail: _rail,
    FakeClock: _clock,
    Freeze: _stopped,
    ReplaceProcess: _stopped,
    ProxyNetwork: _network,
    PinKeys: _receipts,
    RotateKey: _rotation,
    StealKey: _theft,
    RevokeKey: _theft,
    Replicate: _replica,
    BackUp: _command("backup"),
    RestoreDatabase: _command("restore_database"),
    LoseDatabase: _loss,
    CompareRestored: _ledger,
    PayOut: _payouts,
    ReconcileRail: _command("reconcile"),
}
