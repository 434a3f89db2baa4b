"""For the runbook `restore`: the database is corrupt, and the newest backup lacks the last payments and a payout."""

import subprocess
from pathlib import Path

from drills.runbook.fault import Fault
from drills.runbook.stage import STABLE, Stage
from gates.schema.errors import UnknownProblem
from gates.schema.target import command_line

_WITHIN_S = 60.0
_KEY = "rehearsal-lost-payout"


class CorruptDatabase(Fault):
    """No release can use the file; what was acknowledged after the backup is in it alone."""

    runbook = "restore"
    title = "the database is corrupt, and a backup from before the last payments is there"

    def __init__(self) -> None:
        self._backup = Path()
        self._kept, self._lost = "", ""

    def inject(self, stage: Stage) -> None:
        """Back it up while it runs, go on paying, then overwrite the file."""
        self._kept = stage.pay(5000)
        self._backup = stage.folder / "backup"
        _back_up(stage, self._backup)
        self._lost = stage.pay(500)
        self._pay_out(stage)
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
        """Where the backup is."""
        return {"GONOGO_BACKUP": str(self._backup)}

    def gone(self, stage: Stage) -> str:
        """What the backup holds is there, what came after it is not; the lost payout is requested again, and charged once."""
        if stage.status()["mode"] != "normal":
            raise UnknownProblem("reserves are still paused")
        if stage.call("finance", "GET", f"/v1/payments/{self._kept}").status_code != 200:
            raise UnknownProblem("a payment of the backup is missing")
        if stage.call("finance", "GET", f"/v1/payments/{self._lost}").status_code != 404:
            raise UnknownProblem("a payment from after the backup is there: another file was restored")
        self._pay_out(stage)
        if len(stage.charges()) != 1:
            raise UnknownProblem(
                f"the payout was repeated under its old key, and the rail has charged {len(stage.charges())} times"
            )
        return "the backup is in force, and the lost payout was charged once"

    def _pay_out(self, stage: Stage) -> None:
        """The payout, under its one key."""
        payout = stage.pay_out(100, _KEY)
        stage.wait("a payout that succeeds", _WITHIN_S, lambda: "paid" if stage.payout_state(payout) == "succeeded" else "")


def _back_up(stage: Stage, folder: Path) -> None:
    """The target's own backup command, as an operator takes it."""
    template = stage.named.target.commands.backup
    if not template:
        raise UnknownProblem("the target has no commands.backup", next_step="add spec.commands.backup to its file")
    argv = command_line(template, {"db": str(stage.db), "backup": str(folder)})
    done = subprocess.run(argv, env=stage.environ, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    if done.returncode != 0:
        raise UnknownProblem(f"the backup failed: {done.stderr.strip()[-400:]}")
