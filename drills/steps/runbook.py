"""The step that mitigates as an operator does: by a runbook."""

from drills.steps.base import StepBase


class WalkRunbook(StepBase, frozen=True, tag="walk_runbook"):
    """Walk a shipped runbook on the drill's own service, with `gonogo runbook run --yes`: what asks for a person is a dry run.

    GONOGO_STOP, GONOGO_START and GONOGO_ROLLBACK act on the service: the last one starts `release`. Once the page's step
    `rail_back_after` is over, the rail's operator, who was called in it, gives the rail back.
    """

    runbook: str
    release: str = ""
    rail_back_after: str = ""
