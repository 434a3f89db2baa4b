"""For the runbook `rollback`: a release with a defect in settle runs in place of the stable one."""

from drills.runbook.fault import Fault
from drills.runbook.stage import STABLE, Stage, accepted
from gates.schema.errors import UnknownProblem


class DefectiveRelease(Fault):
    """The candidate fails for every third amount: a settle of a caller is answered 500, and its outcome is unknown to them."""

    runbook = "rollback"
    title = "a defective release runs: settles of every third amount are answered 500"

    def __init__(self) -> None:
        self._payment, self._key, self._stable = "", "", ""

    def inject(self, stage: Stage) -> None:
        """Deploy the candidate on the same database."""
        self._stable = str(stage.status()["build"])
        stage.stop()
        stage.start("candidate")
        self._payment, self._key = stage.reserve(300), stage.new_key()

    def seen(self, stage: Stage) -> str:
        """A settle is answered 500 by another build than the stable one."""
        answer = stage.call("agent", "POST", f"/v1/payments/{self._payment}/settle", {}, self._key)
        if answer.status_code != 500 or stage.status()["build"] == self._stable:
            raise UnknownProblem(f"the candidate answered {answer.status_code} to a settle that it should fail")
        return "a settle is answered 500 by the candidate"

    def gone(self, stage: Stage) -> str:
        """The caller's retry with the same key is settled, by the stable build."""
        if stage.status()["build"] != self._stable:
            raise UnknownProblem(f"the build that runs is not that of the release {STABLE}")
        accepted(stage.call("agent", "POST", f"/v1/payments/{self._payment}/settle", {}, self._key), 200)
        return "the retry with the same key is settled by the stable build"
