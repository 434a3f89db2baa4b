"""Which statement judges a criterion? The newest of the right kind about what is under review, or why there is none."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.observation import observed_too_early
from gates.evidence.statement import EvidenceKind, Measure, Predicate, Statement, short_kind
from gates.evidence.store import Held
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate, criterion_name, sought
from gates.schema.outcome import Priority, UnknownReason
from gates.schema.source import ADAPTED, VALUE, Sought, adapter_of
from gates.schema.time import parse_duration_s, parse_utc, week_start

_SHOWN = 3
CLOCK_SKEW = dt.timedelta(seconds=60)
_STATUS_REASON = {
    "not_run": UnknownReason.NOT_RUN,
    "dry_run": UnknownReason.DRY_RUN,
    "interrupted": UnknownReason.NOT_RUN,
    "adapter_error": UnknownReason.ADAPTER_ERROR,
    "invalid_generator": UnknownReason.INVALID_GENERATOR,
}
_ENDED_EARLY = ("not_run", "interrupted")
_NEVER_RAN = ("not_run", "dry_run", "interrupted")  # statuses of runs that did not come to a result


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


class Newest(msgspec.Struct, frozen=True):
    """The newest statement of a kind about a target, when it finished, and how it differs from what is under review ("" if not).

    `finished` is the last moment there is where the statement names none, so that it cannot hide behind an older one. `known` is
    since when it is known: later than that where an adapter read an answer that was made before.
    """

    held: Held
    finished: dt.datetime
    known: dt.datetime
    misfit: str


class Shelf:
    """Evidence sorted once for judging: by kind and target, and by digest."""

    def __init__(self, evidence: Iterable[Held]) -> None:
        self._by_digest: dict[str, Held] = {}
        self._by_kind: dict[tuple[str, str], list[Held]] = {}
        self._by_build: dict[tuple[str, str], list[Held]] = {}
        self._by_criterion: dict[tuple[str, str], list[Held]] = {}
        self._by_digest.update((item.digest, item) for item in evidence)
        for item in self._by_digest.values():
            for subject in item.statement.subject:
                self._by_kind.setdefault((item.statement.predicate_type, subject.name), []).append(item)
            build = item.statement.subject[0].digest.get("build", "")
            self._by_build.setdefault((item.statement.predicate_type, build), []).append(item)
            for limited in item.statement.predicate.inputs.judges:
                self._by_criterion.setdefault((limited.criterion, build), []).append(item)

    def about(self, wanted: Sought, target: str) -> list[Held]:
        """Every statement that can judge, about this target."""
        return _from(wanted.source, self._by_kind.get((wanted.predicate_type, target), []))

    def of_build(self, gate: Gate, criterion: Criterion, build: str) -> list[Held]:
        """Every statement that can judge a criterion, or could before its source was edited, about this build.

        Whatever its target is called.
        """
        wanted, name = sought(criterion), criterion_name(gate, criterion)
        found = _from(wanted.source, self._by_build.get((wanted.predicate_type, build), [])) if build else []
        before = self._by_criterion.get((name, build), []) if build else []
        return list({item.digest: item for item in (*found, *before)}.values())

    def cited(self, statement: Statement) -> Held | None:
        """The observation of the build that a statement cites, if it is here and of the same build and instance."""
        held = self._by_digest.get(statement.predicate.build_observation or "")
        if held is None or held.statement.predicate_type != EvidenceKind.BUILD_OBSERVATION:
            return None
        return held if held.statement.subject[0] == statement.subject[0] else None


def _from(source: str | None, items: list[Held]) -> list[Held]:
    """Those from this source of an adapter; all where the kind has no sources."""
    return items if source is None else [item for item in items if item.statement.predicate.inputs.source == source]


def newest(wanted: Sought, shelf: Shelf, target: str, reviewed: Reviewed) -> Newest | None:
    """The statement that is judged for a kind of evidence: the newest about what is under review, otherwise the newest of all.

    A run that never came to a result does not take the place of one that did. None where no statement of this kind is about the
    target. Of two that finished at the same moment the digest decides.
    """
    items = shelf.about(wanted, target)
    found = [Newest(item, _finished(item), _known(item), misfit(item.statement, reviewed)) for item in items]
    return max(found, key=_rank, default=None)


def _rank(one: Newest) -> tuple[bool, bool, dt.datetime, str]:
    fits = not one.misfit
    came_to_a_result = fits and one.held.statement.predicate.status not in _NEVER_RAN
    return fits, came_to_a_result, one.known, one.held.digest


def misfit(statement: Statement, reviewed: Reviewed) -> str:
    """The first way in which a statement is about something else than what is under review; "" if it is about just that."""
    digest, predicate = statement.subject[0].digest, statement.predicate
    build, inputs = digest.get("build", ""), predicate.inputs
    differs = {
        "a run that came to no build": predicate.status in _NEVER_RAN and not build,
        "another build": not reviewed.build or build != reviewed.build,
        "another instance of the service (base URL, or start command)": digest.get("instance") != reviewed.instance,
        "another content of the target file": inputs.target != reviewed.target,
        "another release of the toolkit": predicate.producer.sha256 != reviewed.tool,
        "another load profile": _differ(inputs.profile, reviewed.profile),
        "another table of requests": _differ(inputs.table, reviewed.table),
    }
    return next((what for what, holds in differs.items() if holds), "")


def _differ(one: str | None, other: str | None) -> bool:
    """Whether two digests differ; a tool that has no such input differs in nothing."""
    return one is not None and other is not None and one != other


def find(criterion: Criterion, priority: Priority, shelf: Shelf, target: str, reviewed: Reviewed, now: dt.datetime) -> Found:
    """What judges a criterion: the newest statement about what is under review, and in it the measure that is named."""
    found = newest(sought(criterion), shelf, target, reviewed)
    if found is None or found.misfit:
        return Found(None, None, None, _nothing(criterion, target, reviewed, found))
    digest, predicate = found.held.digest, found.held.statement.predicate
    if found.finished == _UNDATED:
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


def of_the_week(gate: Gate, criterion: Criterion, shelf: Shelf, build: str, now: dt.datetime) -> Iterator[Held]:
    """Every statement that can judge a criterion, about this build, that finished in the week of `now`, oldest first.

    Under whatever name of a target, and from whatever source the criterion had then: neither another name of the file nor another
    query undoes what was found in the build. One of an earlier date counts too if it was listed in this week or later, by a clock
    that had gone backwards, or if it is a report that an adapter read in this week.
    """
    begin, end = week_start(now), now + CLOCK_SKEW
    recent = [
        item
        for item in shelf.of_build(gate, criterion, build)
        if _finished(item) <= end and begin <= _latest(item, parse_duration_s(criterion.max_age))
    ]
    yield from sorted(recent, key=lambda item: (_finished(item), item.digest))


def cut_short(criterion: Criterion, shelf: Shelf, target: str, reviewed: Reviewed, now: dt.datetime) -> list[Held]:
    """The runs that ended early and measured something until then, no older than the run that is judged; newest first.

    They do not take its place, but what they found is not undone by it: it was found later. Older than the criterion allows they
    count for nothing.
    """
    judged = newest(sought(criterion), shelf, target, reviewed)
    if judged is None or judged.misfit:
        return []
    limit = dt.timedelta(seconds=parse_duration_s(criterion.max_age))
    found = [
        item
        for item in shelf.about(sought(criterion), target)
        if item.statement.predicate.status in _ENDED_EARLY
        and item.statement.predicate.measures
        and judged.known <= _known(item)
        and -CLOCK_SKEW <= now - _finished(item) <= limit
        and not misfit(item.statement, reviewed)
    ]
    return sorted(found, key=lambda item: (_known(item), item.digest), reverse=True)


def relevant(
    gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed], now: dt.datetime
) -> tuple[Held, ...]:
    """The statements that judging these gates looks at, by digest: fewer statements, the same verdicts.

    They are the ones that are judged, this week's others on the same build, later ones of runs that ended early, and the
    observations that they cite. A statement
    about something else is kept where there is none about what is under review: it makes the verdict stale and not missing.
    """
    shelf, sets = Shelf(evidence), tuple(gates)
    found = [*_judged(sets, shelf, reviewed)]
    for build in sorted({one.build for one in reviewed.values()}):
        found += [item for gate in sets for one in gate.criteria for item in of_the_week(gate, one, shelf, build, now)]
    for target, one in reviewed.items():
        found += [item for gate in sets for each in gate.criteria for item in cut_short(each, shelf, target, one, now)]
    return _with_cited(found, shelf)


def judged(gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed]) -> tuple[Held, ...]:
    """The statements that a pass can come from, by digest: the newest of each kind, and the observations that they cite."""
    shelf = Shelf(evidence)
    return _with_cited(_judged(tuple(gates), shelf, reviewed), shelf)


def dated_after(
    gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed], now: dt.datetime
) -> tuple[Held, ...]:
    """The statements that could judge these gates and are of later than `now`, by digest: nobody knew them at that moment.

    For a moment that was chosen (`--now`). By the clock a statement of later than now is one of a clock that is wrong.
    """
    later = Shelf(item for item in evidence if now + CLOCK_SKEW < max(_finished(item), _known(item)) < _UNDATED)
    found: dict[str, Held] = {}
    for gate in gates:
        for criterion in gate.criteria:
            for target, one in reviewed.items():
                items = (*later.about(sought(criterion), target), *later.of_build(gate, criterion, one.build))
                found |= {item.digest: item for item in items}
    return tuple(found[digest] for digest in sorted(found))


def later_text(digests: Sequence[str]) -> str:
    """What was left out for a moment that was chosen, in a sentence without its full stop."""
    count, names = len(digests), ", ".join(digest[:12] for digest in digests[:_SHOWN])
    what = "1 statement is" if count == 1 else f"{count} statements are"
    return f"{what} of later than the moment of --now and left out: {names}{' and others' if count > _SHOWN else ''}"


def _kinds(gates: Iterable[Gate]) -> set[Sought]:
    return {sought(criterion) for gate in gates for criterion in gate.criteria}


def _judged(gates: Iterable[Gate], shelf: Shelf, reviewed: Mapping[str, Reviewed]) -> Iterator[Held]:
    for kind in _kinds(gates):
        for target, one in reviewed.items():
            found = newest(kind, shelf, target, one)
            if found is not None:
                yield found.held


def _with_cited(items: Iterable[Held], shelf: Shelf) -> tuple[Held, ...]:
    kept: dict[str, Held] = {}
    for item in items:
        observation = shelf.cited(item.statement)
        kept |= {found.digest: found for found in (item, observation) if found is not None}
    return tuple(kept[digest] for digest in sorted(kept))


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


def _known(item: Held) -> dt.datetime:
    """When an adapter queried its source; for every other statement when it finished."""
    queried_at = item.statement.predicate.inputs.queried_at
    try:
        return _finished(item) if queried_at is None else parse_utc(queried_at)
    except UsageProblem:
        return _UNDATED


def _finished(item: Held) -> dt.datetime:
    try:
        return parse_utc(item.statement.predicate.finished_at)
    except UsageProblem:
        return _UNDATED


def _latest(item: Held, max_age_s: float) -> dt.datetime:
    """The latest moment at which it may have finished, or at which an adapter read it while it was not too old."""
    finished, known = _finished(item), _known(item)
    latest = known if known - finished <= dt.timedelta(seconds=max_age_s) else finished
    return max(latest, parse_utc(item.not_before)) if item.not_before else latest


def _nothing(criterion: Criterion, target: str, reviewed: Reviewed, found: Newest | None) -> Refusal:
    is_adapted = criterion.source.predicate_type == ADAPTED
    kind = f"answer of this {adapter_of(criterion.source)} source" if is_adapted else short_kind(criterion.source.predicate_type)
    if found is None:
        text = f"no {kind} about {target} was collected" if is_adapted else f"no evidence of kind {kind} about {target}"
        return Refusal(UnknownReason.MISSING, text)
    predicate = found.held.statement.predicate
    if predicate.status in _NEVER_RAN:
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
_UNDATED = dt.datetime.max.replace(tzinfo=dt.UTC)
