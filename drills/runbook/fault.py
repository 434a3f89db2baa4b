"""What goes wrong in a rehearsal: made on the gateway of the stage, seen before the runbook is walked, and seen to be gone."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from drills.child import Pause
from drills.runbook.page import Step
from drills.runbook.stage import Stage


class Fault:
    """One fault; the rehearsal calls its methods in the order in which they stand here. One that cannot go on raises Problem."""

    runbook: ClassVar[str]
    title: ClassVar[str]
    acts_on: ClassVar[tuple[str, ...]] = ()
    """The steps after which others do something, or something is looked at from outside."""

    def lacks(self) -> Iterable[str]:
        """What this machine lacks for it, each with the command that installs it."""
        return ()

    def prepare(self, folder: Path, environ: Mapping[str, str], pause: Pause) -> None:
        """Before there is a gateway: what the folder of its stage needs, such as a disk for the database."""

    def inject(self, stage: Stage) -> None:
        """Make it, on a gateway that is steady."""
        raise NotImplementedError

    def seen(self, stage: Stage) -> str:
        """See it from outside; what was seen. Raises UnknownProblem where it cannot be seen: nothing is rehearsed then."""
        raise NotImplementedError

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # most faults have none
        """Variables for the steps in addition to the stage's, such as the payment that a caller complains about."""
        return {}

    def after(self, stage: Stage, step: Step) -> None:
        """What others do after a step, such as the rail's operator who was called, and what has to hold then.

        A Problem that it raises is a failure of the step.
        """

    def gone(self, stage: Stage) -> str:
        """See from outside that it is over; what was seen. Raises UnknownProblem where it is not."""
        raise NotImplementedError

    def end(self) -> None:
        """Leave nothing of it, however the rehearsal ended."""
