"""Is this the whole journal of a setup? Its lines, each in its place and naming the line before it. Pure."""

from typing import Annotated, Literal

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.time import parse_utc

GENESIS = "0" * 64
"""What the first line names as the line before it."""
PLANNED = "planned"
Phase = Literal["planned", "succeeded", "failed", "skipped", "waiting"]
WaitingOn = Literal["user", "mail", "rail", "host", "gateway"]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Broken(Exception):
    """Bytes that are no whole journal: the text names the line and what is wrong with it."""


class Request(msgspec.Struct, frozen=True):
    """One request to the gateway; `status` is None where no answer came."""

    route: str
    status: int | None = None


class HostFound(msgspec.Struct, frozen=True):
    """A host that the setup changed, and the version that it printed; the tier is the matrix's to say."""

    host: Annotated[str, msgspec.Meta(max_length=60)]
    version: Annotated[str, msgspec.Meta(max_length=60)] | None = None


class Found(msgspec.Struct, frozen=True):
    """What a step learned, as far as it is read here."""

    hosts: tuple[HostFound, ...] | None = None


class Line(msgspec.Struct, frozen=True):
    """One line. `event` and `next` are set where the setup's state changes; members that are not read here may follow.

    `mode` stands on the line that begins the setup, `build` on the one that found the gateway.
    """

    seq: int
    prev: str
    run: Annotated[str, msgspec.Meta(pattern=r"\Arun_[0-9a-zA-Z]{1,64}\Z")]
    at: str
    mono_ms: Annotated[int, msgspec.Meta(ge=0)]
    step: _Text
    phase: Phase
    state: str | None = None
    event: str | None = None
    next: str | None = None
    waiting_on: WaitingOn | None = None
    code: str | None = None
    next_command: str | None = None
    request: Request | None = None
    mode: str | None = None
    build: str | None = None
    found: Found | None = None

    @property
    def moves(self) -> bool:
        """Whether the setup's state changes with this line."""
        return self.event is not None and self.next is not None and self.phase != PLANNED


class Journal(msgspec.Struct, frozen=True):
    """A whole journal; `torn` says that a last line was begun and not ended, which a kill leaves and which counts for nothing."""

    run: str
    lines: tuple[Line, ...]
    torn: bool

    @property
    def moves(self) -> tuple[Line, ...]:
        """The lines with which the state changes."""
        return tuple(line for line in self.lines if line.moves)

    @property
    def mode(self) -> str:
        """The mode that the setup began in, "" where it names none."""
        return next((line.mode for line in self.lines if line.mode), "")

    @property
    def build(self) -> str:
        """The build of the gateway that was found last, "" where the setup came to none."""
        return next((line.build for line in reversed(self.lines) if line.build), "")


def read_journal(data: bytes) -> Journal:
    """The journal in `data`; raises Broken naming the first line that is not as it was written."""
    *whole, rest = data.split(b"\n")
    lines: list[Line] = []
    before = GENESIS
    for number, text in enumerate(whole, 1):
        line = _line(text, number)
        if (line.seq, line.prev) != (number, before):
            what = f"it is number {line.seq}" if line.seq != number else "it does not name the line before it"
            raise Broken(f"line {number}: {what}: a line was changed, removed or put in")
        if lines and line.run != lines[0].run:
            raise Broken(f"line {number}: it is of the run {line.run}, and the journal of {lines[0].run}")
        lines.append(line)
        before = sha256_hex(text)
    if not lines:
        raise Broken("it holds no whole line")
    return Journal(lines[0].run, tuple(lines), bool(rest))


def _line(text: bytes, number: int) -> Line:
    try:
        line = msgspec.json.decode(text, type=Line)
        parse_utc(line.at)
    except (msgspec.MsgspecError, ValueError, RecursionError, UsageProblem) as error:
        raise Broken(f"line {number}: not a line of a setup's journal: {printable(str(error))}") from None
    return line
