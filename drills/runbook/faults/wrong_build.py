"""For the runbook `launch-day`: after the scorecard was made, somebody deployed another build than the one that it judges."""

import shutil
import subprocess
from pathlib import Path

from drills.runbook.fault import Fault
from drills.runbook.stage import Stage
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv
from gates.schema.state import TRUST_FILE

_LIMIT_S = 120
_JUDGED = (ExitCode.GREEN, ExitCode.RED, ExitCode.UNKNOWN, ExitCode.CONDITIONAL)


class WrongBuild(Fault):
    """The launch would be that of a release that no gate has judged."""

    runbook = "launch-day"
    title = "another build runs than the one that the scorecard judges"

    def __init__(self) -> None:
        self._review, self._trust, self._judged = Path(), Path(), ""

    def inject(self, stage: Stage) -> None:
        """Have the running build judged, with whatever evidence there is; then deploy another one."""
        self._judged = str(stage.status()["build"])
        self._review = stage.folder / "review"
        argv = room_argv("scorecards", "scorecard", "build", "--target", stage.named.name, "--out", str(self._review))
        done = subprocess.run(argv, env=stage.environ, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        if done.returncode not in _JUDGED:
            raise UnknownProblem(f"no scorecard could be made (exit {done.returncode}): {done.stderr.strip()[-300:]}")
        self._trust = stage.folder / "given-trust.json"  # what is part of the folder that it signs shows nothing
        shutil.copyfile(Path(stage.environ["GONOGO_HOME"]) / TRUST_FILE, self._trust)
        stage.stop()
        stage.start("candidate")

    def seen(self, stage: Stage) -> str:
        """The build that runs is not that of the scorecard."""
        running = str(stage.status()["build"])
        if running == self._judged or self._judged not in (self._review / "scorecard.yaml").read_text(encoding="utf-8"):
            raise UnknownProblem("the build that runs is the judged one")
        return f"the scorecard judges {self._judged[:12]}, and {running[:12]} runs"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """The review that decided, and the keys that came with it."""
        return {"GONOGO_REVIEW": str(self._review), "GONOGO_REVIEW_TRUST": str(self._trust)}

    def gone(self, stage: Stage) -> str:
        """The judged build runs."""
        running = str(stage.status()["build"])
        if running != self._judged:
            raise UnknownProblem(f"{running[:12]} runs, and the scorecard judges {self._judged[:12]}")
        return "the judged build runs"
