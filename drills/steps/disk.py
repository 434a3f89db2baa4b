"""Steps that act on the disk of the service's database."""

from typing import Literal

from drills.steps.base import StepBase
from gates.schema.errors import UsageProblem
from gates.schema.time import parse_duration_s


class MountDisk(StepBase, frozen=True, tag="mount_disk"):
    """Put the service's database on a disk whose power can be cut; `threads`: others read while a slow sync runs."""

    threads: bool = False


class CutPower(StepBase, frozen=True, tag="cut_power"):
    """End the service without warning and cut its disk's power: unsynced writes are lost, or partly kept."""

    unsynced: Literal["lost", "partly_kept"]


class FillDisk(StepBase, frozen=True, tag="fill_disk"):
    """Leave the disk no room: what makes a file longer is refused (ENOSPC) from now on."""


class FailSyncs(StepBase, frozen=True, tag="fail_syncs"):
    """Have every sync fail (EIO) and forget what it had to write, as Linux does: programs see it, and the disk has it not."""


class SlowSyncs(StepBase, frozen=True, tag="slow_syncs"):
    """Have every sync take so much longer."""

    delay: str

    def __post_init__(self) -> None:
        """Refuse a delay that is no duration, where the document is read."""
        try:
            parse_duration_s(self.delay)
        except UsageProblem as problem:
            raise ValueError(problem.message) from None


class HealDisk(StepBase, frozen=True, tag="heal_disk"):
    """End every fault of the disk. What a failed sync forgot stays forgotten."""
