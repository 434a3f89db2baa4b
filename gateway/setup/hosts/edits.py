"""A change of a file as edits of its bytes: everything outside them stays as it is."""

import hashlib
from collections.abc import Iterable

import msgspec


class Edit(msgspec.Struct, frozen=True):
    """At a byte offset of the former content: so many bytes go, and this text comes."""

    offset: int
    delete: int
    insert: str


def changed(content: bytes, edits: Iterable[Edit]) -> bytes:
    """The content with the edits; they are in the order of their offsets and do not overlap."""
    parts, at = [], 0
    for edit in edits:
        assert edit.offset >= at, "edits are ordered and apart"
        parts += [content[at : edit.offset], edit.insert.encode()]
        at = edit.offset + edit.delete
    return b"".join((*parts, content[at:]))


def digest(content: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
