"""How a file gets onto the disk whole, and how processes take turns."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a disk answers that takes no more: full, over its quota, beyond the largest file allowed, broken."""

PATIENCE_S = 60.0
_POLL_S = 0.01
_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR})


def write_durably(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file so that after a crash all of it is there, or what was there before.

    The content is synced under a temporary name, renamed, and the folder is synced. Raises OSError with the file's name.
    """
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise named(error, path) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """The same for a file that must not be there yet; raises FileExistsError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.new")
    write_durably(part, data, mode)
    try:
        os.link(part, path)
    finally:
        part.unlink()
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each synced into the one that holds it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def named(error: OSError, path: Path) -> OSError:
    """The same error with the file's name, which errors of writing lack."""
    return OSError(error.errno, error.strerror or str(error), str(path))


@contextmanager
def locked(
    path: Path, *, shared: bool = False, patience_s: float = PATIENCE_S, pause: Callable[[float], None] = sleep
) -> Iterator[None]:
    """Hold the lock of a file, which is made if it is absent; the kernel frees it when the process ends.

    A shared lock in a folder that cannot be written to is none: nobody writes there. Raises UnknownProblem naming the file if
    another process holds the lock for longer than `patience_s`.
    """
    handle = _open(path, shared=shared)
    try:
        if handle is not None:
            _take(handle, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, patience_s, pause)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _open(path: Path, *, shared: bool) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if shared and error.errno in _READ_ONLY:
            return None
        raise


def _take(handle: int, path: Path, how: int, patience_s: float, pause: Callable[[float], None]) -> None:
    deadline = monotonic_s() + patience_s
    while True:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic_s() >= deadline:
                raise UnknownProblem(
                    f"{path}: another process has held this lock for {patience_s:.0f} s",
                    next_step="wait until the other gonogo command ends, or end it, then run this command again",
                ) from None
            pause(_POLL_S)
        else:
            return
