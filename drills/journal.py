"""The drill's journal: JSONL, each line durable before the effect that it announces, chained by sha256 to the line before."""

import fcntl
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec

from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.time import Clock, format_utc

FILE = "journal.jsonl"
DRY_RUN = "dry_run"
"""The action of the last line of a dry run."""
UNOBSERVED = "unobserved"
"""The fact of the last line that says that a fault, or its end, was not seen."""

START = "0" * 64


class Phase(StrEnum):
    """Where in the drill a line was written."""

    PREFLIGHT = "preflight"
    STEADY = "steady"
    INJECT = "inject"
    OBSERVE = "observe"
    ROLLBACK = "rollback"
    VERIFY = "verify"
    DONE = "done"


class Status(StrEnum):
    """What is known about a step; `started` without a later line means that the drill was killed in it."""

    PLANNED = "planned"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    TIMEOUT = "timeout"


class End(StrEnum):
    """How the drill as a whole ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"


class RolledBack(StrEnum):
    """The outcome of the rollback; verified means that the steady state held after it."""

    VERIFIED = "verified"
    FAILED = "failed"
    NOT_NEEDED = "not_needed"


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line's verdict on the drill."""

    end: End
    deviated: bool
    rolled_back: RolledBack


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line. `monotonic_ns` orders and measures; `at` is the time for people."""

    seq: int
    previous: str
    at: str
    monotonic_ns: int
    phase: Phase
    action: str
    status: Status
    step: str = ""
    facts: dict[str, Json] = msgspec.field(default_factory=dict)
    ending: Ending | None = None


class History(msgspec.Struct, frozen=True):
    """A journal as read: its verified events, the digest of the last line, and the bytes of a line cut short by a crash."""

    events: tuple[Event, ...]
    head: str
    torn: bytes

    @property
    def ending(self) -> Ending | None:
        """How the drill ended, or None if it has no last line."""
        return self.events[-1].ending if self.events else None


def is_over(history: History) -> bool:
    """Whether the journal has its last line: the end of a drill, or of a dry run."""
    return history.ending is not None or is_dry_run(history.events)


def is_dry_run(events: tuple[Event, ...]) -> bool:
    """Whether the steps were planned alone."""
    return bool(events) and events[-1].action == DRY_RUN


class Journal:
    """Appends events; every line is on disk when `write` returns. One writer at a time: the kernel holds the lock for it.

    `lost` is the error by which a line could not be written: the disk is full, or gone. It is raised, unless the journal is
    `dispensable`, as it is once a fault has to be taken back: then what follows is not written, and nothing stops.
    """

    def __init__(self, path: Path, clock: Clock, monotonic_s: Callable[[], float]) -> None:
        self.path = path
        self._clock, self._monotonic_s = clock, monotonic_s
        self._seq, self.head = 0, START
        self.dispensable = False
        self.lost: OSError | None = None
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UsageProblem(f"{path}: a drill is still writing it", next_step="wait for it, or end it") from None

    @classmethod
    def resume(cls, path: Path, clock: Clock, monotonic_s: Callable[[], float]) -> tuple[Self, History]:
        """Continue a journal after a crash; a torn last line is cut off, and the caller records that in the next one.

        Raises UsageProblem if the drill still runs.
        """
        journal = cls(path, clock, monotonic_s)
        history = read_journal(path)
        if history.torn:
            os.truncate(path, path.stat().st_size - len(history.torn))
        journal._seq, journal.head = len(history.events), history.head
        return journal, history

    def write(
        self,
        phase: Phase,
        action: str,
        status: Status,
        *,
        step: str = "",
        facts: dict[str, Json] | None = None,
        ending: Ending | None = None,
    ) -> Event:
        """Append one event and fsync it."""
        event = Event(
            seq=self._seq + 1,
            previous=self.head,
            at=format_utc(self._clock()),
            monotonic_ns=int(self._monotonic_s() * 1e9),
            phase=phase,
            action=action,
            status=status,
            step=step,
            facts=facts or {},
            ending=ending,
        )
        line = canonical_json(event)
        self._append(line + b"\n")
        self._seq, self.head = event.seq, sha256_hex(line)
        return event

    def _append(self, data: bytes) -> None:
        """Write and fsync; nothing follows a line that was cut short."""
        if self.lost is not None and self.dispensable:
            return
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self.lost = OSError(error.errno, error.strerror, str(self.path))
            if not self.dispensable:
                raise self.lost from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> History:
    """Read and verify a journal.

    Raises UnverifiedProblem naming the first line that was changed, removed or inserted. Bytes after the last line end
    come from a crash; they are returned, not judged.
    """
    data = path.read_bytes()
    whole, _, torn = data.rpartition(b"\n")
    events: list[Event] = []
    head = START
    for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
        try:
            event = msgspec.json.decode(line, type=Event)
        except msgspec.MsgspecError as error:
            raise UnverifiedProblem(f"{path}:{number}: not a journal line: {error}") from None
        if (event.seq, event.previous) != (number, head):
            raise UnverifiedProblem(f"{path}:{number}: the chain is broken: a line before it was changed, removed or inserted")
        head = sha256_hex(line)
        events.append(event)
    return History(tuple(events), head, torn)
