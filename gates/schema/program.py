"""Running a program of somebody else's: within a time, within a size, and ended with all that it started."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

import msgspec

from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.time import monotonic_s

_BLOCK = 1 << 16
_LINGER_S, _POLL_S = 2.0, 0.01


class Done(msgspec.Struct, frozen=True):
    """How a program ended, and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


class _Reader(threading.Thread):
    """Reads a stream to its end, or until it has more than `limit` bytes."""

    def __init__(self, stream: IO[bytes], limit: int, process: "subprocess.Popen[bytes]") -> None:
        super().__init__(daemon=True)
        self._stream, self._limit, self._process = stream, limit, process
        self._parts: list[bytes] = []
        self.is_over = False

    def run(self) -> None:
        size = 0
        while block := os.read(self._stream.fileno(), _BLOCK):
            size += len(block)
            if size > self._limit:
                self.is_over = True
                self._process.kill()
                return
            self._parts.append(block)

    @property
    def data(self) -> bytes:
        """What was read."""
        return b"".join(self._parts)


def run_program(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    timeout_s: float,
    limit: int,
    stdin: IO[bytes] | None = None,
    own_session: bool = False,
) -> Done:
    """Run a program; it is gone when this returns, and with `own_session` all that it started.

    Raises UsageProblem where it cannot be started, UnknownProblem where it takes longer than `timeout_s` or writes more than
    `limit` bytes to a stream.
    """
    deadline = monotonic_s() + timeout_s
    name = os.path.basename(argv[0])  # noqa: PTH119  # a name, not a path
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=own_session,
        )
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageProblem(f"{name} cannot be started: {text}") from None
    assert process.stdout is not None, "it is a pipe"
    assert process.stderr is not None, "it is a pipe"
    readers = [_Reader(stream, limit, process) for stream in (process.stdout, process.stderr)]
    try:
        for reader in readers:
            reader.start()
        if not _ends_by(process, deadline):
            raise UnknownProblem(f"{name} took longer than {timeout_s:g} s")
        code = _end(process, own_session=own_session)
        for reader in readers:
            reader.join(_LINGER_S)
        if any(reader.is_over for reader in readers):
            raise UnknownProblem(f"{name} wrote more than {limit} bytes")
        return Done(code, readers[0].data, readers[1].data)
    finally:
        _end(process, own_session=own_session)
        for reader in readers:
            reader.join(_LINGER_S)
        process.stdout.close()
        process.stderr.close()


def ended(code: int) -> str:
    """An exit code in words."""
    return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"


def last_line(data: bytes) -> str:
    """The last line that a program wrote, for a message."""
    lines = data.decode(errors="replace").strip().splitlines()
    return f": {printable(lines[-1][:200])}" if lines else ""


def _ends_by(process: "subprocess.Popen[bytes]", deadline: float) -> bool:
    """Wait for the end without reaping, so that no other process can have its id."""
    nothing = threading.Event()
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if monotonic_s() >= deadline:
            return False
        nothing.wait(_POLL_S)
    return True


def _end(process: "subprocess.Popen[bytes]", *, own_session: bool) -> int:
    """Kill what is left, then reap it; the exit code, negative for a signal."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            if own_session:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    return process.wait()
