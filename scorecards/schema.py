"""The content of a weekly scorecard; the YAML is these structs in this order, and the HTML shows nothing else."""

from enum import StrEnum
from typing import Literal

import msgspec

from gates.commands import Named
from gates.evidence.unfinished import UnfinishedRun
from gates.page.charts import TimelineEvent
from gates.schema.documents import Document
from gates.schema.outcome import Decision, Priority
from gates.schema.register import RegisterState
from gates.schema.verdict import AutomaticNoGo, GateVerdict, RedRun
from gates.schema.witness import Witness
from scorecards.bar import BarParts
from scorecards.launch import Launch
from scorecards.log_notes import LogNotes
from scorecards.loosening import Loosened
from scorecards.weekly import Changes, Streak, WeekBar
from scorecards.whose_bar import Question

KIND = "Scorecard"


class Standing(StrEnum):
    """Whether a scorecard counts: the week's one official verdict, or a look at how things are."""

    OFFICIAL = "official"
    PREVIEW = "preview"


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gates of one priority, by outcome; `waived` gates are counted in their outcome too."""

    priority: Priority
    total: int
    passed: int
    warned: int
    failed: int
    unknown: int
    waived: int


class WaiverLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One waiver and how long it still holds; `expires_in_s` is negative once it is over.

    A waiver whose gate is another than when it was signed is `changed`: it is over.
    """

    gate: str
    state: Literal["active", "expiring", "expired", "changed"]
    owner: str
    approver: str
    reason: str
    mitigation: str
    expires_at: str
    expires_in_s: int


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do next: who, what, and the command that collects the evidence ("" if there is none yet)."""

    priority: Priority
    gate: str
    letter: str | None
    owner: str
    do: str
    criteria: tuple[str, ...]
    command: str
    runbook: str


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault found, in the words of the failing criterion's evidence; the shortest of a criterion's brings its witness."""

    gate: str
    criterion: str
    evidence: str
    text: str
    witness: Witness | None = None


class LinkedLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A raw file of a statement by which a criterion fails: the folder has it as artifacts/AB/SHA256."""

    evidence: str
    name: str
    sha256: str
    size: int


class Timeline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened in one drill, from its evidence."""

    drill: str
    title: str
    evidence: str
    finished_at: str
    events: tuple[TimelineEvent, ...]


class FunnelStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a new user's way, and how many users reached it."""

    step: str
    users: int


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What setups waited for, and how long all of them together."""

    waiting_on: str
    ms: int


class HostMet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host of one version, what is known of it (`unknown`: nobody certified this version), and how many setups changed it."""

    host: str
    version: str
    tier: str
    setups: int


class NewUsers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the users of a cohort got on: the steps that they reached, or what their setups waited for. It judges nothing.

    `steps` are in their order, each of those who took the ones before it; `aside` are the steps that not every user needs.
    `hosts` are those whose files setups changed.
    """

    evidence: str
    finished_at: str
    cohort: str
    users: int
    steps: tuple[FunnelStep, ...] = ()
    aside: tuple[FunnelStep, ...] = ()
    waits: tuple[Wait, ...] = ()
    hosts: tuple[HostMet, ...] = ()


class EvidenceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement that a criterion was judged by."""

    sha256: str
    predicate_type: str
    target: str
    build: str
    producer: str
    status: str
    finished_at: str
    age_s: int
    judges: tuple[str, ...]


class PreviousRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Last official scorecard of an earlier week, named by its bytes: the chain of scorecards."""

    week: str
    decision: Decision
    yaml_sha256: str


class CardBar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bar of this scorecard: whose it is in words, what became of it since last week, and what it leaves open.

    `unanswered` are the launch plan's P0 questions that these gates do not answer. `loosened` are criteria that alone stop a
    launch and were loosened: in the last eight weeks with two signatures, or at any time without them, which makes a NO GO.
    """

    sentence: str
    state: WeekBar
    parts: BarParts
    unanswered: tuple[Question, ...]
    loosened: tuple[Loosened, ...]


class InputDigests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digests of everything that this scorecard was computed from.

    `bar_sha256` covers every requirement, without titles and owners, and what the evidence is collected with (`CardBar`).
    """

    gate_set_sha256: str
    bar_sha256: str
    waivers_sha256: str
    history_sha256: str
    previous: PreviousRef | None
    log_head: str
    registers_sha256: str


class ScorecardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May we launch: the answer first, then why, then what to do, then all data behind it.

    `named_as` is how target, profile and gates were named on the command line.
    """

    week: str
    target: str
    builds: dict[str, str]
    standing: Standing
    standing_reason: str
    official_from: str
    evaluated_at: str
    decision: Decision
    sentence: str
    reasons: tuple[str, ...]
    automatic_no_go: tuple[AutomaticNoGo, ...]
    yellow: bool
    exit_code: Literal[0, 1, 3, 9]
    p1_ratio: str | None
    counts: tuple[Count, ...]
    launch: Launch
    streak: Streak
    bar: CardBar
    changes: Changes
    actions: tuple[Action, ...]
    waivers: tuple[WaiverLine, ...]
    gates: tuple[GateVerdict, ...]
    red_runs: tuple[RedRun, ...]
    unfinished: tuple[UnfinishedRun, ...]
    log: LogNotes
    findings: tuple[Finding, ...]
    registers: tuple[RegisterState, ...]
    timelines: tuple[Timeline, ...]
    evidence: tuple[EvidenceLine, ...]
    inputs: InputDigests
    named_as: Named = Named()
    logs: tuple[LinkedLog, ...] = ()
    new_users: tuple[NewUsers, ...] = ()


Scorecard = Document[ScorecardSpec]
