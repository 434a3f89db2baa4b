"""Does a statement show that a finding is resolved? It is there, of this build and this week, and green by the gates.

Pure: no clock, no file.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import Held
from gates.judge import Judging, judge_criterion
from gates.red_runs import failed_in
from gates.registers.document import Passed, ShownBy
from gates.schema.errors import RedProblem, UnknownProblem, UnverifiedProblem, UsageProblem
from gates.schema.gate import Criterion, Gate, criterion_name, sought
from gates.schema.outcome import Outcome, Priority
from gates.schema.source import AttestationSource
from gates.schema.time import iso_week, parse_utc
from gates.schema.verdict import CriterionVerdict
from gates.shelf import CLOCK_SKEW, Shelf, finished, of_the_week

GREEN = (Outcome.PASS, Outcome.WARN)
AGAIN = "run that test or drill again on this build, then close it by the new statement (gonogo evidence list)"


class Case(msgspec.Struct, frozen=True):
    """What is to be closed, at which moment, by which gates; `named` are the criteria to look at, or all that read it.

    What alone stops a launch by the `shipped` gates must not have failed either, whatever the others are.
    """

    severity: Priority
    at: dt.datetime
    gates: Sequence[Gate]
    named: Sequence[str] = ()
    shipped: Sequence[Gate] = ()


def show(held: Held, evidence: Sequence[Held], case: Case) -> ShownBy:
    """What the closing says of the statement; `evidence` is all that the log lists.

    Raises RedProblem for a statement that fails, UnknownProblem for one of another build or week, or that could not be judged,
    UsageProblem for a criterion that does not read it. A criterion that alone stops a launch is always looked at.
    """
    build = _this_build(held, evidence, case.at)
    fault = _of_another(held, build, case.at)
    if fault:
        raise UnknownProblem(f"{held.digest[:12]}: {fault}", next_step=AGAIN)
    found = list(_reading(held, case))
    if not found:
        kind = held.statement.predicate.kind
        raise UsageProblem(
            f"{held.digest[:12]}: no criterion of these gates reads a {kind}, so nothing says that it is green",
            next_step="name the gates that do with --gates, or another statement",
        )
    passed = tuple(Passed(gate.id, item) for gate, item in found)
    shown = ShownBy(held.digest, held.statement.subject[0].name, build, held.statement.predicate.started_at, passed)
    for name, verdict in _verdicts(shown, held, evidence, case.severity, case.at):
        if verdict.outcome is Outcome.FAIL:
            raise RedProblem(f"{held.digest[:12]}: {name} fails: {verdict.detail}", next_step=AGAIN)
        if verdict.outcome not in GREEN:
            text = f"{held.digest[:12]}: {name} could not be judged ({verdict.unknown}): {verdict.detail}"
            raise UnknownProblem(text, next_step=f"{AGAIN}; or name the criteria that show it with --criterion")
    stopping = [(gate, item) for gate in case.shipped for item in gate.criteria if item.automatic_no_go and _reads(item, held)]
    for gate, item in stopping:
        if failed := failed_in(gate, item, held):
            text = f"{held.digest[:12]}: {criterion_name(gate, item)} of the shipped gates fails: {failed.ruling.detail}"
            raise RedProblem(text, next_step=f"{AGAIN}; gates of one's own do not undo what alone stops a launch")
    _refuse_later_red(held, Shelf(evidence), [*found, *stopping], build, case.at)
    return shown


def require_shown(shown: ShownBy, severity: Priority, at: dt.datetime, find: Callable[[str], Held | None], origin: str) -> None:
    """Raise UnverifiedProblem naming `origin` where the statement that a closing names is not what the closing says of it."""
    held = find(shown.statement)
    if held is None:
        raise UnverifiedProblem(f"{origin}: no statement {shown.statement} is listed")
    subject, began = held.statement.subject[0], held.statement.predicate.started_at
    if (subject.name, subject.digest.get("build", ""), began) != (shown.target, shown.build, shown.started_at):
        raise UnverifiedProblem(f"{origin}: {shown.statement[:12]} is about another target, build or time than the closing says")
    fault = _of_another(held, shown.build, at)
    if fault:
        raise UnverifiedProblem(f"{origin}: {shown.statement[:12]}: {fault}")
    cited = find(held.statement.predicate.build_observation or "")
    for name, verdict in _verdicts(shown, held, [] if cited is None else [cited], severity, at):
        if verdict.outcome not in GREEN:
            text = f"{shown.statement[:12]} does not pass {name}: {verdict.outcome.value}, {verdict.detail}"
            raise UnverifiedProblem(f"{origin}: {text}")


def _this_build(held: Held, evidence: Iterable[Held], at: dt.datetime) -> str:
    """The build that the target reported last, as far as the log shows it."""
    target = held.statement.subject[0].name
    seen = [
        item
        for item in evidence
        if item.statement.predicate_type == EvidenceKind.BUILD_OBSERVATION
        and item.statement.subject[0].name == target
        and parse_utc(item.statement.predicate.finished_at) <= at + CLOCK_SKEW
    ]
    if not seen:
        raise UnknownProblem(f"no build of {target} was read from the service yet, so there is no present one", next_step=AGAIN)
    newest = max(seen, key=lambda item: (item.statement.predicate.finished_at, item.digest))
    return newest.statement.subject[0].digest.get("build", "")


def _of_another(held: Held, build: str, at: dt.datetime) -> str:
    """How the statement is about something else than this build in this week; "" if it is about just that."""
    predicate, own = held.statement.predicate, held.statement.subject[0].digest.get("build", "")
    if own != build or not build:
        return f"is about the build {own[:12] or 'that nobody knows'}, and the present one is {build[:12]}"
    ended = finished(held)
    if ended > at + CLOCK_SKEW:
        return f"finished at {predicate.finished_at}, after the closing"
    if iso_week(ended) != iso_week(at):
        return f"finished at {predicate.finished_at}, in another week than this one, {iso_week(at)}"
    if predicate.status != "complete":
        return f"ended as {predicate.status}: {predicate.detail or 'no detail'}"
    return ""


def _refuse_later_red(held: Held, shelf: Shelf, found: Iterable[tuple[Gate, Criterion]], build: str, at: dt.datetime) -> None:
    """Raise RedProblem where a later run on this build fails one of the criteria: it is the newer result."""
    for gate, criterion in found:
        for item in of_the_week(gate, criterion, shelf, build, at):
            if finished(item) > finished(held) and failed_in(gate, criterion, item) is not None:
                later = f"a later run, {item.digest[:12]} of {item.statement.predicate.finished_at}"
                text = f"{held.digest[:12]}: {later}, fails {criterion_name(gate, criterion)}"
                raise RedProblem(text, next_step=AGAIN)


def _reading(held: Held, case: Case) -> Iterator[tuple[Gate, Criterion]]:
    """The criteria that the statement has to pass; raises UsageProblem for a name that is none of them.

    A person's word is no test: what an attestation judges closes nothing.
    """
    predicate = held.statement.predicate
    found = {
        criterion_name(gate, item): (gate, item)
        for gate in case.gates
        for item in gate.criteria
        if not isinstance(item.source, AttestationSource)
        and sought(item).predicate_type == held.statement.predicate_type
        and sought(item).source in (None, predicate.inputs.source)
    }
    unknown = [name for name in case.named if name not in found]
    if unknown:
        step = f"use one of {', '.join(found)}" if found else "no criterion of these gates reads it: name others with --gates"
        raise UsageProblem(f"--criterion {unknown[0]!r} does not read a {predicate.kind}", next_step=step)
    for name, (gate, item) in found.items():
        if not case.named or name in case.named or item.automatic_no_go:
            yield gate, item


def _reads(criterion: Criterion, held: Held) -> bool:
    wanted, statement = sought(criterion), held.statement
    is_kind = wanted.predicate_type == statement.predicate_type
    is_source = wanted.source in (None, statement.predicate.inputs.source)
    return is_kind and is_source and not isinstance(criterion.source, AttestationSource)


def _verdicts(
    shown: ShownBy, held: Held, others: Iterable[Held], severity: Priority, at: dt.datetime
) -> Iterator[tuple[str, CriterionVerdict]]:
    """The verdict of each criterion by this statement alone, about what it is about itself."""
    statement = held.statement
    subject, inputs = statement.subject[0], statement.predicate.inputs
    reviewed = Reviewed(
        build=shown.build,
        instance=subject.digest.get("instance", ""),
        target=inputs.target,
        tool=statement.predicate.producer.sha256,
        profile=inputs.profile,
        table=inputs.table,
    )
    cited = [item for item in others if item.digest == statement.predicate.build_observation]
    judging = Judging(Shelf([held, *cited]), {subject.name: reviewed}, at)
    for item in shown.passed:
        gate = Gate(item.gate, "", severity, "", "", "", (item.criterion,))
        yield criterion_name(gate, item.criterion), judge_criterion(gate, item.criterion, judging)
