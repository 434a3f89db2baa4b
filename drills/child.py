"""One child process: in its own session, logged to files, identified by more than its pid, ended with its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import sleep

import msgspec

from gates.schema.time import monotonic_s

MARKER = "GONOGO_DRILL_RUN"  # in the environment of everything that a drill starts; its value is the drill's run id
Pause = Callable[[float], None]
_TRAMPOLINE = Path(__file__).with_name("_child.py")
_POLL_S = 0.005


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identity of one process: pids are reused, but not with the same start time after the same boot."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        found = _stat(self.pid)
        return found is not None and found[0] not in "ZX" and _start_mark(found) == self.started


def identify(pid: int) -> Identity | None:
    """The identity of the process that has this pid now, or None where there is none."""
    found = _stat(pid)
    return None if found is None else Identity(pid, _start_mark(found))


def group_members(group: int, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """The processes of this process group that still run: what `Child.end` kills, its first process and all that followed it."""
    found = ((int(entry.name), _stat(int(entry.name), proc)) for entry in proc.iterdir() if entry.name.isdigit())
    return tuple(pid for pid, stat in found if stat is not None and stat[0] not in "ZX" and int(stat[2]) == group)


class Child:
    """A running program. Its end is detected without reaping it, so that its pid stays reserved until `end` has cleaned up."""

    def __init__(self, popen: "subprocess.Popen[bytes]", stdout: Path, stderr: Path) -> None:
        self._popen = popen
        self.stdout, self.stderr = stdout, stderr
        identity = identify(popen.pid)
        assert identity is not None, "a child that was not reaped has a line in /proc"
        self.identity = identity

    @property
    def returncode(self) -> int | None:
        """The exit code once it is reaped, negative for a signal."""
        return self._popen.returncode

    def alive(self) -> bool:
        """Whether it still runs; `end` reaps it."""
        if self._popen.returncode is not None:
            return False
        return os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None

    def wait(self, timeout_s: float, pause: Pause = sleep) -> bool:
        """Wait until it ends; False if `timeout_s` passed first."""
        deadline = monotonic_s() + timeout_s
        while self.alive():
            if monotonic_s() >= deadline:
                return False
            pause(_POLL_S)
        return True

    def end(self, grace_s: float = 0.0, pause: Pause = sleep) -> int:
        """SIGTERM and `grace_s` to finish (none: at once SIGKILL), then SIGKILL for all that is left of its session."""
        if self._popen.returncode is not None:
            return self._popen.returncode
        if grace_s > 0 and self.alive():
            os.kill(self._popen.pid, signal.SIGTERM)
            self.wait(grace_s, pause)
        # Not reaped yet, so no other process group can have this id.
        os.killpg(self._popen.pid, signal.SIGKILL)
        return self._popen.wait()


def spawn(
    argv: Sequence[str], environ: Mapping[str, str], log: Path, *, cwd: Path | None = None, on_parent_death: int = signal.SIGKILL
) -> Child:
    """Start `argv` with stdout and stderr in `log`.out and `log`.err.

    The kernel sends `on_parent_death` when the calling thread ends, however it ends: call from a thread that
    lives as long as the child should. Here that is always the main thread.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    stdout, stderr = Path(f"{log}.out"), Path(f"{log}.err")
    full = [sys.executable, "-I", "-S", str(_TRAMPOLINE), str(os.getpid()), str(int(on_parent_death)), *argv]
    with stdout.open("wb") as out, stderr.open("wb") as err:
        popen = subprocess.Popen(
            full, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environ), cwd=cwd, start_new_session=True
        )
    return Child(popen, stdout, stderr)


def _stat(pid: int, proc: Path = Path("/proc")) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on: the name before them may contain spaces and brackets."""
    try:
        text = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


def _start_mark(stat: list[str]) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"{boot}-{stat[19]}"
