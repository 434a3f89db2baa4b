"""Launch gates as data: a question, who owns it, and the criteria that answer it."""

from typing import Literal

import msgspec

from gates.schema.outcome import Operator, Priority
from gates.schema.source import EvidenceSource, RegisterSource, Request, Sought, Source, source_sha256

__all__ = ["Criterion", "EvidenceSource", "Gate", "GateSet", "criterion_name", "full_label", "label", "request_of", "sought"]


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value held against one threshold.

    `threshold` (and `upper`, for `between`) are decimal strings in `unit`. `statistic` must equal the measure's own, so
    that a p95 is never judged by a mean. `confidence` (such as "0.95") makes a ratio pass only if its bound passes too.
    `max_age` is a duration. A failing criterion with `automatic_no_go` decides the review alone, whatever else passes.
    `exhaustive` says that the measure looks at all there are (every route, every artifact), not at a sample: no bound.
    `needs` are the least counts of the measure's parts (`in_flight_together: 50`), `cohort` is whose behaviour must be measured.
    """

    id: str
    title: str
    source: Source
    unit: str
    operator: Operator
    threshold: str
    upper: str | None = None
    warn_threshold: str | None = None
    statistic: str | None = None
    min_samples: int = 1
    confidence: str | None = None
    max_age: str = "7d"
    on_no_data: Literal["unknown", "fail"] = "unknown"
    automatic_no_go: bool = False
    exhaustive: bool = False
    needs: dict[str, int] = {}
    cohort: Literal["none", "simulated", "canary", "external"] | None = None


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One launch gate; it passes only if every criterion passes.

    `letter` is its short name, where it has one. `answers` names the launch plan's questions, by letter.
    """

    id: str
    title: str
    priority: Priority
    owner: str
    question: str
    runbook: str
    criteria: tuple[Criterion, ...]
    waivable: bool = False
    answers: tuple[str, ...] = ()
    letter: str | None = None


def label(letter: str | None, gate_id: str) -> str:
    """How a list names a gate: by its letter, or by its id where it has none."""
    return letter or gate_id


def full_label(letter: str | None, gate_id: str) -> str:
    """The letter, where there is one, and the id."""
    return f"{letter} {gate_id}" if letter else gate_id


def criterion_name(gate: Gate, criterion: Criterion) -> str:
    """How commands and statements name a criterion: GATE/CRITERION."""
    return f"{gate.id}/{criterion.id}"


class GateSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gates of one file; a review judges the union of a folder's files."""

    gates: tuple[Gate, ...]


def request_of(criterion: Criterion) -> Request | None:
    """What an adapter is queried for to judge this criterion; None where it is judged by other evidence."""
    source = criterion.source
    return None if isinstance(source, EvidenceSource | RegisterSource) else Request(source, criterion.unit, criterion.statistic)


def sought(criterion: Criterion) -> Sought:
    """Which statements can judge this criterion."""
    request = request_of(criterion)
    return Sought(criterion.source.predicate_type, None if request is None else source_sha256(request))
