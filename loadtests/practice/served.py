"""A server process under measurement: started on its cores, watched through /proc, and always ended."""

import contextlib
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import sleep

from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s
from loadtests.practice.cores import pinned

_READY_S, _POLL_S, _GRACE_S = 60.0, 0.05, 20.0
_PROC = Path("/proc")


class Served:
    """One process, and the processes that it starts."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        cores: Collection[int],
        environ: Mapping[str, str] | None = None,
        user: pwd.struct_passwd | None = None,
        last_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name, self._log, self._last_signal = name, log, last_signal
        self._frozen = False
        with log.open("ab") as output, pinned(cores):
            try:
                self._process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=None if environ is None else dict(environ),
                    start_new_session=True,
                    **({} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}),  # type: ignore[call-overload]  # typed as one set of keywords
                )
            except OSError as error:
                raise UnknownProblem(f"{name} cannot be started: {error}") from None

    def wait(self, is_ready: Callable[[], bool], pause: Callable[[float], None] = sleep) -> None:
        """Return once `is_ready`; raises UnknownProblem with the end of the log if the process ends or takes too long."""
        deadline = monotonic_s() + _READY_S
        while not is_ready():
            code = self._process.poll()
            if code is not None or monotonic_s() > deadline:
                what = "was not ready in time" if code is None else f"ended with {code} before it was ready"
                raise UnknownProblem(f"{self.name} {what}{self._log_tail()}")
            pause(_POLL_S)

    def freeze(self) -> None:
        """Freeze it and its descendants, as on a paused machine; sockets stay open."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        self._frozen = True

    def go_on(self) -> None:
        """Continue it."""
        if self._frozen:
            os.killpg(self._process.pid, signal.SIGCONT)
            self._frozen = False

    def end(self) -> None:
        """Send its stop signal, wait, then SIGKILL it and its descendants."""
        self.go_on()
        if self._process.poll() is None:
            self._process.send_signal(self._last_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def cpu_ms(self) -> int | None:
        """CPU time of the process and its descendants so far, in milliseconds; None without /proc."""
        ticks = [_ticks(pid) for pid in self._family()]
        return sum(ticks) * 1000 // os.sysconf("SC_CLK_TCK") if ticks else None

    def rss_kb(self) -> int | None:
        """Resident memory in KiB. Memory shared by several processes is counted once."""
        family = self._family()
        if not family:
            return None
        return _field(family[0], "status", "VmRSS") if len(family) == 1 else sum(_field(p, "smaps_rollup", "Pss") for p in family)

    def _family(self) -> list[int]:
        if not (_PROC / str(self._process.pid)).is_dir():
            return []
        parents = {int(path.name): _parent(path) for path in _PROC.iterdir() if path.name.isdigit()}
        family = [self._process.pid]
        for pid in family:
            family += [child for child, parent in parents.items() if parent == pid]
        return family

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-5:]
        return "".join(f"\n  {line}" for line in lines)


def answers(port: int, path: str) -> bool:
    """Whether GET `path` succeeds now."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 300
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stat(path: Path) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, which may contain anything; empty for a process that has ended."""
    try:
        return (path / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _parent(path: Path) -> int:
    fields = _stat(path)
    return int(fields[1]) if fields else 0


def _ticks(pid: int) -> int:
    """User and system time, with that of children that have ended."""
    return sum(int(field) for field in _stat(_PROC / str(pid))[11:15])


def _field(pid: int, file: str, name: str) -> int:
    try:
        lines = (_PROC / str(pid) / file).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
