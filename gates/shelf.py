"""Which statements could judge a criterion? Evidence sorted once: what each is about, of when it is, and how it fits. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.statement import Artifact, EvidenceKind, Statement
from gates.evidence.store import Held
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate, criterion_name, sought
from gates.schema.source import Sought
from gates.schema.time import parse_duration_s, parse_utc, week_start

CLOCK_SKEW = dt.timedelta(seconds=60)
UNDATED = dt.datetime.max.replace(tzinfo=dt.UTC)
"""The moment of a statement that names none."""
NEVER_RAN = ("not_run", "dry_run", "interrupted")
"""Statuses of runs that did not come to a result."""
_ENDED_EARLY = ("not_run", "interrupted")


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
        """Every statement that can judge, about this target, and is of no later moment than the one that was chosen."""
        found = _from(wanted.source, self._by_kind.get((wanted.predicate_type, target), []))
        return [item for item in found if not item.left_out]

    def of_build(self, gate: Gate, criterion: Criterion, build: str) -> list[Held]:
        """Every statement that can judge a criterion, or could before its source was edited, about this build.

        Whatever its target is called.
        """
        wanted, name = sought(criterion), criterion_name(gate, criterion)
        found = _from(wanted.source, self._by_build.get((wanted.predicate_type, build), [])) if build else []
        before = self._by_criterion.get((name, build), []) if build else []
        return list({item.digest: item for item in (*found, *before)}.values())

    def artifacts(self, digest: str) -> tuple[Artifact, ...]:
        """The raw files of a statement that is here."""
        return self._by_digest[digest].statement.predicate.artifacts

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
    found = [Newest(item, finished(item), known(item), misfit(item.statement, reviewed)) for item in items]
    return max(found, key=_rank, default=None)


def _rank(one: Newest) -> tuple[bool, bool, dt.datetime, str]:
    fits = not one.misfit
    came_to_a_result = fits and one.held.statement.predicate.status not in NEVER_RAN
    return fits, came_to_a_result, one.known, one.held.digest


def misfit(statement: Statement, reviewed: Reviewed) -> str:
    """The first way in which a statement is about something else than what is under review; "" if it is about just that."""
    digest, predicate = statement.subject[0].digest, statement.predicate
    build, inputs = digest.get("build", ""), predicate.inputs
    differs = {
        "a run that came to no build": predicate.status in NEVER_RAN and not build,
        "another build": not reviewed.build or build != reviewed.build,
        "another instance of the service (base URL, or start command)": digest.get("instance") != reviewed.instance,
        "another content of the target file": inputs.target != reviewed.target,
        "another release of the toolkit": predicate.producer.sha256 != reviewed.tool,
        "another load profile": _differ(inputs.profile, reviewed.profile),
        "another table of requests": _differ(inputs.table, reviewed.table),
        "other SLO documents than the target file names (spec.slos), or what they held then": _other(inputs.slos, reviewed.slos),
    }
    return next((what for what, holds in differs.items() if holds), "")


def _differ(one: str | None, other: str | None) -> bool:
    """Whether two digests differ; a tool that has no such input differs in nothing."""
    return one is not None and other is not None and one != other


def _other(measured: Iterable[str], named: Iterable[str]) -> bool:
    """Whether an SLO was measured that no document of the target holds: whoever measures does not choose what counts as good."""
    return not set(measured) <= set(named)


def of_the_week(gate: Gate, criterion: Criterion, shelf: Shelf, build: str, now: dt.datetime) -> Iterator[Held]:
    """Every statement that can judge a criterion, about this build, that finished in the week of `now`, oldest first.

    In all of that week, also after `now`, which is then a chosen moment, or by a clock that is wrong: what was found was found.

    Under whatever name of a target, and from whatever source the criterion had then: neither another name of the file nor another
    query undoes what was found in the build. One of an earlier date counts too if it was listed in this week or later, by a clock
    that had gone backwards, or if it is a report that an adapter read in this week.
    """
    begin = week_start(now)
    end = begin + dt.timedelta(days=7)
    recent = [
        item
        for item in shelf.of_build(gate, criterion, build)
        if finished(item) < end and begin <= _latest(item, parse_duration_s(criterion.max_age))
    ]
    yield from sorted(recent, key=lambda item: (finished(item), item.digest))


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
        and judged.known <= known(item)
        and -CLOCK_SKEW <= now - finished(item) <= limit
        and not misfit(item.statement, reviewed)
    ]
    return sorted(found, key=lambda item: (known(item), item.digest), reverse=True)


def known(item: Held) -> dt.datetime:
    """When an adapter queried its source; for every other statement when it finished."""
    queried_at = item.statement.predicate.inputs.queried_at
    try:
        return finished(item) if queried_at is None else parse_utc(queried_at)
    except UsageProblem:
        return UNDATED


def finished(item: Held) -> dt.datetime:
    """When it finished; UNDATED where that is no moment."""
    try:
        return parse_utc(item.statement.predicate.finished_at)
    except UsageProblem:
        return UNDATED


def _latest(item: Held, max_age_s: float) -> dt.datetime:
    """The latest moment at which it may have finished, or at which an adapter read it while it was not too old."""
    done, read = finished(item), known(item)
    latest = read if read - done <= dt.timedelta(seconds=max_age_s) else done
    return max(latest, parse_utc(item.not_before)) if item.not_before else latest
