"""What does an interrupted write leave, and what follows from it? Nothing that was signed is dropped. Pure.

A write goes in four steps, each synced before the next: the signed line to `log.pending`, the object, the line in `log.jsonl`,
`log.pending` removed. So after a crash the object either was not stored, or is listed by a signed line.
"""

import re
from collections.abc import Collection

import msgspec

from gates.log.chain import Damage, LogProblem, read_lines
from gates.log.entry import GENESIS, EntryKind, Head, Line, head_of, read_line
from gates.schema.errors import UnverifiedProblem

_OBJECT = re.compile(rb'"object":"([0-9a-f]{1,64})')
_KIND = re.compile(rb'"kind":"([a-z]+)"')


class Settled(msgspec.Struct, frozen=True):
    """A log after an interrupted write.

    `lines` are whole. `complete` is the interrupted entry's line, which is signed and whose object is stored: it follows.
    `adopt` is a stored object that a new line has to list, with its kind if the torn line shows it. `torn` says whether the file
    ends in the middle of a line.
    """

    lines: tuple[Line, ...]
    complete: Line | None = None
    adopt: str = ""
    adopt_kind: EntryKind | None = None
    torn: bool = False
    notice: str = ""

    @property
    def head(self) -> Head | None:
        """The head, with the line that follows."""
        return head_of(self.all_lines)

    @property
    def all_lines(self) -> tuple[Line, ...]:
        """The whole lines, and the one that follows."""
        return self.lines if self.complete is None else (*self.lines, self.complete)


def settle(data: bytes, pending: bytes | None, stored: Collection[str], origin: str) -> Settled:
    """Decide from the log, `log.pending` (None if absent) and the digests of the stored objects.

    Raises LogProblem if what is left cannot come from an interrupted write.
    """
    whole, rest = _split(data)
    lines = read_lines(whole, origin)
    if pending is not None:
        line = _pending(pending, origin)
        if not lines or lines[-1].sha256 != line.sha256:
            return _continued(lines, rest, line, stored, origin)
    return _torn(lines, rest, stored, origin) if rest else Settled(lines)


def _continued(lines: tuple[Line, ...], rest: bytes, line: Line, stored: Collection[str], origin: str) -> Settled:
    """An entry was being written when its process ended."""
    head, entry = head_of(lines), line.entry
    if (entry.seq, entry.previous) != ((1, GENESIS) if head is None else (head.seq + 1, head.sha256)):
        last = 0 if head is None else head.seq
        raise LogProblem(
            Damage.TRUNCATED, origin, f"it ends with entry {last}, and log.pending holds entry {entry.seq} of another log"
        )
    if not entry.object.startswith(_shown(rest)):
        raise LogProblem(Damage.REPLACED, origin, f"the torn last line is not entry {entry.seq}, which log.pending holds")
    if entry.object in stored:
        notice = f"{origin}: entry {entry.seq} ({entry.kind.value} {entry.object[:12]}) was interrupted: its line is completed"
        return Settled(lines, complete=line, torn=bool(rest), notice=notice)
    if rest:
        raise LogProblem(Damage.REMOVED, origin, f"the object {entry.object} of the interrupted entry {entry.seq} is missing")
    notice = f"{origin}: {entry.kind.value} {entry.object[:12]} was interrupted before it was stored: run that step again"
    return Settled(lines, notice=notice)


def _torn(lines: tuple[Line, ...], rest: bytes, stored: Collection[str], origin: str) -> Settled:
    """The last line is cut, and no log.pending says what it was: the object that nothing lists does."""
    head = head_of(lines)
    try:
        line = read_line(rest, origin)
    except UnverifiedProblem:
        line = None
    if line is not None and (line.entry.seq, line.entry.previous) == (
        (1, GENESIS) if head is None else (head.seq + 1, head.sha256)
    ):
        return Settled(lines, complete=line, torn=True, notice=f"{origin}: the last line lacked its line end, which is added")
    listed = {line.entry.object for line in lines}
    start = _shown(rest)
    found = [digest for digest in stored if digest not in listed and digest.startswith(start)]
    if len(found) == 1:
        notice = f"{origin}: the last line is torn: the object {found[0][:12]} that it listed is listed again"
        return Settled(lines, adopt=found[0], adopt_kind=_kind(rest), torn=True, notice=notice)
    if start:
        raise LogProblem(Damage.REMOVED, origin, f"the torn last line lists the object {start}, which is missing")
    return Settled(lines, torn=True, notice=f"{origin}: the last line is torn; it listed nothing that is stored, and is removed")


def _shown(rest: bytes) -> str:
    """As much as a torn line shows of the digest of its object."""
    match = _OBJECT.search(rest)
    return match[1].decode() if match else ""


def _kind(rest: bytes) -> EntryKind | None:
    match = _KIND.search(rest)
    return EntryKind(match[1].decode()) if match and match[1].decode() in set(EntryKind) else None


def _pending(data: bytes, origin: str) -> Line:
    try:
        return read_line(data.removesuffix(b"\n"), "log.pending")
    except UnverifiedProblem as problem:
        raise LogProblem(Damage.UNREADABLE, origin, problem.message) from None


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The whole lines, and what follows the last line end."""
    end = data.rfind(b"\n") + 1
    return data[:end], data[end:]
