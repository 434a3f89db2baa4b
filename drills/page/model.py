"""The values of a drill's page, ready to place: a template neither computes nor looks anything up."""

from collections.abc import Iterable, Sequence

import msgspec
from markupsafe import Markup

from gates.page.witness import WitnessView


class Banner(msgspec.Struct, frozen=True):
    """The first screen: how the drill ended, and what it was about."""

    style: str
    icon: Markup
    word: str
    sentence: str
    target: str
    seed: str
    began: str
    title: str
    meta: str


class LaneRow(msgspec.Struct, frozen=True):
    """One lane of the timeline with its name."""

    name: str
    chart: Markup


class Table(msgspec.Struct, frozen=True):
    """A plain table: its heads, and rows whose first cell is their name."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple["Row", ...]


class Row(msgspec.Struct, frozen=True):
    """One row of a plain table."""

    name: str
    cells: tuple["Cell", ...]


class Cell(msgspec.Struct, frozen=True):
    """One cell with the head of its column, which stands in front of it on a phone."""

    head: str
    text: str


def table_of(caption: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Table:
    """A table from the names of its rows and their texts; the first head is that of the names."""
    cells = ((name, zip(heads[1:], texts, strict=True)) for name, texts in rows)
    return Table(caption, tuple(heads), tuple(Row(name, tuple(Cell(*one) for one in pairs)) for name, pairs in cells))


class FoundRow(msgspec.Struct, frozen=True):
    """One finding of the audit, and its witness where the check has one."""

    text: str
    witness: WitnessView | None


class Lost(msgspec.Struct, frozen=True):
    """What was lost: a sentence, the findings that are shown, and how many are not ("" if none)."""

    style: str
    sentence: str
    found: tuple[FoundRow, ...]
    more: str


class MeasureRow(msgspec.Struct, frozen=True):
    """One measure against its limits."""

    style: str
    sign: str
    label: str
    name: str
    detail: str
    value: str
    chart: Markup
    samples: str
    limits: tuple[str, ...]


class StepRow(msgspec.Struct, frozen=True):
    """One line of the journal; `status` is "" for one that went as planned."""

    style: str
    at: str
    what: str
    status: str


class NextRow(msgspec.Struct, frozen=True):
    """One thing to do, and the command for it ("" for none)."""

    do: str
    command: str


class FileRow(msgspec.Struct, frozen=True):
    """A file that the numbers were computed from."""

    path: str
    sha256: str


class DrillPage(msgspec.Struct, frozen=True):
    """The whole page."""

    title: str
    css: Markup
    banner: Banner
    lanes: tuple[LaneRow, ...]
    axis: Markup
    faults: Table | None
    incident: Table | None
    before_after: tuple[Table, ...]
    lost: Lost
    measures: tuple[MeasureRow, ...]
    steps: tuple[StepRow, ...]
    planned: bool
    next: tuple[NextRow, ...]
    files: tuple[FileRow, ...]
