"""The journal of a setup: a chain of lines, each on the disk before the effect that it announces."""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.clock import Clock, format_utc
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.lines import FIRST_PREV, Found, Line, hash_of, line_bytes

NAME = "journal.jsonl"
_DECODER = msgspec.json.Decoder(Line)


class JournalUnwritable(SetupProblem):
    """Nothing more can be written down, so nothing more may be done."""


class Read(msgspec.Struct, frozen=True):
    """What a journal file holds: its whole lines, and how many bytes of it they are; what follows them was torn off."""

    lines: tuple[Line, ...]
    length: int
    torn: int


def read_journal(path: Path) -> Read:
    """The lines of a journal; a last line that a crash has cut short is left out.

    Raises SetupProblem(journal_broken) naming the line where the chain does not hold, SetupProblem(no_run) where there is none.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SetupProblem(SetupCode.NO_RUN, f"{path.parent.name} has no journal") from None
    except OSError as error:
        raise SetupProblem(SetupCode.LOCAL_STATE_UNWRITABLE, f"{path}: {error.strerror}") from None
    whole, _, torn = raw.rpartition(b"\n")
    lines: list[Line] = []
    prev = FIRST_PREV
    for number, text in enumerate(whole.split(b"\n") if whole else (), 1):
        lines.append(_line(text, number, prev))
        prev = hash_of(text)
    if lines and any(line.run != lines[0].run for line in lines):
        raise SetupProblem(SetupCode.JOURNAL_BROKEN, "its lines are of different runs")
    return Read(tuple(lines), len(raw) - len(torn), len(torn))


def _line(text: bytes, number: int, prev: str) -> Line:
    try:
        line = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SetupProblem(SetupCode.JOURNAL_BROKEN, f"line {number}: {error}") from None
    if line.seq != number or line.prev != prev or line_bytes(line) != text:
        raise SetupProblem(SetupCode.JOURNAL_BROKEN, f"line {number} does not follow from the line before it")
    return line


class Journal:
    """The journal that a walk writes; `torn` is how many bytes of a last line were cut off when it was opened."""

    def __init__(self, path: Path, run: str, clock: Clock, monotonic: Callable[[], float]) -> None:
        self.run = run
        self._path, self._clock, self._monotonic, self._begun = path, clock, monotonic, monotonic()
        self._lines: list[Line] = []
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise unwritable(path, error) from None
        read = read_journal(path)
        self._lines += read.lines
        self._length = read.length
        self.torn = read.torn
        self._prev = hash_of(line_bytes(self._lines[-1])) if self._lines else FIRST_PREV

    @property
    def lines(self) -> Sequence[Line]:
        """The lines so far."""
        return self._lines

    def add(self, **members: Any) -> Line:  # noqa: ANN401  # the members of a line; msgspec holds none to its type here
        """Write the next line and have it on the disk; raises JournalUnwritable, and then the journal is as it was."""
        line = Line(
            seq=len(self._lines) + 1,
            prev=self._prev,
            run=self.run,
            at=format_utc(self._clock()),
            mono_ms=int((self._monotonic() - self._begun) * 1000),
            **members,
        )
        written = line_bytes(line)
        try:
            os.ftruncate(self._file, self._length)  # what is left of a line that a signal or a crash has cut short
            if os.pwrite(self._file, written + b"\n", self._length) != len(written) + 1:
                raise OSError(28, "no room for a whole line")
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):  # a torn line is cut off by whoever reads it next
                os.ftruncate(self._file, self._length)
            raise unwritable(self._path, error) from None
        self._lines.append(line)
        self._length += len(written) + 1
        self._prev = hash_of(written)
        return line

    def found(self) -> Found:
        """All that was learned so far."""
        return found_in(self._lines)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def found_in(lines: Sequence[Line]) -> Found:
    """All that the lines say was learned; what came later wins."""
    found = Found()
    for line in lines:
        found = found.merged(line.found)
    return found


def unwritable(path: Path, error: OSError) -> JournalUnwritable:
    """The problem of a file of the setup's own folder."""
    return JournalUnwritable(SetupCode.LOCAL_STATE_UNWRITABLE, f"{error.filename or path}: {error.strerror}")
