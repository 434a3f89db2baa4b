"""Litestream as a child process: it copies the changes of a SQLite database into a folder, from which it restores it."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from drills.child import Child, Identity, Pause, spawn
from gates.schema.errors import UnknownProblem

PROGRAM = "litestream"
INSTALL = "pip install 'gonogo[litestream]'"
_RESTORE_S = 120.0


def find_litestream() -> str:
    """The program's path; raises UnknownProblem with the command that installs it."""
    beside = Path(sys.executable).with_name(PROGRAM)  # where its wheel puts it, whether or not that is on the PATH
    found = str(beside) if beside.is_file() else shutil.which(PROGRAM)
    if found is None:
        raise UnknownProblem(f"{PROGRAM} is not installed", next_step=INSTALL)
    return found


class Replica:
    """A replica of one database in a folder, and the files that lie next to the database, such as its keys."""

    def __init__(self, db: Path, folder: Path, log: Path, environ: Mapping[str, str], pause: Pause) -> None:
        self._db, self._folder, self._log, self._pause = db, folder, log, pause
        self._environ = dict(environ)
        self._child: Child | None = None

    @property
    def _changes(self) -> Path:
        return self._folder / "changes"

    def start(self, sync: str) -> Identity:
        """Copy the files next to the database, which it does not; then begin."""
        kept = self._folder / "kept"
        kept.mkdir(parents=True)
        for path in self._db.parent.glob(f"{self._db.name}.*"):
            if path.is_file():
                shutil.copy2(path, kept / path.name)
        config = self._folder / f"{PROGRAM}.yml"
        config.write_text(
            f"dbs:\n  - path: {self._db}\n    replica: {{type: file, path: {self._changes}, sync-interval: {sync}}}\n"
        )
        argv = [find_litestream(), "replicate", "-config", str(config)]
        self._child = spawn(argv, self._environ, self._log)
        return self._child.identity

    def holds(self) -> bool:
        """Whether it has written changes; raises UnknownProblem if it has ended."""
        self.require_running()
        return self._changes.is_dir() and any(path.is_file() for path in self._changes.rglob("*"))

    def require_running(self) -> None:
        """Raise UnknownProblem with the end of its log if it has ended."""
        assert self._child is not None, "started"
        if not self._child.alive():
            said = self._child.stderr.read_text(errors="replace") + self._child.stdout.read_text(errors="replace")
            raise UnknownProblem(f"{PROGRAM} ended: {said.strip()[-400:] or 'no message'}", next_step=f"see {self._child.stderr}")

    def kill(self) -> None:
        """SIGKILL: what it has not copied is lost with the machine."""
        if self._child is not None:
            self._child.end()

    def remove(self) -> None:
        """Delete the replica, and what litestream keeps next to the database: no secret could be found in packed pages."""
        for folder in (self._folder, self._db.with_name(f".{self._db.name}-{PROGRAM}")):
            shutil.rmtree(folder, ignore_errors=True)

    def restore(self, copy: Path, note: Callable[[str, Identity], None]) -> None:
        """Restore the database at `copy`, with the files that lay next to it; raises UnknownProblem if it cannot."""
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir(parents=True)
        argv = [find_litestream(), "restore", "-o", str(copy), f"file://{self._changes}"]
        child = spawn(argv, self._environ, Path(f"{self._log}-restore"))
        note(f"{PROGRAM} restore", child.identity)
        try:
            finished = child.wait(_RESTORE_S, self._pause)
        finally:
            code = child.end()
        if not finished or code != 0 or not copy.is_file():
            said = child.stderr.read_text(errors="replace") + child.stdout.read_text(errors="replace")
            raise UnknownProblem(f"{PROGRAM} restore failed: {said.strip()[-400:]}", next_step=f"see {child.stderr}")
        for path in (self._folder / "kept").iterdir():
            shutil.copy2(path, copy.with_name(path.name))
