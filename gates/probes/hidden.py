"""What a file holds that does not stand in it as it is: payloads of envelopes, and long values of SQLite."""

import base64
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gates.probes.sqlite_values import LOG_MAGIC, MAGIC, Unreadable, long_values

LONGEST_LINE = 64 * 1024 * 1024
_HEAD = 64 * 1024
_PAYLOAD = re.compile(rb'"payload"\s*:\s*"([A-Za-z0-9+/_-]{16,}=*)"')


def hidden_pieces(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each piece with the line that it begins in; of SQLite, which has no lines, 1.

    Raises Unreadable where not all of them can be had.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            yield from ((1, value) for value in long_values(path))
            return
        file.seek(0)
        yield from _payloads(file)


def _payloads(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every `payload` of a DSSE envelope in JSON or JSON lines, decoded."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"line {number} is longer than {LONGEST_LINE >> 20} MiB: what is encoded in it was not searched")
        for match in _PAYLOAD.finditer(line) if b'"payload"' in line else ():
            with contextlib.suppress(ValueError):
                yield number, base64.b64decode(match[1], altchars=b"-_" if set(match[1]) & set(b"-_") else None)


def not_searched(path: Path) -> str | None:
    """Why the bytes and pieces of a file are not all that it holds; None where they are."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(MAGIC) or path.name.endswith("-shm"):  # SQLite's index of its log, which holds no text
        return None
    if head.startswith(LOG_MAGIC):
        return "the log of an SQLite database that was not closed: open and close the database first"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16; only known credentials were looked for: convert it to UTF-8"
    return "binary; its bytes were searched, and what they encode was not" if b"\0" in head else None
