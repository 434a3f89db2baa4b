"""Does this gate pass? Each criterion judged for each target, the worst verdict counts; a waiver is a separate flag."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gates.attested import still_attested
from gates.evidence.identity import Reviewed
from gates.evidence.statement import Measure
from gates.reading import Reading, read
from gates.red_runs import failed_in
from gates.registers.measure import find_in_register
from gates.rule import Ruling, refused, rule
from gates.schema.gate import Criterion, Gate, sought
from gates.schema.outcome import Outcome
from gates.schema.register import Register, RegisterState
from gates.schema.source import AttestationSource, RegisterSource
from gates.schema.verdict import CriterionVerdict, GateVerdict
from gates.schema.waiver import Waiver
from gates.selection import Found, Refusal, find
from gates.shelf import Shelf, cut_short, of_the_week
from gates.waivers import in_force

BY_WORD = "the build was given, not read from the service or from the answer"
"""What the verdict by an adapter's statement says that decides no P0 gate."""
WORST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)


class Judging(msgspec.Struct, frozen=True):
    """What gates are judged by: the evidence, what is under review by target, the moment, and the red runs that are explained.

    `attested` is the sha256 of what each attestation has to be about.
    `registers` are the states of the registers of findings and incidents, which are about no build.
    """

    shelf: Shelf
    reviewed: Mapping[str, Reviewed]
    now: dt.datetime
    explained: Sequence[str] = ()
    attested: Mapping[AttestationSource, str] = {}
    registers: Mapping[Register, RegisterState] = {}


def judge_gate(gate: Gate, judging: Judging, waivers: Iterable[Waiver]) -> GateVerdict:
    """A gate is as good as the worst of its criteria; a waiver in force is a separate flag."""
    criteria = tuple(judge_criterion(gate, criterion, judging) for criterion in gate.criteria)
    outcome = worst(item.outcome for item in criteria)
    waiver = None if outcome is Outcome.PASS else in_force(gate, waivers, judging.now)
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


def judge_criterion(gate: Gate, criterion: Criterion, judging: Judging) -> CriterionVerdict:
    """The worst verdict over the targets under review."""
    verdicts = [_of_target(gate, criterion, target, judging) for target in sorted(judging.reviewed)]
    return min(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.outcome))


def _of_target(gate: Gate, criterion: Criterion, target: str, judging: Judging) -> CriterionVerdict:
    """The verdict by the newest statement, or by one that failed: of this week, if that alone means NO GO, or cut short later."""
    if isinstance(criterion.source, RegisterSource):
        return _verdict(criterion, target, find_in_register(criterion, criterion.source, judging.registers, judging.now))
    reviewed = judging.reviewed[target]
    found = find(criterion, gate.priority, judging.shelf, target, reviewed, judging.now)
    verdict = _verdict(criterion, target, still_attested(found, criterion, judging.shelf, judging.attested))
    if verdict.outcome is Outcome.FAIL:
        return verdict
    red_before = _red_before(gate, criterion, target, judging) if criterion.automatic_no_go else None
    return red_before or _cut_short(gate, criterion, target, judging) or verdict


def _red_before(gate: Gate, criterion: Criterion, target: str, judging: Judging) -> CriterionVerdict | None:
    build = judging.reviewed[target].build
    for item in of_the_week(gate, criterion, judging.shelf, build, judging.now):
        failed = None if item.digest in judging.explained else failed_in(gate, criterion, item)
        if failed is not None:
            predicate = item.statement.predicate
            when = f"listed after {item.not_before} by a clock set back" if item.not_before else "of this week"
            is_edited = bool(predicate.inputs.judges) and predicate.inputs.source != sought(criterion).source
            edited = " (the criterion's source was edited since)" if is_edited else ""
            detail = f"{failed.ruling.detail}; a run {when} on this build{edited}, which a later run does not undo"
            found = Found(item.digest, predicate.finished_at, None, failed.measure)
            return _written(failed.criterion, target, found, failed.measure, failed.reading, Ruling(Outcome.FAIL, detail))
    return None


def _cut_short(gate: Gate, criterion: Criterion, target: str, judging: Judging) -> CriterionVerdict | None:
    for item in cut_short(criterion, judging.shelf, target, judging.reviewed[target], judging.now):
        failed = None if item.digest in judging.explained else failed_in(gate, criterion, item)
        if failed is not None:
            predicate = item.statement.predicate
            found = Found(item.digest, predicate.finished_at, None, failed.measure)
            detail = f"{failed.ruling.detail}; found by the newest run, which ended early ({predicate.status})"
            return _written(failed.criterion, target, found, failed.measure, failed.reading, Ruling(Outcome.FAIL, detail))
    return None


def _verdict(criterion: Criterion, target: str, found: Found) -> CriterionVerdict:
    reading = found.measure if isinstance(found.measure, Refusal) else read(criterion, found.measure)
    measure = found.measure if isinstance(found.measure, Measure) else None
    number = reading if isinstance(reading, Reading) else None
    if isinstance(reading, Refusal) or measure is None:
        assert isinstance(reading, Refusal), "a reading needs a measure"
        ruling = refused(criterion, reading)
    else:
        ruling = rule(criterion, measure, reading)
    return _written(criterion, target, found, measure, number, ruling)


def _written(
    criterion: Criterion, target: str, found: Found, measure: Measure | None, number: Reading | None, ruling: Ruling
) -> CriterionVerdict:
    return CriterionVerdict(
        criterion=criterion,
        outcome=ruling.outcome,
        unknown=ruling.unknown,
        detail=f"{ruling.detail}; {BY_WORD}" if found.is_given and ruling.outcome is not Outcome.UNKNOWN else ruling.detail,
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
