"""Steps that set the clock of the running service, and of nothing else."""

from typing import Annotated

import msgspec

from drills.steps.base import StepBase

Offset = Annotated[str, msgspec.Meta(pattern="^[+-][1-9][0-9]{0,7}s$")]


class FakeClock(StepBase, frozen=True, tag="fake_clock"):
    """Start the service with a clock that can be set (libfaketime)."""


class JumpClock(StepBase, frozen=True, tag="jump_clock"):
    """Set the service's clock that far from the machine's; seen once its answers carry that time."""

    by: Offset


class ResetClock(StepBase, frozen=True, tag="reset_clock"):
    """Give the service the machine's time again."""
