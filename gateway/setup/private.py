"""Files for the user alone: written whole, in one step, and on the disk before anything else happens."""

import contextlib
import os
import stat
from pathlib import Path

from gateway.setup.failures import SetupCode, SetupProblem

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def write_private(path: Path, content: bytes) -> None:
    """Give a file of mode 0600 this content; whoever reads it sees the former content or this one. Raises OSError.

    The file next to it is new: one that a crash has left, or a link that somebody else has put there, goes first.
    """
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # on a full disk it would take the room that is left
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_private_folder(folder: Path) -> None:
    """Make a folder for the user alone, or use one that is there; raises OSError, and SetupProblem(local_state_shared).

    Whoever else may write there can put another session, gateway or backup in the place of ours; so one that others may write
    to is refused rather than repaired: what is in it may be theirs already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise SetupProblem(SetupCode.LOCAL_STATE_SHARED, f"{folder} belongs to the user {found.st_uid}, and not to you")
    if found.st_mode & _OTHERS_WRITE:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        raise SetupProblem(SetupCode.LOCAL_STATE_SHARED, f"{folder} has the mode {mode}; to close it: chmod go-w {folder}")


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
