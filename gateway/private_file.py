"""Files for their owner alone: databases hold payments, and hashes of keys."""

import os
from pathlib import Path

from gateway.errors import StartProblem


def make_private(path: Path) -> None:
    """Make an empty file with mode 0600, and its folder with 0700; SQLite gives the log and its index the database's mode.

    What is there already keeps its mode: an operator may have opened it for a backup. Raises StartProblem naming the path.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not path.parent.is_dir():
            raise StartProblem(f"{path.parent}: this is a file, not a folder; name another folder") from None
    except OSError as error:
        raise StartProblem(f"{path}: cannot be made: {error.strerror}; check the folder, its owner and its mode") from None


def write_private(path: Path, data: bytes) -> None:
    """Make a new file with mode 0600 and this content, durable with its name; raises StartProblem, also where it exists."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StartProblem(f"{path}: cannot be written: {error.strerror}; check the folder, its mode and its disk") from None
