"""The gates on the page: the strip of tiles, and each gate with its criteria. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from gates.collecting import command_of
from gates.judge import BY_WORD
from gates.page.charts import bullet, share_of_limit
from gates.page.witness import witness_view
from gates.page.words import LABELS, SYMBOLS, counted, grouped, moment, short, size, threshold
from gates.schema.describe import describe
from gates.schema.gate import label
from gates.schema.outcome import Outcome
from gates.schema.source import EvidenceSource
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards.logs import log_path
from scorecards.page_schema import (
    CriteriaTable,
    CriterionRow,
    Digest,
    GateCard,
    LogLink,
    OutcomeMark,
    Picture,
    RegisterTable,
    Tile,
    WaivedBy,
)
from scorecards.schema import Finding, LinkedLog
from scorecards.words import age, detail_beside, href, kind, measured

_ATTENTION = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN)
Found = Mapping[tuple[str, str], tuple[Finding, ...]]
Logs = Mapping[str, tuple[LogLink, ...]]
_NO_LOGS: Logs = {}


def mark(outcome: Outcome) -> OutcomeMark:
    """An outcome as the page marks it."""
    return OutcomeMark(outcome.value, SYMBOLS[outcome.value], LABELS[outcome.value])


def digest(sha256: str) -> Digest:
    """A digest, whole and short."""
    return Digest(sha256, short(sha256))


def tile(gate: GateVerdict) -> Tile:
    """A gate in the strip."""
    return Tile(gate.id, label(gate.letter, gate.id), gate.letter is None, gate.title, mark(gate.outcome), gate.waived)


def findings_of(findings: Iterable[Finding]) -> Found:
    """The findings, by gate and criterion."""
    found: dict[tuple[str, str], tuple[Finding, ...]] = {}
    for one in findings:
        found[one.gate, one.criterion] = (*found.get((one.gate, one.criterion), ()), one)
    return found


def links_of(logs: Iterable[LinkedLog]) -> Logs:
    """The links to logs, by the statement that they are of."""
    found: dict[str, tuple[LogLink, ...]] = {}
    for one in logs:
        link = LogLink(log_path(one), one.name, size(one.size))
        found[one.evidence] = (*found.get(one.evidence, ()), link)
    return found


def gate_card(
    gate: GateVerdict, found: Found, logs: Logs, registers: tuple[RegisterTable, ...] = (), drawn: tuple[Picture, ...] = ()
) -> GateCard:
    """A gate with its criteria; open at once where it needs attention and anything was measured at all."""
    passed = sum(item.outcome in (Outcome.PASS, Outcome.WARN) for item in gate.criteria)
    return GateCard(
        id=gate.id,
        letter=label(gate.letter, gate.id),
        named=gate.letter is None,
        title=gate.title,
        question=gate.question,
        priority=gate.priority.value,
        owner=gate.owner,
        runbook=href(gate.runbook),
        mark=mark(gate.outcome),
        share=f"{passed} of {len(gate.criteria)}",
        is_open=gate.outcome is not Outcome.PASS and any(item.evidence for item in gate.criteria),
        waived=_waived_by(gate),
        tables=tuple(_tables(gate, found, logs)),
        registers=registers,
        pictures=drawn,
    )


def criterion_row(gate: GateVerdict, item: CriterionVerdict, found: Found, logs: Logs = _NO_LOGS) -> CriterionRow:
    """One criterion as text."""
    criterion, findings = item.criterion, found.get((gate.id, item.criterion.id), ())
    return CriterionRow(
        mark=mark(item.outcome),
        letter=label(gate.letter, gate.id),
        title=criterion.title,
        detail=_detail(item),
        findings=tuple(one.text for one in findings),
        witness=next((witness_view(one.witness) for one in findings if one.witness is not None), None),
        logs=logs.get(item.evidence or "", ()) if item.outcome is Outcome.FAIL else (),
        measured="" if item.value is None else measured(item),
        missing=measured(item) if item.value is None else "",
        chart=bullet(item),
        share=share_of_limit(item),
        threshold=threshold(criterion),
        statistic=criterion.statistic or "",
        samples=counted(item.samples, "sample") if item.samples else "",
        samples_note=_samples_note(item),
        evidence=digest(item.evidence) if item.evidence else None,
        evidence_note=f"{kind(criterion.source.predicate_type)}, {age(item.age_s)}",
        produced_by=command_of(item),
        source="" if isinstance(criterion.source, EvidenceSource) else describe(criterion.source),
    )


def _detail(item: CriterionVerdict) -> str:
    """Why the outcome is what it is; of a pass only that nobody read which build it is about."""
    if item.outcome is not Outcome.PASS:
        return detail_beside(item)
    return BY_WORD if BY_WORD in item.detail else ""


def _tables(gate: GateVerdict, found: Found, logs: Logs) -> Iterable[CriteriaTable]:
    """First the criteria that need attention, failing ones on top; those that pass are folded away below them."""
    of_gate = f"of gate {label(gate.letter, gate.id)}, {gate.title}"
    attention = sorted((item for item in gate.criteria if item.outcome in _ATTENTION), key=_urgency)
    if attention:
        yield CriteriaTable(f"Criteria that need attention {of_gate}", "", _rows(gate, attention, found, logs))
    passing = [item for item in gate.criteria if item.outcome is Outcome.PASS]
    if passing:
        summary = f"{len(passing)} criteria pass" if len(passing) > 1 else "1 criterion passes"
        yield CriteriaTable(f"Passing criteria {of_gate}", summary if attention else "", _rows(gate, passing, found, logs))


def _urgency(item: CriterionVerdict) -> int:
    return _ATTENTION.index(item.outcome)


def _rows(gate: GateVerdict, items: Sequence[CriterionVerdict], found: Found, logs: Logs) -> tuple[CriterionRow, ...]:
    return tuple(criterion_row(gate, item, found, logs) for item in items)


def _samples_note(item: CriterionVerdict) -> str:
    """What the samples show, or how many are required if there are too few."""
    if item.bound_text or item.value is None or item.samples >= item.criterion.min_samples:
        return item.bound_text
    return f"{grouped(str(item.criterion.min_samples))} required"


def _waived_by(gate: GateVerdict) -> WaivedBy | None:
    if not gate.waived:
        return None
    return WaivedBy(gate.waived_by or "", moment(gate.waived_until or ""), gate.waiver_reason or "")
