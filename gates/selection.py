"""Which statement answers a criterion? The newest of the right kind about the build under review, or why there is none."""

import datetime as dt
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from gates.evidence.statement import Measure, Predicate
from gates.evidence.store import Held
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion
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
    """Why nothing can be said: the reason, and the same in words."""

    reason: UnknownReason
    detail: str


class Found(msgspec.Struct, frozen=True):
    """What was found for a criterion: the statement's digest and times, and its measure or the reason why not."""

    digest: str | None
    finished_at: str | None
    age_s: int | None
    measure: Measure | Refusal


_Dated: TypeAlias = tuple[dt.datetime, str, Held]


def find(criterion: Criterion, evidence: Iterable[Held], target: str, build: str, now: dt.datetime) -> Found:
    """The newest statement about `target` at `build`, and the measure inside it that the criterion names."""
    kind = criterion.source.predicate_type
    about = [item for item in evidence if item.statement.predicate_type == kind and _is_about(item, target)]
    ours = [item for item in about if build and _is_about(item, target, build)]
    if not ours:
        return Found(None, None, None, _nothing(criterion, target, build, others=len(about)))
    finished, _, held = max((_dated(item) for item in ours), key=lambda dated: dated[:2])
    predicate = held.statement.predicate
    if finished == _UNDATED:
        text = f"finished_at {predicate.finished_at!r} is not a moment"
        return Found(held.digest, predicate.finished_at, None, Refusal(UnknownReason.ADAPTER_ERROR, text))
    age = now - finished
    measure = _unfit(predicate, age, criterion.max_age) or _measure(criterion, predicate)
    return Found(held.digest, predicate.finished_at, age // dt.timedelta(seconds=1), measure)


def _is_about(item: Held, target: str, build: str | None = None) -> bool:
    return any(
        subject.name == target and (build is None or subject.digest.get("sha256") == build) for subject in item.statement.subject
    )


def _nothing(criterion: Criterion, target: str, build: str, others: int) -> Refusal:
    kind = criterion.source.predicate_type.removeprefix("urn:gonogo:evidence:")
    if not others:
        return Refusal(UnknownReason.MISSING, f"no evidence of kind {kind} about {target}")
    if not build:
        return Refusal(UnknownReason.STALE, f"the build of {target} is not known, so its {kind} cannot be told from another's")
    return Refusal(UnknownReason.STALE, f"the evidence of kind {kind} is about other builds of {target} than {build[:12]}")


def _dated(item: Held) -> _Dated:
    """A statement that does not say when it finished counts as the newest, so that it cannot hide behind an older one."""
    try:
        finished = parse_utc(item.statement.predicate.finished_at)
    except UsageProblem:
        finished = _UNDATED
    return finished, item.digest, item


def _unfit(predicate: Predicate, age: dt.timedelta, max_age: str) -> Refusal | None:
    if age < -CLOCK_SKEW:
        return Refusal(UnknownReason.STALE, f"the evidence finished at {predicate.finished_at}, after the moment of judging")
    if age > dt.timedelta(seconds=parse_duration_s(max_age)):
        return Refusal(UnknownReason.STALE, f"the evidence finished at {predicate.finished_at}, more than {max_age} ago")
    if predicate.status != "complete":
        return Refusal(_STATUS_REASON[predicate.status], predicate.detail or f"the evidence says {predicate.status}")
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
        return Refusal(UnknownReason.MISSING, f"the measure is in {measure.unit}, the criterion asks for {criterion.unit}")
    if measure.statistic != criterion.statistic:
        has, wants = measure.statistic or "no named statistic", criterion.statistic or "a plain value"
        return Refusal(UnknownReason.MISSING, f"the measure is {has}, the criterion asks for {wants}")
    return measure


_UNDATED = dt.datetime.max.replace(tzinfo=dt.UTC)
