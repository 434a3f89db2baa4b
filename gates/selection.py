"""Which statement judges a criterion? The newest of the right kind about the build under review, or why there is none."""

import datetime as dt
from collections.abc import Iterable, Mapping

import msgspec

from gates.evidence.statement import Measure, Predicate
from gates.evidence.store import Held
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate
from gates.schema.outcome import UnknownReason
from gates.schema.time import parse_duration_s, parse_utc

CLOCK_SKEW = dt.timedelta(seconds=60)
_STATUS_REASON = {
    "not_run": UnknownReason.NOT_RUN,
    "dry_run": UnknownReason.DRY_RUN,
    "adapter_error": UnknownReason.ADAPTER_ERROR,
    "invalid_generator": UnknownReason.INVALID_GENERATOR,
}


class Refusal(msgspec.Struct, frozen=True):
    """Why there is no measure: the reason, and the same as text."""

    reason: UnknownReason
    detail: str


class Found(msgspec.Struct, frozen=True):
    """What was found for a criterion: the statement's digest and times, and its measure or the reason why not."""

    digest: str | None
    finished_at: str | None
    age_s: int | None
    measure: Measure | Refusal


class Newest(msgspec.Struct, frozen=True):
    """The newest statement of a kind about a target, when it finished, and whether it is about the build under review.

    `finished` is the last moment there is where the statement names none, so that it cannot hide behind an older one.
    """

    held: Held
    finished: dt.datetime
    is_about_build: bool


def newest(predicate_type: str, evidence: Iterable[Held], target: str, build: str) -> Newest | None:
    """The statement that is judged for a kind of evidence: the newest about the build, otherwise the newest about another one.

    None where no statement of this kind is about the target. Of two that finished at the same moment the digest decides.
    """
    about = [item for item in evidence if item.statement.predicate_type == predicate_type and _is_about(item, target)]
    found = [Newest(item, _finished(item), bool(build) and _is_about(item, target, build)) for item in about]
    return max(found, key=lambda one: (one.is_about_build, one.finished, one.held.digest), default=None)


def find(criterion: Criterion, evidence: Iterable[Held], target: str, build: str, now: dt.datetime) -> Found:
    """What judges a criterion: the newest statement about `target` at `build`, and in it the measure that it names."""
    found = newest(criterion.source.predicate_type, evidence, target, build)
    if found is None or not found.is_about_build:
        return Found(None, None, None, _nothing(criterion, target, build, found))
    digest, predicate = found.held.digest, found.held.statement.predicate
    if found.finished == _UNDATED:
        text = f"finished_at {predicate.finished_at!r} is not a moment"
        return Found(digest, predicate.finished_at, None, Refusal(UnknownReason.ADAPTER_ERROR, text))
    age = now - found.finished
    measure = _unfit(predicate, age, criterion.max_age) or _measure(criterion, predicate)
    return Found(digest, predicate.finished_at, age // dt.timedelta(seconds=1), measure)


def relevant(gates: Iterable[Gate], evidence: Iterable[Held], builds: Mapping[str, str]) -> tuple[Held, ...]:
    """The statements that judging these gates looks at, by digest: fewer statements, the same verdicts.

    A statement about another build is kept where there is none about the build under review: it makes the verdict stale
    and not missing.
    """
    held = tuple(evidence)
    kinds = {criterion.source.predicate_type for gate in gates for criterion in gate.criteria}
    found = [newest(kind, held, target, build) for kind in kinds for target, build in builds.items()]
    kept = {one.held.digest: one.held for one in found if one is not None}
    return tuple(kept[digest] for digest in sorted(kept))


def _is_about(item: Held, target: str, build: str | None = None) -> bool:
    return any(
        subject.name == target and (build is None or subject.digest.get("sha256") == build) for subject in item.statement.subject
    )


def _finished(item: Held) -> dt.datetime:
    try:
        return parse_utc(item.statement.predicate.finished_at)
    except UsageProblem:
        return _UNDATED


def _nothing(criterion: Criterion, target: str, build: str, found: Newest | None) -> Refusal:
    kind = criterion.source.predicate_type.removeprefix("urn:gonogo:evidence:")
    if found is None:
        return Refusal(UnknownReason.MISSING, f"no evidence of kind {kind} about {target}")
    statement = found.held.statement
    if statement.predicate.status == "not_run" and not any(subject.digest for subject in statement.subject):  # got to no build
        return Refusal(UnknownReason.NOT_RUN, statement.predicate.detail or f"the {kind} was not run")
    if not build:
        return Refusal(
            UnknownReason.STALE, f"the build of {target} is not known, so its {kind} cannot be distinguished from another build's"
        )
    return Refusal(UnknownReason.STALE, f"the evidence of kind {kind} is about other builds of {target} than {build[:12]}")


def _unfit(predicate: Predicate, age: dt.timedelta, max_age: str) -> Refusal | None:
    if age < -CLOCK_SKEW:
        return Refusal(
            UnknownReason.STALE, f"the evidence finished at {predicate.finished_at}, after the moment of the judgement"
        )
    if age > dt.timedelta(seconds=parse_duration_s(max_age)):
        return Refusal(UnknownReason.STALE, f"the evidence finished at {predicate.finished_at}, more than {max_age} ago")
    if predicate.status != "complete":
        return Refusal(_STATUS_REASON[predicate.status], predicate.detail or f"the evidence has the status {predicate.status}")
    return None


def _measure(criterion: Criterion, predicate: Predicate) -> Measure | Refusal:
    name = criterion.source.measure
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
    return measure


_UNDATED = dt.datetime.max.replace(tzinfo=dt.UTC)
