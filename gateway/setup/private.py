"""Files for the user alone: written whole, in one step, and on the disk before anything else happens."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Give a file of mode 0600 this content; whoever reads it sees the former content or this one. Raises OSError.

    The file next to it is new: one that a crash has left, or a link that somebody else has put there, goes first.
    """
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
