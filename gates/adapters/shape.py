"""What passes between an adapter and whoever asks it: the scene, the raw files, what was found, and why nothing was."""

from collections.abc import Callable
from typing import Any

import msgspec

from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.source import Request

LIMIT_BYTES = 16 << 20
"""The most that the raw files of one source may hold together, 16 MiB: a report of 100,000 test cases has a tenth of it."""


class Unanswered(Exception):
    """There is no value, and the reason why; a criterion that it is a pipe is unknown."""

    def __init__(self, reason: UnknownReason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Scene(msgspec.Struct, frozen=True):
    """Where an adapter is request: the moment, the address and the headers to send, the variables for commands.

    `now` is the clock's, `url` is "" where nothing is to be fetched, and `ca_file` the target's, if it has one. `given` are raw
    files that the collector already has.
    `secrets` are texts that are taken out of whatever was fetched, before it is read and kept.
    """

    now: str
    url: str = ""
    ca_file: str = ""
    headers: dict[str, str] = {}
    environ: dict[str, str] = {}
    given: dict[str, bytes] = {}
    secrets: tuple[str, ...] = ()


class FileNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file that was read: its name among the raw files, its path as it is a pipe, and when it was last written."""

    name: str
    path: str
    modified: str


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a query went, kept with the raw files: `at` when, whether the answer was made then, and the exit code of a command.

    `unknown` and `detail` say why there are no raw files.
    """

    at: str
    is_live: bool = False
    exit_code: int | None = None
    files: tuple[FileNote, ...] = ()
    unknown: UnknownReason | None = None
    detail: str = ""


class Fetched(msgspec.Struct, frozen=True):
    """The raw files of one answer by name, and the notes on it."""

    notes: Notes
    files: dict[str, bytes] = {}


class Found(msgspec.Struct, frozen=True):
    """What an answer says: the measure, the build and the time that it names itself, and what else is for people.

    `time` is None for an answer that was made when it is a pipe, `build` where it names none.
    """

    measure: Measure
    build: str | None = None
    time: str | None = None
    shown: dict[str, Json] = {}


class Value(msgspec.Struct, frozen=True):
    """What an adapter of one's own returns: a decimal number, and how many opportunities to fail are behind it.

    `failures` are the bad ones of a ratio and `skipped` those that were not tried. `build` and `time` are what the answer names
    itself; without them it is about the build that runs now, and made now.
    """

    value: str
    samples: int = 1
    failures: int | None = None
    skipped: int = 0
    build: str | None = None
    time: str | None = None


class Adapter(msgspec.Struct, frozen=True):
    """How one kind of source is fetched, and how its raw files are read; both raise Unanswered. `read` looks at nothing else."""

    fetch: Callable[[Any, Scene], Fetched]
    read: Callable[[Request, Fetched], Found]
