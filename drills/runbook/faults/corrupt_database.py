"""For the runbook `restore`: the database is corrupt, and the newest copy lacks the last payments and a payout."""

import shutil
from pathlib import Path

from drills.runbook.fault import Fault
from drills.runbook.stage import STABLE, Stage
from gates.schema.errors import UnknownProblem

_WITHIN_S = 60.0


class CorruptDatabase(Fault):
    """No release can use the file; what was acknowledged after the copy is in it alone."""

    runbook = "restore"
    title = "the database is corrupt, and a copy from before the last payments is there"

    def __init__(self) -> None:
        self._backup = Path()
        self._kept, self._lost = "", ""

    def inject(self, stage: Stage) -> None:
        """Copy, go on paying, then overwrite the file."""
        self._kept = stage.pay(5000)
        stage.stop()
        self._backup = stage.folder / "backup"
        shutil.copytree(stage.db.parent, self._backup, ignore=shutil.ignore_patterns("*-rail.db*", "*.lock"))
        stage.start(STABLE)
        self._lost = stage.pay(500)
        payout = stage.pay_out(100)
        stage.wait("a payout that succeeds", _WITHIN_S, lambda: "paid" if stage.payout_state(payout) == "succeeded" else "")
        stage.stop()
        for path in (stage.db, stage.db.with_name(f"{stage.db.name}-wal")):
            if path.exists():
                path.write_bytes(b"\xff" * max(path.stat().st_size, 4096))

    def seen(self, stage: Stage) -> str:
        """The gateway does not start on it."""
        try:
            stage.start(STABLE)
        except UnknownProblem as problem:
            return f"the gateway does not start: {problem.message.splitlines()[0]}"
        raise UnknownProblem("the gateway starts on the corrupt database")

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """Where the copy is."""
        return {"GONOGO_BACKUP": str(self._backup)}

    def gone(self, stage: Stage) -> str:
        """What the copy holds is there again, and reserves are taken; what came after it is not, as the page says."""
        if stage.status()["mode"] != "normal":
            raise UnknownProblem("reserves are still paused")
        if stage.call("finance", "GET", f"/v1/payments/{self._kept}").status_code != 200:
            raise UnknownProblem("a payment of the copy is missing")
        if stage.call("finance", "GET", f"/v1/payments/{self._lost}").status_code != 404:
            raise UnknownProblem("a payment from after the copy is there: another file was restored")
        return "the copy is in force"
