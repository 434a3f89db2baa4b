"""Collecting: every source of a gate set is request, and what it answered is kept and signed as one statement a source."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from gates.adapters.answer import Answer, found_in, raw_files, status_of, without_files
from gates.adapters.querying import query
from gates.adapters.scene import make_scene
from gates.adapters.shape import Unanswered
from gates.evidence.dsse import Signer
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recording import Recording
from gates.evidence.statement import EvidenceKind, Inputs, Limited
from gates.evidence.store import EvidenceStore, Held
from gates.schema.canonical import Json, to_builtins
from gates.schema.gate import Gate, criterion_name, request_of
from gates.schema.outcome import UnknownReason
from gates.schema.source import VALUE, AttestationSource, Request, adapter_of, source_sha256
from gates.schema.target import NamedTarget
from gates.schema.time import Clock, format_utc, monotonic_s

TOOL = "gonogo evidence collect"


class Source(msgspec.Struct, frozen=True):
    """One source to query, and the criteria that it judges, with their limits."""

    request: Request
    judges: tuple[Limited, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The criteria, as GATE/CRITERION."""
        return tuple(one.criterion for one in self.judges)


class Collector(msgspec.Struct, frozen=True):
    """Who collects, about which service: the store, the build that runs, whether only --build says so, the variables.

    `reported` asks the service again for its build; None where it does not report one.
    """

    store: EvidenceStore
    signer: Signer
    clock: Clock
    named: NamedTarget
    build: str | None
    given: bool
    environ: Mapping[str, str]
    attested: Callable[[AttestationSource], dict[str, bytes]]
    reported: Callable[[], str | None]


class Collected(msgspec.Struct, frozen=True):
    """What came of one source."""

    source: Source
    held: Held


def sources_of(gates: Sequence[Gate]) -> tuple[Source, ...]:
    """Every source that an adapter reads, once, in the order of the gates."""
    found: dict[str, Source] = {}
    for gate in gates:
        for criterion in gate.criteria:
            request = request_of(criterion)
            if request is None:
                continue
            digest, limits = source_sha256(request), (criterion.operator, criterion.threshold, criterion.upper)
            limited = Limited(criterion_name(gate, criterion), *limits, criterion.min_samples)
            before = found.get(digest, Source(request, ()))
            found[digest] = Source(before.request, (*before.judges, limited))
    return tuple(found.values())


def collect_one(source: Source, collector: Collector) -> Collected:
    """Query one source and sign what it answered, whatever that is."""
    started, begun_s = format_utc(collector.clock()), monotonic_s()
    run = collector.store.begin_run(collector.signer, step=adapter_of(source.request.source), target=collector.named.name)
    recording = Recording(collector.store, collector.signer, run)
    answered = _answered(source.request, collector)
    span = Span(started, format_utc(collector.clock()), round((monotonic_s() - begun_s) * 1000))
    return Collected(source, _sign(source, answered, span, recording, collector))


def _answered(request: Request, collector: Collector) -> Answer:
    now = format_utc(collector.clock())
    try:
        scene = make_scene(request.source, now, collector.named, collector.environ)
        if isinstance(request.source, AttestationSource):
            scene = msgspec.structs.replace(scene, given=collector.attested(request.source))
        answered = query(request, scene, collector.environ)
        _require_same_build(collector)
    except Unanswered as problem:
        fetched = without_files(now, problem)
        return Answer(fetched, found_in(request, fetched))
    return answered


def _require_same_build(collector: Collector) -> None:
    """What was answered while another release took over is about neither; raises Unanswered."""
    now = collector.reported()
    if now != collector.build and not (now is None and collector.given):
        other = "no build" if now is None else f"the build {now}"
        raise Unanswered(
            UnknownReason.STALE, f"when the source had answered, the service reported {other}, not {collector.build}"
        )


def _sign(source: Source, answered: Answer, span: Span, recording: Recording, collector: Collector) -> Held:
    fetched, found = answered.fetched, answered.found
    is_live = fetched.notes.is_live or found.measure.unknown is not None
    build = found.build or collector.build
    is_known = build == collector.build and (is_live or found.build is not None)
    observed = None
    if is_known:
        about = (collector.named, build)
        observed = cite(
            collector.store, collector.signer, collector.clock, *about, given=collector.given, environ=collector.environ
        )
    if found.time is not None:
        span = Span(found.time, found.time, 0)
    result = Result(
        measures={VALUE: found.measure},
        facts=_facts(source, answered, is_given=observed is None),
        status=status_of(found),
        detail=found.measure.detail if status_of(found) != "complete" else "",
        artifacts=recording.keep(dict(raw_files(source.request, fetched))),
    )
    inputs = Inputs(
        target=target_sha256(collector.named),
        source=source_sha256(source.request),
        queried_at=fetched.notes.at,
        judges=source.judges,
    )
    kind, subject = EvidenceKind.ADAPTER, make_subject(collector.named, build, collector.environ)
    tool = f"{TOOL} ({adapter_of(source.request.source)})"
    return recording.sign(kind, subject, make_predicate(kind, tool, span, inputs, result, observed))


def _facts(source: Source, answered: Answer, *, is_given: bool) -> dict[str, Json]:
    return {
        "source": to_builtins(source.request.source),
        "judges": list(source.names),
        "collected_at": answered.fetched.notes.at,
        "build_is_given": is_given,
        "files": [note.path for note in answered.fetched.notes.files],
        **answered.found.shown,
    }
