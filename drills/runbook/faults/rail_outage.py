"""For the runbook `rail-outage`: the rail hangs. Its process is stopped, so that it accepts connections and answers nothing."""

import contextlib
import os
import signal

from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import Stage
from gates.schema.errors import UnknownProblem

PAYOUTS, _WITHIN_S = 6, 90.0


class RailOutage(Fault):
    """Payouts wait; the circuit to the rail opens, and the status says so."""

    runbook = "rail-outage"
    title = "the rail accepts connections and answers nothing"
    acts_on = ("call-rail",)

    def __init__(self) -> None:
        self._pid = 0
        self._payouts: list[str] = []

    def inject(self, stage: Stage) -> None:
        """Stop the rail's process, with payouts on their way to it."""
        stage.pay(5000)
        self._pid = stage.rail_pid
        os.kill(self._pid, signal.SIGSTOP)
        self._payouts = [stage.pay_out(100) for _ in range(PAYOUTS)]

    def seen(self, stage: Stage) -> str:
        """The status says trust_only, and no payout has succeeded."""
        stage.wait("trust_only", _WITHIN_S, lambda: "open" if stage.status()["mode"] == "trust_only" else "")
        states = self._states(stage)
        if "succeeded" in states:
            raise UnknownProblem(f"a payout succeeded without a rail: {states}")
        return f"trust_only; the payouts are {', '.join(sorted(set(states)))}"

    def after(self, stage: Stage, step: Step) -> None:  # noqa: ARG002  # it acts on the rail
        """The rail's operator repairs it when they are called."""
        if step.name == "call-rail":
            os.kill(self._pid, signal.SIGCONT)

    def gone(self, stage: Stage) -> str:
        """The status is normal, every payout has succeeded, and the rail's own book has each charge once."""
        stage.wait("payouts that succeed", _WITHIN_S, lambda: "all" if set(self._states(stage)) == {"succeeded"} else "")
        if stage.status()["mode"] != "normal":
            raise UnknownProblem("the status is not normal")
        charges = stage.charges()
        if sorted(charges) != sorted(set(charges)) or len(charges) != PAYOUTS:
            raise UnknownProblem(f"{PAYOUTS} payouts, {len(charges)} charges at the rail, {len(set(charges))} of them different")
        return f"{PAYOUTS} payouts succeeded, each charged once"

    def end(self) -> None:
        """Let the rail's process go on, so that it can be ended."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)

    def _states(self, stage: Stage) -> list[str]:
        return [stage.payout_state(payout) for payout in self._payouts]
