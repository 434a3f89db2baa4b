"""What the scorecard's page shows, ready to place: every text written out, every decision taken. The template only repeats."""

import msgspec
from markupsafe import Markup

from gates.page.witness import WitnessView
from scorecards.runs import RunLine


class OutcomeMark(msgspec.Struct, frozen=True):
    """An outcome for people: its style, the sign next to the colour, and the word for those who see neither."""

    style: str
    sign: str
    label: str


class Digest(msgspec.Struct, frozen=True):
    """A sha256, and as much of it as fits into a table."""

    sha256: str
    short: str


class Banner(msgspec.Struct, frozen=True):
    """The answer, at the top of the page; `style` is its colour."""

    style: str
    icon: Markup
    decision: str
    sentence: str
    launch: str
    target: str
    week: str
    standing: str
    standing_label: str
    standing_reason: str
    evaluated: str


class Tile(msgspec.Struct, frozen=True):
    """One gate in the strip below the banner; `named` where its id stands for the letter that it does not have."""

    gate: str
    letter: str
    named: bool
    title: str
    mark: OutcomeMark
    is_waived: bool


class TileGroup(msgspec.Struct, frozen=True):
    """The tiles of one priority."""

    priority: str
    tiles: tuple[Tile, ...]


class CountRow(msgspec.Struct, frozen=True):
    """The gates of one priority, counted by outcome."""

    priority: str
    chart: Markup
    passed: int
    warned: int
    failed: int
    unknown: int
    waived: int


class WeekSquare(msgspec.Struct, frozen=True):
    """One week of the streak."""

    style: str
    sign: str
    week: str
    short: str
    detail: str


class Launch(msgspec.Struct, frozen=True):
    """What comes next before a broad launch, with its command, and the weeks that decide it; `style` is the answer's colour."""

    style: str
    answer: str
    next: str
    command: str
    freeze: str
    weeks: tuple[WeekSquare, ...]
    weeks_label: str
    broken_by: str


class BarLine(msgspec.Struct, frozen=True):
    """One change of what the gates require; `style` is its effect."""

    style: str
    text: str


class Since(msgspec.Struct, frozen=True):
    """What changed since last week; `summary` is "" where no value and no requirement did."""

    sentence: str
    summary: str
    bar: tuple[BarLine, ...]
    values: tuple[str, ...]


class Whose(msgspec.Struct, frozen=True):
    """Whose bar this is, and which criteria that alone stop a launch were loosened."""

    sentence: str
    loosened: tuple[str, ...]


class ActionRow(msgspec.Struct, frozen=True):
    """One thing to do next; `gate` is "" for a gate that was removed.

    `named` says that the gate's id stands in `letter`; `runbook_of` names the action for a screen reader.
    """

    number: int
    gate: str
    letter: str
    named: bool
    style: str
    do: str
    command: str
    owner: str
    runbook: str
    runbook_of: str


class LogLink(msgspec.Struct, frozen=True):
    """A log in the folder of the page: `size` is for people."""

    href: str
    name: str
    size: str


class CriterionRow(msgspec.Struct, frozen=True):
    """One criterion: measured, threshold, samples, evidence; a text that does not apply is "".

    `logs` are those of the evidence by which it fails. `missing` says why there is no `measured`; `produced_by` is the command
    where there is no `evidence`.
    `source` is the adapter with its query, argument list or path. `share` is what `chart` shows, as text.
    """

    mark: OutcomeMark
    letter: str
    title: str
    detail: str
    findings: tuple[str, ...]
    witness: WitnessView | None
    logs: tuple[LogLink, ...]
    measured: str
    missing: str
    chart: Markup
    share: str
    threshold: str
    statistic: str
    samples: str
    samples_note: str
    evidence: Digest | None
    evidence_note: str
    produced_by: str
    source: str


class CriteriaTable(msgspec.Struct, frozen=True):
    """Some criteria of a gate; `summary` is "" for a table that is not folded away."""

    caption: str
    summary: str
    rows: tuple[CriterionRow, ...]


class WaivedBy(msgspec.Struct, frozen=True):
    """The waiver in force of a gate."""

    approver: str
    until: str
    reason: str


class OpenRow(msgspec.Struct, frozen=True):
    """One open finding or incident; `style` is that of its severity."""

    style: str
    severity: str
    id: str
    title: str
    owner: str
    age: str
    state: str


class RegisterTable(msgspec.Struct, frozen=True):
    """What is open in a register, the worst first; `more` says how many there are beyond the rows, "" if none."""

    title: str
    note: str
    rows: tuple[OpenRow, ...]
    more: str


class ShareRow(msgspec.Struct, frozen=True):
    """One bar of a picture, with the same as text."""

    label: str
    value: str
    share: str
    chart: Markup


class Picture(msgspec.Struct, frozen=True):
    """Bars below one title; `heads` are the columns of the table that holds them."""

    title: str
    note: str
    heads: tuple[str, str, str]
    rows: tuple[ShareRow, ...]


class GateCard(msgspec.Struct, frozen=True):
    """One gate with its criteria; `named` where its id stands in `letter`."""

    id: str
    letter: str
    named: bool
    title: str
    question: str
    priority: str
    owner: str
    runbook: str
    mark: OutcomeMark
    share: str
    is_open: bool
    waived: WaivedBy | None
    tables: tuple[CriteriaTable, ...]
    registers: tuple[RegisterTable, ...]
    pictures: tuple[Picture, ...] = ()


class WaiverRow(msgspec.Struct, frozen=True):
    """One waiver, and how long it still holds."""

    gate: str
    style: str
    state: str
    ends: str
    reason: str
    mitigation: str
    owner: str
    approver: str


class DrillMoment(msgspec.Struct, frozen=True):
    """One step of a drill; `status` is "" for one that went as planned."""

    style: str
    at: str
    label: str
    status: str


class Drill(msgspec.Struct, frozen=True):
    """One drill's timeline."""

    title: str
    finished: str
    evidence: Digest
    chart: Markup
    moments: tuple[DrillMoment, ...]


class EvidenceRow(msgspec.Struct, frozen=True):
    """One statement that criteria were judged by; `build` is None where it names none."""

    kind: str
    status: str
    sha256: str
    build: Digest | None
    finished: str
    age: str
    judges: str


class InputRow(msgspec.Struct, frozen=True):
    """One input of the scorecard by its digest; `sha256` is "" where there is none, and then `note` says so."""

    name: str
    note: str
    sha256: str


class Page(msgspec.Struct, frozen=True):
    """The whole page, from top to bottom."""

    title: str
    css: Markup
    banner: Banner
    strip: tuple[TileGroup, ...]
    reasons: tuple[str, ...]
    counts: tuple[CountRow, ...]
    launch: Launch
    since: Since
    whose: Whose
    runs: tuple[RunLine, ...]
    first: ActionRow | None
    actions: tuple[ActionRow, ...]
    later: tuple[ActionRow, ...]
    later_summary: str
    figures: tuple[CriterionRow, ...]
    waivers: tuple[WaiverRow, ...]
    gates: tuple[GateCard, ...]
    drills: tuple[Drill, ...]
    evidence: tuple[EvidenceRow, ...]
    evidence_summary: str
    inputs: tuple[InputRow, ...]
    official_from: str
