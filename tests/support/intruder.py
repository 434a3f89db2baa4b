"""Somebody who writes to a state folder: without its evidence key, or with it; real files either way."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.objects import Objects
from gates.log.entry import Entry, Line, head_of, sign_line
from gates.log.file import LogFile
from gates.schema.canonical import sha256_hex


def log_of(home: Path) -> Path:
    """The log's file."""
    return home / "evidence" / "log.jsonl"


def lines_of(home: Path) -> list[bytes]:
    """Its lines, without line ends."""
    return log_of(home).read_bytes().splitlines()


def entries_of(home: Path) -> list[Entry]:
    """Its entries, as they are."""
    stored = Objects(home / "evidence" / "objects").stored()
    return [line.entry for line in LogFile(home / "evidence").lines(stored)]


def readable(lines: Iterable[bytes]) -> list[Entry]:
    """The entries of those lines that are entries: an earlier change may have left half of one."""
    found = []
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError):
            found.append(msgspec.json.decode(line, type=Entry))
    return found


def write_lines(home: Path, lines: Iterable[bytes]) -> None:
    """Other lines in the place of the log; envelopes that none of them lists are removed, for they would show."""
    kept = list(lines)
    log_of(home).write_bytes(b"".join(line + b"\n" for line in kept))
    listed = {entry.object for entry in readable(kept)}
    for path in (home / "evidence" / "objects").glob("*/*"):
        if path.name.partition(".")[0] not in listed:
            path.unlink()


def cut_to(home: Path, count: int) -> None:
    """The log and the store as they were with so many entries."""
    write_lines(home, lines_of(home)[:count])


def write_again(home: Path, entries: Sequence[Entry], signer: Signer) -> None:
    """A log of these entries in this order, chained and signed by the evidence key; equal ones become equal lines."""
    lines: list[Line] = []
    for entry in entries:
        head = head_of(tuple(lines))
        lines.append(sign_line(signer, head=head, kind=entry.kind, sha256=entry.object, at=entry.at, run=entry.run))
    write_lines(home, [line.data for line in lines])


def store_envelope(home: Path, data: bytes) -> str:
    """Put an envelope among the stored ones; returns its digest."""
    digest = sha256_hex(data)
    Objects(home / "evidence" / "objects").write(digest, data)
    return digest
