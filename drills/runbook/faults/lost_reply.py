"""For the runbook `unknown-outcomes`: the rail charges and loses its reply, and look-ups fail for a while."""

from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import Stage
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem

_WITHIN_S = 90.0


class LostReply(Fault):
    """One payout was charged, and the gateway does not know: the state is unknown, and its amount set aside."""

    runbook = "unknown-outcomes"
    title = "the rail charges a payout, loses the reply, and does not answer look-ups"
    acts_on = ("call-rail",)

    def __init__(self) -> None:
        self._payout, self._key = "", ""

    def inject(self, stage: Stage) -> None:
        """Script the rail, then pay out."""
        stage.pay(5000)
        lost: dict[str, Json] = {"action": "lost_reply_after", "times": 1}
        failing: dict[str, Json] = {"action": "bad_gateway", "times": 0}
        stage.script({"charges": [lost], "look_ups": [failing]})
        self._key = stage.new_key()
        self._payout = stage.pay_out(100, self._key)

    def seen(self, stage: Stage) -> str:
        """The payout is unknown, and the rail's own book has its charge."""
        stage.wait("a payout that is unknown", _WITHIN_S, lambda: self._is(stage, "unknown"))
        if len(stage.charges()) != 1:
            raise UnknownProblem("the rail has not charged the payout")
        return "the payout is unknown, and the rail has charged it"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """What the caller complains about: the key of their request, and the payout."""
        return {"GONOGO_IDEMPOTENCY_KEY": self._key, "GONOGO_PAYOUT": self._payout}

    def after(self, stage: Stage, step: Step) -> None:
        """The rail answers look-ups again once its operator was called."""
        if step.name == "call-rail":
            stage.script({})

    def gone(self, stage: Stage) -> str:
        """The payout has succeeded, and was charged once."""
        stage.wait("a payout that succeeded", _WITHIN_S, lambda: self._is(stage, "succeeded"))
        if len(stage.charges()) != 1:
            raise UnknownProblem(f"the rail has charged the payout {len(stage.charges())} times")
        return "the payout succeeded, charged once"

    def _is(self, stage: Stage, state: str) -> str:
        return state if stage.payout_state(self._payout) == state else ""
