"""Values of an SQLite file that are longer than a page: their bytes lie in pieces, and only put together can they be searched.

The file format is at https://sqlite.org/fileformat2.html: a cell keeps the beginning of its record, a chain of pages the rest.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

MAGIC = b"SQLite format 3\x00"
LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
LONGEST = 64 * 1024 * 1024
_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX = 0x0D, 0x0A, 0x02
_HEADERS = {_LEAF_TABLE: 8, _LEAF_INDEX: 8, _INNER_INDEX: 12}


class Unreadable(ValueError):
    """The file is not as the format has it: damaged, or written to meanwhile."""


class _Shape(msgspec.Struct, frozen=True):
    """Bytes of a page, and those of them that SQLite uses."""

    page: int
    usable: int


def long_values(path: Path) -> Iterator[bytes]:
    """Every record that does not fit its page, whole.

    Raises Unreadable where the file is not as the format has it.
    """
    with path.open("rb") as file:
        head = file.read(100)
        size = int.from_bytes(head[16:18], "big")
        page = 65536 if size == 1 else size
        if len(head) < 100 or page < 512:
            raise Unreadable("its header is cut short")
        shape = _Shape(page, page - head[20])
        file.seek(0)
        for number in range(1, path.stat().st_size // page + 1):
            file.seek((number - 1) * page)
            yield from _of_page(file, file.read(page), shape, first=number == 1)


def _of_page(file: BinaryIO, data: bytes, shape: _Shape, *, first: bool) -> Iterator[bytes]:
    """The long records of a b-tree page; a page of any other kind has none that begins in it."""
    start = 100 if first else 0
    kind = data[start] if len(data) > start else 0
    if kind not in _HEADERS:
        return
    cells, pointers = int.from_bytes(data[start + 3 : start + 5], "big"), start + _HEADERS[kind]
    if pointers + 2 * cells > len(data):
        return  # an overflow page whose first byte looks like a kind
    for index in range(cells):
        at = int.from_bytes(data[pointers + 2 * index : pointers + 2 * index + 2], "big")
        found = _record(file, data, at, kind, shape)
        if found is not None:
            yield found


def _record(file: BinaryIO, data: bytes, at: int, kind: int, shape: _Shape) -> bytes | None:
    """The record of one cell, None where all of it is in the page."""
    length, at = _varint(data, at + 4 if kind == _INNER_INDEX else at)
    if kind == _LEAF_TABLE:
        _, at = _varint(data, at)
    local = _local(length, kind, shape.usable)
    if local is None or at + local + 4 > len(data) or length > LONGEST:
        return None
    parts, rest = [data[at : at + local]], length - local
    following = int.from_bytes(data[at + local : at + local + 4], "big")
    while rest > 0 and following:
        file.seek((following - 1) * shape.page)
        page = file.read(shape.page)
        if len(page) < shape.page:
            return None
        following, content = int.from_bytes(page[:4], "big"), page[4 : shape.usable]
        parts.append(content[:rest])
        rest -= len(content)
    return b"".join(parts)


def _local(length: int, kind: int, usable: int) -> int | None:
    """How many bytes of a long payload stay in the page; None where all do."""
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    if length <= most:
        return None
    least = (usable - 12) * 32 // 255 - 23
    fitting = least + (length - least) % (usable - 4)
    return fitting if fitting <= most else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        if at + index >= len(data):
            return 0, at
        byte = data[at + index]
        if index == 8:
            return (value << 8) | byte, at + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, at + index + 1
    raise AssertionError("nine bytes end a varint")
