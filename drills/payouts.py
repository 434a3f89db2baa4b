"""Payouts of a second tenant while a drill runs: the load test's payout run as a process, followed through its files."""

import signal
from collections.abc import Mapping
from pathlib import Path

import msgspec

from drills import storm
from drills.child import Child, spawn
from drills.record import Check
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL

PATIENCE_S = 120
_MINE, _OTHERS = "GONOGO_", "GONOGO_OTHER_"


class _Ask(msgspec.Struct, frozen=True):
    """The member of a response's line that a drill reads."""

    type: str


class PayoutRun:
    """A running payout run."""

    def __init__(self, child: Child, out: Path, until: Path) -> None:
        self.child, self.out, self._until = child, out, until

    @classmethod
    def start(cls, target: str, out: Path, *, seed: int, payouts: int, environ: Mapping[str, str], log: Path) -> "PayoutRun":
        """Start it; if the drill is killed it gets SIGTERM."""
        argv = [*storm.LOAD, "hostile-rail", "--fault", "outage", "--target", target, "--out", str(out), "--seed", str(seed)]
        until = out.with_name("payouts-enough")
        argv += ["--payouts", str(payouts), "--patience", str(PATIENCE_S), "--until", str(until), "--no-evidence"]
        return cls(spawn(argv, environ, log, on_parent_death=signal.SIGTERM), out, until)

    def enough(self) -> None:
        """Request no more; those that were requested are waited for."""
        self._until.touch()

    def accepted(self) -> int:
        """How many payouts the service has accepted."""
        path = self.out / "asks.jsonl"
        data = path.read_bytes() if path.is_file() else b""
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        return sum(msgspec.json.decode(line, type=_Ask).type == "ok" for line in lines)

    def check(self) -> Check:
        """The three books, reconciled; raises UnknownProblem if the run left none."""
        try:
            return msgspec.json.decode((self.out / "check.json").read_bytes(), type=Check)
        except (FileNotFoundError, msgspec.MsgspecError) as error:
            raise UnknownProblem(f"the payout run left no check: {error}", next_step=f"see {self.child.stderr.name}") from None

    def end(self) -> int:
        """End it; returns its exit code."""
        return self.child.end(5.0)


def of_second_tenant(environ: Mapping[str, str], rail_url: str) -> dict[str, str]:
    """The environment in which the second tenant's accounts and keys have the names of the first one's.

    So nothing that it does touches the accounts of the storm. Raises UnknownProblem without a second tenant.
    """
    others = {_MINE + name.removeprefix(_OTHERS): value for name, value in environ.items() if name.startswith(_OTHERS)}
    if not others:
        raise UnknownProblem(
            "there is no second tenant, whose payouts would not touch the accounts of the storm",
            next_step=f"export its keys and ids as {_OTHERS}*, named as the first one's are after {_MINE}",
        )
    return {**environ, **others, RAIL_URL: rail_url}
