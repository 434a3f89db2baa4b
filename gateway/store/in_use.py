"""Whether another gateway works on the same database: allowed, since SQLite serves both, and rarely meant."""

import fcntl
import os
from pathlib import Path


class InUse:
    """A mark on a database for as long as this process uses it. The file next to the database is empty; its lock is the mark."""

    def __init__(self, db: Path) -> None:
        self._handle = os.open(db.with_name(db.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.alone = False
        else:
            self.alone = True

    def close(self) -> None:
        """Take the mark away."""
        os.close(self._handle)
