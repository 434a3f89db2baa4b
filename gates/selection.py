"""Which statement judges a criterion? The newest of the right kind about what is under review, or why there is none."""

import datetime as dt

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.observation import observed_too_early
from gates.evidence.statement import EvidenceKind, Measure, Predicate, Statement, short_kind
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, sought
from gates.schema.outcome import Priority, UnknownReason
from gates.schema.source import ADAPTED, VALUE, adapter_of
from gates.schema.time import parse_duration_s, parse_utc
from gates.shelf import CLOCK_SKEW, NEVER_RAN, UNDATED, Newest, Shelf, newest

_STATUS_REASON = {
    "not_run": UnknownReason.NOT_RUN,
    "dry_run": UnknownReason.DRY_RUN,
    "interrupted": UnknownReason.NOT_RUN,
    "adapter_error": UnknownReason.ADAPTER_ERROR,
    "invalid_generator": UnknownReason.INVALID_GENERATOR,
}


class Refusal(msgspec.Struct, frozen=True):
    """Why there is no measure: the reason, and the same as text."""

    reason: UnknownReason
    detail: str


class Found(msgspec.Struct, frozen=True):
    """What was found for a criterion: the statement's digest and times, and its measure or the reason why not.

    `is_given` says that an adapter's answer does not name the build that it is about.
    """

    digest: str | None
    finished_at: str | None
    age_s: int | None
    measure: Measure | Refusal
    is_given: bool = False


def find(criterion: Criterion, priority: Priority, shelf: Shelf, target: str, reviewed: Reviewed, now: dt.datetime) -> Found:
    """What judges a criterion: the newest statement about what is under review, and in it the measure that is named."""
    found = newest(sought(criterion), shelf, target, reviewed)
    if found is None or found.misfit:
        return Found(None, None, None, _nothing(criterion, target, reviewed, found))
    digest, predicate = found.held.digest, found.held.statement.predicate
    if found.finished == UNDATED:
        text = f"finished_at {predicate.finished_at!r} is not a moment"
        return Found(digest, predicate.finished_at, None, Refusal(UnknownReason.ADAPTER_ERROR, text))
    age = now - found.finished
    refusal = _unfit(predicate, age, criterion.max_age) or _given(found.held.statement, priority, shelf)
    measure = refusal or _in_force(measure_of(criterion, predicate), now)
    is_given = criterion.source.predicate_type == ADAPTED and predicate.build_observation is None
    return Found(digest, predicate.finished_at, age // dt.timedelta(seconds=1), measure, is_given)


def _in_force(measure: Measure | Refusal, now: dt.datetime) -> Measure | Refusal:
    """The measure, unless it has ended."""
    if isinstance(measure, Refusal) or not measure.valid_until:
        return measure
    try:
        if now <= parse_utc(measure.valid_until):
            return measure
    except UsageProblem as problem:
        return Refusal(UnknownReason.ADAPTER_ERROR, f"valid_until: {problem.message}")
    return Refusal(UnknownReason.STALE, f"it was valid until {measure.valid_until}")


def measure_of(criterion: Criterion, predicate: Predicate) -> Measure | Refusal:
    """The measure that a criterion names, if it is of the unit, the statistic and the cohort that the criterion requires."""
    name = VALUE if predicate.kind == _ADAPTER else criterion.source.measure
    measure = predicate.measures.get(name)
    if measure is None:
        return Refusal(UnknownReason.MISSING, f"the evidence holds no measure {name}")
    if measure.unknown is not None or measure.value is None:
        detail = measure.detail or f"the measure {name} has no value"
        return Refusal(measure.unknown or UnknownReason.MISSING, detail)
    if measure.unit != criterion.unit:
        return Refusal(UnknownReason.MISSING, f"the measure is in {measure.unit}, the criterion requires {criterion.unit}")
    if measure.statistic != criterion.statistic:
        has, required = measure.statistic or "no named statistic", criterion.statistic or "a plain value"
        return Refusal(UnknownReason.MISSING, f"the measure is {has}, the criterion requires {required}")
    if criterion.cohort not in (None, predicate.cohort):
        text = f"the measure is about the cohort {predicate.cohort}, the criterion requires {criterion.cohort}"
        return Refusal(UnknownReason.MISSING, text)
    return measure


def _nothing(criterion: Criterion, target: str, reviewed: Reviewed, found: Newest | None) -> Refusal:
    is_adapted = criterion.source.predicate_type == ADAPTED
    kind = f"answer of this {adapter_of(criterion.source)} source" if is_adapted else short_kind(criterion.source.predicate_type)
    if found is None:
        text = f"no {kind} about {target} was collected" if is_adapted else f"no evidence of kind {kind} about {target}"
        return Refusal(UnknownReason.MISSING, text)
    predicate = found.held.statement.predicate
    if predicate.status in NEVER_RAN:
        return Refusal(_STATUS_REASON[predicate.status], predicate.detail or f"the {kind} was not run")
    if not reviewed.build:
        text = f"the build of {target} is not known, so its {kind} cannot be distinguished from another build's"
        return Refusal(UnknownReason.STALE, text)
    which = "" if found.misfit != "another build" else f" than {reviewed.build[:12]}"
    return Refusal(UnknownReason.STALE, f"the newest {kind} about {target} is about {found.misfit}{which}")


def _given(statement: Statement, priority: Priority, shelf: Shelf) -> Refusal | None:
    """A build that was read from the service long before decides nothing; one that was given and not read, no P0 gate."""
    cited = shelf.cited(statement)
    if cited is not None:
        early = observed_too_early(statement, cited.statement)
        return Refusal(UnknownReason.STALE, early) if early else None
    if priority is not Priority.P0:
        return None
    if statement.predicate.build_observation is None:
        if statement.predicate_type == ADAPTED:
            return Refusal(UnknownReason.STALE, GIVEN)
        if statement.predicate_type not in _OURS:
            return Refusal(UnknownReason.STALE, OWN)
        text = "the build was given with --build and not read from the service: that counts for P1 gates only"
        return Refusal(UnknownReason.STALE, text)
    return Refusal(UnknownReason.MISSING, "the observation of the build that the evidence cites is not here, or of another build")


def _unfit(predicate: Predicate, age: dt.timedelta, max_age: str) -> Refusal | None:
    if age < -CLOCK_SKEW:
        text = f"the evidence finished at {predicate.finished_at}, after the moment of the judgement"
        return Refusal(UnknownReason.STALE, text)
    if age > dt.timedelta(seconds=parse_duration_s(max_age)):
        return Refusal(UnknownReason.STALE, f"the evidence finished at {predicate.finished_at}, more than {max_age} ago")
    if predicate.status != "complete":
        return Refusal(_STATUS_REASON[predicate.status], predicate.detail or f"the evidence has the status {predicate.status}")
    return None


OWN = "measures of one's own were signed, which nobody read from the service: that counts for P1 gates only"
_OURS = frozenset(kind.value for kind in EvidenceKind)
GIVEN = "the build was given: the answer does not name the one that the service reported then, which counts for P1 gates only"
_ADAPTER = short_kind(EvidenceKind.ADAPTER)
