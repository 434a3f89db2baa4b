"""For the runbook `support-escalation`: a caller's program changes the body of a request when it repeats it."""

from pathlib import Path

from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import Stage, accepted
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem

_CODE = "idempotency_key_reused"
ROSTER = Path(__file__).parents[2] / "incident" / "roster.yaml"
"""The roster of a rehearsal."""


class ConfusedCaller(Fault):
    """The first answer was lost; the repetition names another reference, and is refused again and again."""

    runbook = "support-escalation"
    title = "a caller repeats a lost request with another body, and is refused"
    acts_on = ("answer",)

    def __init__(self) -> None:
        self._key, self._body = "", dict[str, Json]()
        self._answered = False

    def inject(self, stage: Stage) -> None:
        """Reserve, lose the answer, and repeat with another reference."""
        self._key, self._body = stage.new_key(), stage.payment(500)
        accepted(stage.call("agent", "POST", "/v1/payments", self._body, self._key), 201)

    def seen(self, stage: Stage) -> str:
        """The repetition is refused with the code that the caller reports."""
        answer = stage.call("agent", "POST", "/v1/payments", {**self._body, "client_reference": "another"}, self._key)
        if answer.status_code != 422 or answer.json()["code"] != _CODE:
            raise UnknownProblem(f"the changed repetition is answered {answer.status_code}, not 422 {_CODE}")
        return f"the caller gets 422 {_CODE}"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """What the caller reports, and whom this house calls."""
        return {"GONOGO_CODE": _CODE, "GONOGO_IDEMPOTENCY_KEY": self._key, "GONOGO_ROSTER": str(ROSTER)}

    def after(self, stage: Stage, step: Step) -> None:
        """The caller does what support answers: repeat the first request exactly."""
        if step.name == "answer":
            accepted(stage.call("agent", "POST", "/v1/payments", self._body, self._key), 201)
            self._answered = True

    def gone(self, stage: Stage) -> str:
        """The first request, repeated exactly, gets its first answer: one payment, not two."""
        if not self._answered:
            raise UnknownProblem("nobody has answered the caller, who still repeats the changed request")
        first = accepted(stage.call("agent", "POST", "/v1/payments", self._body, self._key), 201)["payment"]["payment_id"]
        entries = stage.call("finance", "GET", "/v1/ledger/entries?after=0&limit=1000").text
        made = entries.count('"kind":"reserve"')
        if made != 2:  # the steady state's, and the caller's
            raise UnknownProblem(f"{made} reserves in the ledger: the caller's request was not recognised")
        return f"the caller has their payment {first[:8]}, once"
