"""When may nothing be deployed, and what may even then? A FreezeCalendar: windows, and the days around a launch."""

from enum import StrEnum
from pathlib import Path

import msgspec

from gates.schema.documents import load_document, spec_sha256
from gates.schema.errors import UsageProblem
from gates.schema.folder import documents_in
from gates.schema.freeze_checks import freeze_faults, spans_of
from gates.schema.freeze_spans import FreezeSpans

KIND = "FreezeCalendar"
USUAL = Path("freeze.yaml")
NEXT = "give one FreezeCalendar with --calendar, or name it as `freeze` in gonogo.yaml; runbooks/freeze.md has an example"


class ChangeClass(StrEnum):
    """How urgent a change is, by the defect that it removes: P0 stops a launch, P1 counts against it, P2 can wait."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


LAUNCH_CLASSES = (ChangeClass.P0, ChangeClass.P1)
"""What the days around a launch allow at most: the launch plan lets only these fixes through."""


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"begin": "from"}):
    """One freeze: `from` (included) to `until` (not included), or `launch`: from 72 hours before it until 7 days after.

    Each time is a wall time in the calendar's zone, such as 2026-12-01T09:00, or has an offset or Z. `allow` are the classes of
    changes that a signed change record lets through; with `[]` only an exception does.
    """

    name: str
    begin: str = ""
    until: str = ""
    launch: str = ""
    allow: tuple[ChangeClass, ...] = LAUNCH_CLASSES


class FreezeCalendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing is deployed without a record. `zone` is the IANA time zone of its wall times, such as Europe/Berlin.

    Where a launch and a window, or two launches, freeze the same hours, a change has to be allowed by both.
    """

    zone: str
    windows: tuple[Window, ...]


def load_calendar(path: Path) -> FreezeSpans:
    """The calendar in a file, or in a folder that holds exactly one, as spans of UTC.

    Raises UsageProblem naming the file and every fault; and for a folder with no calendar or with two.
    """
    if path.is_dir():
        path = _only(path)
    calendar = load_document(path, KIND, FreezeCalendar).spec
    found = list(freeze_faults(calendar))
    if found:
        raise UsageProblem(
            "\n".join(f"{path}: {text}" for text in found), next_step=f"correct {path}, then: gonogo freeze explain"
        )
    return spans_of(calendar, spec_sha256(path))


def _only(folder: Path) -> Path:
    files = documents_in(folder, "freeze calendar")
    if len(files) == 1:
        return files[0]
    names = ", ".join(item.name for item in files)
    what = (
        f"holds {len(files)} freeze calendars, and only one can decide: {names}" if files else "holds no freeze calendar (*.yaml)"
    )
    raise UsageProblem(f"{folder}: {what}", next_step=NEXT)
