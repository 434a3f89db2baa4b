"""For the runbook `pause-and-resume`: an agent that reserves without end. Run as a program, this file is that agent."""

import os
import sys
from threading import Event

import httpx
import msgspec

from drills.child import Child, spawn
from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import Stage, accepted
from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv

_EVERY_S, _FEW, _WITHIN_S, _AMOUNT = 0.1, 5, 60.0, 100


class RunawayAgent(Fault):
    """Ten reserves a second, each accepted: the wallet's money is held for payments that nobody wants."""

    runbook = "pause-and-resume"
    title = "an agent reserves ten payments a second, without end"
    acts_on = ("pause", "stop-caller")

    def __init__(self) -> None:
        self._agent: Child | None = None
        self._hold = ""

    def inject(self, stage: Stage) -> None:
        """Let it run, next to an honest payment whose hold is open."""
        self._hold = stage.reserve(700)
        self._agent = spawn(room_argv(__name__), stage.environ, stage.folder / "logs" / "agent")

    def seen(self, stage: Stage) -> str:
        """Its reserves are accepted, one after another."""
        seen = "reserve after reserve is accepted"
        return stage.wait("reserves of the runaway agent", _WITHIN_S, lambda: seen if self._count(b"201") > _FEW else "")

    def after(self, stage: Stage, step: Step) -> None:
        """Its owner stops it when they are called. While reserves are paused, honest holds must still settle."""
        if step.name == "pause":
            answer = stage.call("agent", "POST", "/v1/payments", stage.payment(_AMOUNT))
            if answer.status_code != 503 or answer.json()["code"] != "paused":
                raise UnknownProblem(f"a reserve during the pause is answered {answer.status_code}, not 503 paused")
            accepted(stage.call("agent", "POST", f"/v1/payments/{self._hold}/settle", {}), 200)
            stage.wait("refused reserves of the runaway agent", _WITHIN_S, lambda: "refused" if self._count(b"503") else "")
        if step.name == "stop-caller" and self._agent is not None:
            self._agent.end()

    def gone(self, stage: Stage) -> str:
        """It is stopped, and reserves are taken again."""
        if self._agent is None or self._agent.alive():
            raise UnknownProblem("the runaway agent still runs")
        if stage.status()["mode"] != "normal":
            raise UnknownProblem("reserves are still paused")
        return "the agent is stopped, and reserves are taken again"

    def end(self) -> None:
        """End the agent, if nobody has."""
        if self._agent is not None:
            self._agent.end()

    def _count(self, status: bytes) -> int:
        assert self._agent is not None, "it was started"
        return self._agent.stdout.read_bytes().split().count(status)


def main() -> None:
    """Reserve without end, and print each status."""
    env, pause = os.environ, Event()
    headers = {"authorization": f"Bearer {env['GONOGO_AGENT_KEY']}", "content-type": "application/json"}
    body = {"wallet_id": env["GONOGO_WALLET_ID"], "payee_id": env["GONOGO_PAYEE_IDS"].split(",")[0], "currency": "USD"}
    content = msgspec.json.encode({**body, "amount": str(_AMOUNT)})
    number = 0
    with httpx.Client(base_url=env["GONOGO_BASE_URL"], headers=headers, timeout=10.0, trust_env=False) as client:
        while not pause.wait(_EVERY_S):
            number += 1
            answer = client.post("/v1/payments", content=content, headers={"idempotency-key": f"runaway-agent-{number:08d}"})
            sys.stdout.write(f"{answer.status_code}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
