"""Does this gate pass? Each criterion judged for each target, the worst verdict counts; a waiver is a separate flag."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gates.evidence.statement import Measure
from gates.evidence.store import Held
from gates.reading import Reading, read
from gates.rule import refused, rule
from gates.schema.gate import Criterion, Gate
from gates.schema.outcome import Outcome
from gates.schema.verdict import CriterionVerdict, GateVerdict
from gates.schema.waiver import Waiver
from gates.selection import Found, Refusal, find
from gates.waivers import in_force

WORST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)


def judge_gate(
    gate: Gate, evidence: Sequence[Held], builds: Mapping[str, str], now: dt.datetime, waivers: Iterable[Waiver]
) -> GateVerdict:
    """A gate is as good as the worst of its criteria; a waiver in force is a separate flag."""
    criteria = tuple(judge_criterion(criterion, evidence, builds, now) for criterion in gate.criteria)
    outcome = worst(item.outcome for item in criteria)
    waiver = None if outcome is Outcome.PASS else in_force(gate, waivers, now)
    return GateVerdict(
        id=gate.id,
        letter=gate.letter,
        title=gate.title,
        priority=gate.priority,
        waivable=gate.waivable,
        owner=gate.owner,
        question=gate.question,
        runbook=gate.runbook,
        outcome=outcome,
        waived=waiver is not None,
        waived_until=waiver.expires_at if waiver else None,
        waived_by=waiver.approver if waiver else None,
        waiver_reason=waiver.reason if waiver else None,
        mitigation=(waiver.mitigation.strip() or None) if waiver else None,
        criteria=criteria,
    )


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of some outcomes; unknown without any."""
    return min(outcomes, key=WORST_FIRST.index, default=Outcome.UNKNOWN)


def judge_criterion(
    criterion: Criterion, evidence: Sequence[Held], builds: Mapping[str, str], now: dt.datetime
) -> CriterionVerdict:
    """The worst verdict over the targets under review."""
    verdicts = [
        _verdict(criterion, target, find(criterion, evidence, target, build, now)) for target, build in sorted(builds.items())
    ]
    return min(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.outcome))


def _verdict(criterion: Criterion, target: str, found: Found) -> CriterionVerdict:
    reading = found.measure if isinstance(found.measure, Refusal) else read(criterion, found.measure)
    measure = found.measure if isinstance(found.measure, Measure) else None
    number = reading if isinstance(reading, Reading) else None
    if isinstance(reading, Refusal) or measure is None:
        assert isinstance(reading, Refusal), "a reading needs a measure"
        ruling = refused(criterion, reading)
    else:
        ruling = rule(criterion, measure, reading)
    return CriterionVerdict(
        criterion=criterion,
        outcome=ruling.outcome,
        unknown=ruling.unknown,
        detail=ruling.detail,
        value=number.value if number else None,
        samples=measure.samples if measure else 0,
        failures=measure.failures if measure else None,
        skipped=measure.skipped if measure else 0,
        bound=number.bound if number else None,
        bound_text=number.bound_text if number else "",
        target=target,
        evidence=found.digest,
        finished_at=found.finished_at,
        age_s=found.age_s,
    )
