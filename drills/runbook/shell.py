"""Running the commands of one step: in the shell, in a process group of their own, within a time, with their output redacted.

What the commands start ends with them. They have no terminal: a program that needs an answer from a person gets none.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from drills.runbook.redaction import Redactor
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s

GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL for commands that run too long."""
MOST_BYTES = 4_000_000
"""Of one stream of one step: what prints more is stopped."""
LONGEST_LINE = 65_536
NOT_FOUND = 127
"""The exit code of the shell for a program that is not there."""

_SHELL = "bash"
_OPTIONS = ("--noprofile", "--norc", "-euo", "pipefail", "-c")
_GUARD = Path(__file__).with_name("_guard.py")
_POLL_S = 0.02
_LAST_S = 5.0

Meanwhile = Callable[[], None]
Show = Callable[[str], None]


class Ended(msgspec.Struct, frozen=True):
    """How commands ended: `code` as the shell gives it, what they printed, redacted, and why they were stopped, "" if not."""

    code: int
    took_s: float
    stdout: str
    stderr: str
    stopped: str = ""
    timed_out: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where commands run: their folder, their variables, and the texts that are taken out of what they print."""

    folder: Path
    environ: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def require_shell() -> None:
    """Raise UnknownProblem where there is no bash."""
    if shutil.which(_SHELL) is None:
        raise UnknownProblem("bash is not installed, and steps are run by it", next_step="apt-get install bash")


def run_commands(text: str, place: Place, timeout_s: float, meanwhile: Meanwhile, show: Show) -> Ended:
    """Run them to their end, which comes after `timeout_s` at the latest.

    `meanwhile` is called every few milliseconds; whatever it raises ends the commands first. `show` gets each redacted line.
    """
    popen = _start(text, place)
    assert popen.stdout is not None, "a pipe"
    assert popen.stderr is not None, "a pipe"
    streams = {pipe.fileno(): _Stream(place.secrets, show) for pipe in (popen.stdout, popen.stderr)}
    running = _Running(popen, dict(streams))
    try:
        running.wait(monotonic_s() + timeout_s, meanwhile)
    finally:
        running.stop()
        for pipe in (popen.stdout, popen.stderr):
            pipe.close()
    stdout, stderr = (stream.finish() for stream in streams.values())
    assert popen.returncode is not None, "it was waited for"
    took_s = monotonic_s() - running.begun_s
    return Ended(popen.returncode, took_s, stdout, stderr, running.stopped, running.timed_out)


def _start(text: str, place: Place) -> "subprocess.Popen[bytes]":
    guard = [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), str(GRACE_S)]
    return subprocess.Popen(
        [*guard, _SHELL, *_OPTIONS, text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(place.environ),
        cwd=place.folder,
        start_new_session=True,
    )


class _Stream:
    """One stream of the commands: read as it comes, redacted by whole lines."""

    def __init__(self, secrets: Iterable[str], show: Show) -> None:
        self._redactor, self._show = Redactor(secrets), show
        self._kept: list[str] = []
        self._rest = b""
        self.size = 0

    def feed(self, data: bytes) -> None:
        """Some more bytes."""
        self.size += len(data)
        whole, mark, self._rest = (self._rest + data).rpartition(b"\n")
        if len(self._rest) > LONGEST_LINE:  # a line without an end is taken as it is: memory has one
            whole, mark, self._rest = whole + mark + self._rest, b"\n", b""
        if whole or mark:
            self._keep(whole + mark)

    def finish(self) -> str:
        """All of it, with the last line."""
        if self._rest:
            self._keep(self._rest)
        return "".join(self._kept)

    def _keep(self, data: bytes) -> None:
        text = self._redactor.lines(data.decode(errors="replace"))
        self._kept.append(text)
        for line in text.splitlines():
            self._show(line)


class _Running:
    """Commands that run, and their open streams."""

    def __init__(self, popen: "subprocess.Popen[bytes]", streams: dict[int, _Stream]) -> None:
        self._popen, self._open = popen, streams
        self._streams = tuple(streams.values())
        self.begun_s = monotonic_s()
        self.stopped, self.timed_out = "", False

    def wait(self, deadline_s: float, meanwhile: Meanwhile) -> None:
        """Read until they have ended, or have to be stopped."""
        while self._popen.poll() is None and not self.stopped:
            self._read(_POLL_S)
            meanwhile()
            self.timed_out = self._popen.poll() is None and monotonic_s() > deadline_s
            if self.timed_out:
                self.stopped = "it ran longer than its timeout"
            elif any(stream.size > MOST_BYTES for stream in self._streams):
                self.stopped = f"it printed more than {MOST_BYTES} bytes"

    def stop(self) -> None:
        """SIGTERM, a grace, SIGKILL for all that is left; then read what they still had to say."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            deadline_s = monotonic_s() + GRACE_S + _LAST_S
            while self._popen.poll() is None and monotonic_s() < deadline_s:
                self._read(_POLL_S)
            if self._popen.poll() is None:
                os.killpg(self._popen.pid, signal.SIGKILL)
                self._popen.wait()
        while self._open and self._read(0.0):
            pass

    def _read(self, within_s: float) -> bool:
        """Read what is there; whether there was something."""
        ready, _, _ = select.select(list(self._open), [], [], within_s)
        for handle in ready:
            data = os.read(handle, LONGEST_LINE)
            if not data:
                del self._open[handle]
            elif self._open[handle].size <= MOST_BYTES:
                self._open[handle].feed(data)
        return bool(ready)
