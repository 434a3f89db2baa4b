"""Whether the files under an open database are still the ones that were opened, and have room to grow."""

import os
from pathlib import Path

LEAST_FREE_BYTES = 16_777_216
"""Free space that a gateway needs to take payments: 16 MiB, what the log grows by between two checkpoint rounds."""

_File = tuple[int, int]


class DatabaseFiles:
    """The database and its write-ahead log, as they were when this was made."""

    def __init__(self, db: Path) -> None:
        self._paths = (db, db.with_name(f"{db.name}-wal"))
        self._opened = {path: _identity(path) for path in self._paths}

    def lost(self) -> str | None:
        """The file that is no longer the one that was opened, named without its folder: commits into it are lost; or None."""
        for path in self._paths:
            found, opened = _identity(path), self._opened[path]
            if opened is None:  # a log that nobody has written to yet
                self._opened[path] = found
            elif found != opened:
                became = "was removed" if found is None else "was replaced"
                return f"{path.name} {became} while the gateway runs; stop the gateway and restore the file"
        return None

    def problem(self) -> str | None:
        """What keeps commits from being durable, a full disk included; None if nothing does."""
        lost = self.lost()
        if lost is not None:
            return lost
        free = _free_bytes(self._paths[0].parent)
        if free < LEAST_FREE_BYTES:
            return f"the disk of {self._paths[0].name} is full: {free} bytes are free, {LEAST_FREE_BYTES} are needed"
        return None


def _identity(path: Path) -> _File | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _free_bytes(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
