"""For the runbook `incident-command`: the gateway was killed, and nobody starts it."""

from drills.runbook.fault import Fault
from drills.runbook.faults.confused_caller import ROSTER
from drills.runbook.stage import Stage, accepted
from gates.schema.errors import UnknownProblem


class DeadGateway(Fault):
    """Nothing answers; a hold is open."""

    runbook = "incident-command"
    title = "the gateway is dead, with a hold open"

    def __init__(self) -> None:
        self._hold = ""

    def inject(self, stage: Stage) -> None:
        """Kill it without warning."""
        self._hold = stage.reserve(700)
        stage.service.kill()

    def seen(self, stage: Stage) -> str:
        """Nothing answers."""
        try:
            stage.status()
        except UnknownProblem:
            return "nothing answers"
        raise UnknownProblem("the gateway still answers")

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # the same for every stage
        """Whom this house calls."""
        return {"GONOGO_ROSTER": str(ROSTER)}

    def gone(self, stage: Stage) -> str:
        """The gateway answers, and the hold from before can be settled."""
        accepted(stage.call("agent", "POST", f"/v1/payments/{self._hold}/settle", {}), 200)
        return "the gateway answers, and the hold from before is settled"
