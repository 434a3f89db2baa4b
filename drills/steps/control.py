"""Steps that use the service's own controls: pause and resume."""

from typing import Annotated

import msgspec

from drills.steps.base import StepBase

Attempts = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class PauseService(StepBase, frozen=True, tag="pause_service"):
    """Pause the service; the pause is seen once `refused` new reserves were refused, and one that is taken is a deviation."""

    refused: Attempts = 5


class SettleOpenHolds(StepBase, frozen=True, tag="settle_open_holds"):
    """Wait until `settles` holds that were open at the pause are settled during it; holds that cannot be are a deviation."""

    settles: Attempts = 10


class ResumeService(StepBase, frozen=True, tag="resume_service"):
    """Resume the service; in the method, wait until a reserve is taken again."""
