"""Files that a user names, such as that of a key: read no further than they can go, and awaited for a limited time."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gateway.setup.deadline import DeadlinePassed, within

LONGEST = 1000
"""Bytes; a device that never ends is not read into memory."""

KEY_WAIT_S = 60.0
CODE_WAIT_S = 600.0
"""A code counts for ten minutes, and no longer."""


def is_stream(path: Path) -> bool:
    """Whether the path is a pipe, such as `<(command)`, or a device: it may be waited for, and is read once."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def first_line(path: Path, limit_s: float = KEY_WAIT_S) -> str:
    """The first line without white space around it; raises OSError, and ValueError with what is wrong.

    A pipe is waited for: for its writer, and for the end of the line.
    """
    line = _read(path, limit_s, lambda file: file.readline(LONGEST + 1))
    if len(line) > LONGEST:
        raise ValueError(f"its first line is longer than {LONGEST} bytes")
    return line.decode("ascii").strip()


def whole(path: Path, most: int, limit_s: float = KEY_WAIT_S) -> bytes:
    """All of a file of at most `most` bytes; raises as `first_line` does."""
    content = _read(path, limit_s, lambda file: file.read(most + 1))
    if len(content) > most:
        raise ValueError(f"it is longer than {most} bytes")
    return content


def _read(path: Path, limit_s: float, part: Callable[[BinaryIO], bytes]) -> bytes:
    def read() -> bytes:
        with path.open("rb") as file:
            return part(file)

    try:
        return within(limit_s, read) if is_stream(path) else read()
    except DeadlinePassed:
        raise ValueError(f"it is a pipe, and nobody wrote into it within {limit_s:g} s") from None
