"""Supervise the storm's process: start it, follow its progress, and always end it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep
from typing import Literal

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.progress import Progress
from gates.schema.time import monotonic_s

RUN, PARENT = "GONOGO_STORM_RUN", "GONOGO_STORM_PARENT"
_LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"
_POLL_S, _GRACE_S, _SPARE_S = 0.2, 5.0, 30.0


class StormEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a storm ended: whether every payment ran to its end, and how many began, if known.

    `cause` of an end before that: it was stopped or reached its time limit, or the process that sends the requests failed.
    """

    complete: bool
    done: int
    detail: str
    begun: int | None = None
    cause: Literal["", "interrupted", "invalid_generator"] = ""


class StormFiles:
    """The files of one run's folder that the storm's process reads and writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan, self.order = folder / "plan.json", folder / "order.json"
        self.history, self.end = folder / "history.jsonl", folder / "storm.json"
        self.progress, self.log = folder / "progress", folder / "locust.log"

    def note_progress(self, done: int) -> None:
        """Record how many payments have ended; overwritten with a fixed width, so that a reader never sees half of it."""
        handle = os.open(self.progress, os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(handle, b"%010d\n" % done, 0)
        os.close(handle)

    def read_progress(self) -> int:
        """How many payments have ended, as last recorded."""
        try:
            text = self.progress.read_text().strip()
        except FileNotFoundError:
            return 0
        return int(text) if text.isdigit() else 0


def run_storm(
    folder: Path,
    duration_s: int,
    bar: Progress,
    pause: Callable[[float], None] = sleep,
    *,
    extra: Mapping[str, str] | None = None,
) -> StormEnd:
    """Run the storm whose plan and order are in `folder`, and wait for its end.

    `extra` are variables for that process in addition to those of this one. However this returns or raises (an interrupt, a
    termination), the storm's process has ended afterwards.
    """
    files = StormFiles(folder.absolute())
    argv = [sys.executable, "-P", "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--users", "1", "--only-summary"]
    outer = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environ = {**outer, **(extra or {}), RUN: str(files.folder), PARENT: str(os.getpid())}
    with files.log.open("wb") as log:
        child = subprocess.Popen(
            argv, cwd=files.folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = monotonic_s() + duration_s + _SPARE_S
            while child.poll() is None and monotonic_s() < deadline:
                bar.step(files.read_progress(), "payments")
                pause(_POLL_S)
            bar.step(files.read_progress(), "payments")
        finally:
            _end(child)
    return _read_end(files, child.returncode)


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


def _read_end(files: StormFiles, code: int | None) -> StormEnd:
    try:
        return msgspec.json.decode(files.end.read_bytes(), type=StormEnd)
    except FileNotFoundError:
        detail = f"the storm's process ended with {code} before it recorded its end: {_last_line(files.log)}"
        return StormEnd(complete=False, done=files.read_progress(), detail=detail, cause="invalid_generator")
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{files.end}: not the record of a storm's end: {error}") from None


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), f"nothing in {log.name}")
