"""For the runbook `double-settle-alarm`: a release that forgets the keys of settles, and a caller who repeated one."""

from drills.runbook.fault import Fault
from drills.runbook.stage import Stage, accepted
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem

_PART = 200


class DoubleSettle(Fault):
    """A caller repeats a settle with the same key, as they should, and money moves twice."""

    runbook = "double-settle-alarm"
    title = "a release forgets the keys of settles: a repeated settle moves money twice"

    def __init__(self) -> None:
        self._payment, self._key, self._stable = "", "", ""

    def inject(self, stage: Stage) -> None:
        """Deploy the release; a caller settles a part of a payment, gets no answer, and repeats."""
        self._stable = str(stage.status()["build"])
        stage.stop()
        stage.start("forgets-keys")
        self._payment, self._key = stage.reserve(500), stage.new_key()
        for _ in range(2):
            _settle(stage, self._payment, self._key)

    def seen(self, stage: Stage) -> str:
        """The payment has twice of what one key settled."""
        settled = _settled(stage, self._payment)
        if settled != 2 * _PART:
            raise UnknownProblem(f"{settled} are settled under one key for {_PART}: money did not move twice")
        return f"one key for {_PART} has settled {settled}"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """What the caller complains about."""
        return {"GONOGO_PAYMENT": self._payment, "GONOGO_IDEMPOTENCY_KEY": self._key}

    def gone(self, stage: Stage) -> str:
        """The stable release runs, and a settle that is repeated there moves money once; what moved twice stays in the ledger."""
        if stage.status()["build"] != self._stable:
            raise UnknownProblem("the release that forgets keys still runs")
        payment, key = stage.reserve(500), stage.new_key()
        for _ in range(2):
            _settle(stage, payment, key)
        found = _settled(stage, payment)
        if found != _PART or _settled(stage, self._payment) != 2 * _PART:
            raise UnknownProblem(f"a repeated settle of {_PART} settled {found}")
        return "a repeated settle moves money once; both entries of the first one are kept"


def _settle(stage: Stage, payment: str, key: str) -> None:
    body: dict[str, Json] = {"amount": str(_PART), "final": False}
    accepted(stage.call("agent", "POST", f"/v1/payments/{payment}/settle", body, key), 200)


def _settled(stage: Stage, payment: str) -> int:
    return int(accepted(stage.call("finance", "GET", f"/v1/payments/{payment}"), 200)["amounts"]["settled"])
