"""One drill on one target at a time: a lock that the kernel releases, and the folder of a drill that was killed on the target."""

import fcntl
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from drills import journal
from drills.journal import is_over, read_journal
from drills.record import Plan
from gates.evidence.identity import instance_sha256
from gates.schema.canonical import sha256_hex
from gates.schema.errors import Problem, RefusedProblem
from gates.schema.state import state_dir


class TargetLock:
    """The lock on the target of one plan, from its making until `release`; two drills would see each other's faults.

    Raises RefusedProblem while another drill runs on the target, or where one was killed on it and was not recovered: its fault
    may still be there. A drill that is recovered passes `recovering`. Drills of other users and of other machines are not seen.
    """

    def __init__(self, plan: Plan, out: Path, environ: Mapping[str, str], *, recovering: bool = False) -> None:
        self._path = _folder() / f"{_name(plan, environ)}.lock"
        try:
            self._file = _locked(self._path)
        except BlockingIOError:
            raise RefusedProblem(
                f"another drill runs on the target {plan.target_name!r}, in {self._path.read_text().strip()}",
                next_step="wait for its end, or end it with SIGTERM: it rolls back first",
            ) from None
        killed = self._path.read_text().strip()
        if killed and not recovering and _is_open(Path(killed)):
            os.close(self._file)
            raise RefusedProblem(
                f"a drill on the target {plan.target_name!r} was killed, and its fault may still be there: {killed}",
                next_step=f"gonogo drill recover {killed}",
            )
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, os.fsencode(out.absolute()), 0)
        self._held = True

    def release(self) -> None:
        """Let the next drill begin; the drill in the folder has ended."""
        if self._held:
            self._path.unlink()
            self.lose()

    def lose(self) -> None:
        """Let the lock go and keep the folder's name in it, as the kernel does when the process dies."""
        self._held = False
        os.close(self._file)

    def __enter__(self) -> Self:
        """The lock itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Release it."""
        self.release()


def _locked(path: Path) -> int:
    """The descriptor of the file at the path, locked; raises BlockingIOError while another process has it.

    Its holder deletes it at the end, so the file that was locked need not be the one that is there now.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(file)
            raise
        if path.exists() and path.samefile(f"/proc/self/fd/{file}"):
            return file
        os.close(file)


def _folder() -> Path:
    """A folder of this user's own on this machine, which every state folder shares: a service of others is one service."""
    folder = Path(tempfile.gettempdir()) / f"gonogo-drills-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise RefusedProblem(f"{folder}: belongs to somebody else", next_step="remove it, or set TMPDIR to another folder")
    return folder


def _name(plan: Plan, environ: Mapping[str, str]) -> str:
    """A service that others run is one for all; one that a drill starts is one for the drills of a state folder."""
    instance = instance_sha256(plan.target, None, environ)
    return instance if plan.target.process is None else sha256_hex(f"{state_dir()}/{instance}".encode())


def _is_open(out: Path) -> bool:
    """Whether the drill in that folder has no end: neither its own, nor that of `recover`."""
    try:
        return not is_over(read_journal(out / journal.FILE))
    except (OSError, Problem):
        return False  # the folder is gone, or is no drill's any more: nothing there can be recovered
