"""A command in a real terminal of its own: what it shows, what is typed, and the terminal that closes."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gates.schema.time import monotonic_s

_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the controlling one, so that closing it sends SIGHUP."""


class InTerminal:
    """A running command; `shown` is what it has printed so far."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        command = [sys.executable, "-S", "-c", _TAKE, *argv]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environ), cwd=cwd, start_new_session=True
        )
        os.close(slave)
        self.shown = ""

    def until(self, words: str, within_s: float = 120.0) -> None:
        """Read until these words were shown."""
        deadline, begun = monotonic_s() + within_s, len(self.shown)
        while words not in self.shown[begun:]:
            assert monotonic_s() < deadline, f"{words!r} was not shown:\n{self.shown}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 65_536).decode(errors="replace")
                except OSError as error:  # the command has ended
                    raise AssertionError(f"{words!r} was not shown:\n{self.shown}") from error

    def type(self, text: str) -> None:
        """Type this, and Enter."""
        os.write(self._master, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Type Ctrl-C."""
        os.write(self._master, b"\x03")

    def close(self) -> None:
        """Close the terminal."""
        os.close(self._master)
        self._master = -1

    def wait(self, within_s: float = 120.0) -> int:
        """The exit code; what is still shown is read meanwhile."""
        deadline = monotonic_s() + within_s
        while self.process.poll() is None:
            assert monotonic_s() < deadline, f"it did not end:\n{self.shown}"
            if self._master < 0:
                self.process.wait(within_s)
            elif select.select([self._master], [], [], 0.05)[0]:
                try:
                    self.shown += os.read(self._master, 65_536).decode(errors="replace")
                except OSError:
                    self.process.wait(within_s)
        return self.process.returncode

    def end(self) -> None:
        """Leave nothing of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            self.close()
