"""The history of a storm: one line per attempt event, written as it happens and read back as values."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from gates.schema.errors import UsageProblem
from loadtests.storm.plan import MutationName

EventType = Literal["invoke", "ok", "fail", "info"]
AttemptError = Literal["timeout", "reset", "refused", "abandoned", "certificate"]


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One end of one attempt.

    `invoke` when it is sent; then `ok` (acknowledged), `fail` (definitely refused) or `info` (outcome unknown). `process` is a
    lane: it has one attempt at a time, and is never used again after an `info`. Times are nanoseconds of the machine's
    monotonic clock; `intended_ns` is when the attempt was due. `phase` is `preflight` for the requests before the storm and
    `replay` for repeats after it. `media` is the media type of an answer that settles nothing. `differs` is the first place
    (RFC 6901; "" for the whole) in which a definite answer is another than the first one under its key.
    """

    index: int
    process: int
    type: EventType
    operation: MutationName
    key: str
    payment: int
    attempt: int
    amount: str | None
    payment_id: str | None
    intended_ns: int
    start_ns: int
    end_ns: int | None = None
    status: int | None = None
    code: str | None = None
    body_sha256: str | None = None
    replayed: bool | None = None
    error: AttemptError | None = None
    media: str | None = None
    differs: str | None = None
    phase: Literal["preflight", "storm", "replay"] = "storm"


class HistoryWriter:
    """Appends events to a file, each handed to the operating system before the next is made; numbers continue the file's."""

    def __init__(self, path: Path) -> None:
        self._index = path.read_bytes().count(b"\n") if path.is_file() else 0
        self._file = path.open("ab")

    def write(self, event: Event) -> None:
        """Append one event; its index is the writer's."""
        numbered = msgspec.structs.replace(event, index=self._index)
        self._index += 1
        self._file.write(msgspec.json.encode(numbered) + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the file."""
        self._file.close()


def read_history(path: Path) -> list[Event]:
    """Every complete line of a history.

    A last line without its line end comes from a kill, and is ignored; any other invalid line raises
    UsageProblem with its number.
    """
    return list(_events(path))


def _events(path: Path) -> Iterator[Event]:
    decoder = msgspec.json.Decoder(Event)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such history", next_step="give the folder of a load run") from None
    with file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise UsageProblem(f"{path}: line {number}: not an event: {error}") from None
