"""Steps that act on the disk of the service's database."""

from typing import Literal

from drills.steps.base import StepBase


class MountDisk(StepBase, frozen=True, tag="mount_disk"):
    """Put the service's database on a disk whose power can be cut."""


class CutPower(StepBase, frozen=True, tag="cut_power"):
    """End the service without warning and cut its disk's power: unsynced writes are lost, or partly kept."""

    unsynced: Literal["lost", "partly_kept"]
