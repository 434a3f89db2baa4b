"""Steps that back a database up, lose it, restore it, and compare what is there with what was acknowledged to clients."""

from typing import Annotated

import msgspec

from drills.steps.base import StepBase
from gates.schema.errors import UsageProblem
from gates.schema.time import parse_duration_s

_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Replicate(StepBase, frozen=True, tag="replicate"):
    """Have litestream copy the database's changes into a folder from now on; `sync` is how often."""

    sync: str = "1s"

    def __post_init__(self) -> None:
        """Refuse a sync that is no duration, where the document is read."""
        _require_duration(self.sync)


class BackUp(StepBase, frozen=True, tag="back_up"):
    """Back the database up while the service works on it."""


class PayOut(StepBase, frozen=True, tag="pay_out"):
    """Have a second tenant's payouts charged at the rail, one after the other."""

    payouts: _Count = 3


class SettleOn(StepBase, frozen=True, tag="settle_on"):
    """Wait until so many settles were acknowledged that were sent after the backup: what a restore can lose."""

    settles: _Count = 20


class LoseDatabase(StepBase, frozen=True, tag="lose_database"):
    """End the service without warning, and take its database away with all of its files; seen once both are gone."""


class RestoreDatabase(StepBase, frozen=True, tag="restore_database"):
    """Restore the backup elsewhere. No traffic comes to it yet."""


class CompareRestored(StepBase, frozen=True, tag="compare_restored"):
    """Compare everything that was acknowledged to clients with the restored ledger, one by one.

    `rpo` is the objective: what was acknowledged longer than that before the loss may not be missing, and what was acknowledged
    before the backup began may not be missing at all.
    """

    rpo: str

    def __post_init__(self) -> None:
        """Refuse an objective that is no duration, where the document is read."""
        _require_duration(self.rpo)


class ReconcileRail(StepBase, frozen=True, tag="reconcile_rail"):
    """Hold the rail's own book against the restored payouts; each charge has its payout, or is named as one that was lost."""


class ReturnTraffic(StepBase, frozen=True, tag="return_traffic"):
    """Start the service on the restored database at its old address, and resume it; restores first what is still lost."""


class RepeatPayouts(StepBase, frozen=True, tag="repeat_payouts"):
    """Request the payouts that were lost again, under their old keys; a second charge at the rail is a deviation."""


class AuditRestored(StepBase, frozen=True, tag="audit_restored"):
    """Read the load run's check: every finding that the named losses do not explain is a deviation."""


def _require_duration(text: str) -> None:
    try:
        parse_duration_s(text)
    except UsageProblem as problem:
        raise ValueError(problem.message) from None
