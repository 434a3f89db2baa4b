"""The result of judging: a verdict on each criterion, on each gate, and the decision of the review."""

from typing import Literal

import msgspec

from gates.schema.gate import Criterion
from gates.schema.outcome import Decision, Outcome, Priority, UnknownReason


class CriterionVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One criterion judged: the criterion as it is written, what was measured, and why the outcome is what it is.

    `value` is the judged value: where skipped checks count against a ratio it is worse than the measure's own, and
    `detail` gives both. `bound` is the one-sided confidence bound as a decimal, `bound_text` the same in words.
    `evidence` is the digest of the statement judged, None where there was none. `age_s` is negative for evidence that
    finished after `now`.
    """

    criterion: Criterion
    outcome: Outcome
    unknown: UnknownReason | None
    detail: str
    value: str | None
    samples: int
    failures: int | None
    skipped: int
    bound: str | None
    bound_text: str
    target: str
    evidence: str | None
    finished_at: str | None
    age_s: int | None


class GateVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One gate judged. `waived` never changes the outcome; `waived_until` and the rest are the waiver's."""

    id: str
    letter: str | None
    title: str
    priority: Priority
    waivable: bool
    owner: str
    question: str
    runbook: str
    outcome: Outcome
    waived: bool
    waived_until: str | None
    waived_by: str | None
    waiver_reason: str | None
    mitigation: str | None
    criteria: tuple[CriterionVerdict, ...]


class AutomaticNoGo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failing criterion that decides the review alone."""

    gate: str
    criterion: str
    title: str
    detail: str


class RedRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement of this week on this build in which criteria failed (`C.storm_double_settles`).

    `explained` says that an explanation is signed; without one, what alone means NO GO (`stops`) stays a failure for the week.
    """

    evidence: str
    predicate_type: str
    finished_at: str
    criteria: tuple[str, ...]
    explained: bool
    stops: tuple[AutomaticNoGo, ...] = ()


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A criterion that could not be judged, and the command that collects its evidence ("" if there is none yet)."""

    gate: str
    priority: Priority
    criterion: str
    title: str
    reason: UnknownReason
    detail: str
    produced_by: str


class LastWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the last official scorecard of an earlier week holds this review to: its week, and the ids of its P1 gates."""

    week: str
    p1_gates: tuple[str, ...]


class P1Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of another week's P1 gates pass now; `gone` are those that this gate set lacks, and they do not pass."""

    week: str
    passed: int
    total: int
    gone: tuple[str, ...]


class ReviewDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May we launch? `reasons` are whole sentences, the most important first.

    `p1_ratio` is the share of P1 gates that decides, rounded down to two places, None without P1 gates: the lower of this week's
    and of `p1_last_week`, so that a gate cut into many, or dropped, does not raise it. `blocked_by` are reasons for a NO GO that
    are no verdict on a gate. `yellow` marks a CONDITIONAL GO, and a GO of which not every P0 and P1 gate passes cleanly.
    """

    decision: Decision
    reasons: tuple[str, ...]
    p0_passed: int
    p0_total: int
    p1_passed: int
    p1_total: int
    p1_ratio: str | None
    p1_last_week: P1Share | None
    blocked_by: tuple[str, ...]
    automatic_no_go: tuple[AutomaticNoGo, ...]
    missing: tuple[Missing, ...]
    yellow: bool
    exit_code: Literal[0, 1, 3, 9]


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of `decide`: the decision, and each gate in the order of the gate set.

    `builds` maps each target's name to the sha256 of the build under review; `now` is the moment of judging. `red_runs` are this
    week's runs on these builds in which something failed.
    """

    decision: ReviewDecision
    gates: tuple[GateVerdict, ...]
    builds: dict[str, str]
    now: str
    red_runs: tuple[RedRun, ...] = ()
