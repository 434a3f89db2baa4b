"""A page of a rehearsal and its acknowledgement: two files in the folder of a drill, by the drill and by whoever is called."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from gates.schema.canonical import canonical_json
from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.schema.severity import Severity
from gates.schema.time import Clock, format_utc

PAGED, ACKNOWLEDGED = "paged.json", "acknowledged.jsonl"


class Paged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page that arrived: when, its severity, what it says, its runbook, who was called, and everybody of the roster by id."""

    at: str
    severity: Severity
    summary: str
    runbook: str
    called: tuple[str, ...]
    people: dict[str, str]


class Acknowledged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who acknowledged it and when; `by_drill` where no person did, but the drill itself in somebody's place."""

    at: str
    monotonic_ns: int
    person: str
    by_drill: bool = False


def write_page(folder: Path, page: Paged) -> None:
    """Put the page where it can be acknowledged."""
    write_durably(folder / PAGED, canonical_json(page) + b"\n")


def read_page(folder: Path) -> Paged:
    """The page of a drill's folder; raises UsageProblem where none has arrived, or the folder is no drill's."""
    path = folder / PAGED
    try:
        return msgspec.json.decode(path.read_bytes(), type=Paged)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageProblem(
            f"{folder}: no page has arrived there", next_step="give the folder of a drill that waits for an acknowledgement"
        ) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None


def acknowledge(
    folder: Path, person: str, clock: Clock, monotonic_s: Callable[[], float], *, by_drill: bool = False
) -> Acknowledged:
    """Acknowledge the page as this person, durably; the first acknowledgement counts.

    Raises UsageProblem where there is no page, and for somebody who is not on the roster.
    """
    page = read_page(folder)
    if person not in page.people:
        known = ", ".join(page.people)
        raise UsageProblem(f"the roster has nobody with the id {person!r}", next_step=f"use one of {known}")
    line = Acknowledged(format_utc(clock()), int(monotonic_s() * 1e9), person, by_drill)
    handle = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, msgspec.json.encode(line, order="sorted") + b"\n")  # one write: two people at once do not mix
        os.fsync(handle)
    finally:
        os.close(handle)
    return line


def acknowledgements(folder: Path) -> tuple[Acknowledged, ...]:
    """Every acknowledgement so far, the first first; a line that is being written is left for later."""
    try:
        data = (folder / ACKNOWLEDGED).read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(msgspec.json.decode(line, type=Acknowledged) for line in data[: data.rfind(b"\n") + 1].splitlines())
