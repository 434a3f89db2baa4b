"""Which SLOs does a file or a folder hold? OpenSLO documents read strictly, every fault named with its file and path."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import promql_parser

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.documents import read_yaml
from gates.schema.errors import UsageProblem
from gates.schema.faults import document_faults
from gates.schema.folder import documents_in
from gates.schema.runbook import RULE, find_runbook, is_address, is_link
from gates.schema.target import NamedTarget
from gates.schema.written import read_written
from gates.slo.openslo import RatioMetric, SloDocument

DOCUMENTS = Path(__file__).with_name("documents")
REFERENCE, CANARY = "reference", "canary"
"""What the shipped documents are called on the command line: those of the reference gateway, and those of its canary."""
SHIPPED = (REFERENCE, CANARY)
COUNTED = ("service", "name", "target", "period", "total", "bad", "good", "job")
"""What an SLO counts, and its objective: the members of an SLO that make it another one."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_TARGET = re.compile(r"0\.[0-9]{1,9}|1(?:\.0{1,9})?")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_NEXT = "runbooks/slo.md shows a whole document"


class Slo(msgspec.Struct, frozen=True):
    """One SLO. `target` and `period` are as written; `bad` or `good`, and `total`, are selectors of counters in PromQL."""

    name: str
    title: str
    service: str
    target: str
    period: str
    total: str
    bad: str | None
    good: str | None
    owner: str
    runbook: str
    job: str
    gate: str
    min_bad_events: int
    path: str

    @property
    def objective(self) -> Decimal:
        """The share of events that have to be good."""
        return Decimal(self.target)

    @property
    def budget(self) -> Decimal:
        """The share of events that may be bad, exactly."""
        return (1 - self.objective).normalize()


def counted(slo: Slo) -> dict[str, str | None]:
    """What an SLO counts, and its objective, as they are hashed."""
    return {name: getattr(slo, name) for name in COUNTED}


def slo_digests(slos: Iterable[Slo]) -> tuple[str, ...]:
    """SLOs by sha256, in one order."""
    return tuple(sorted(sha256_hex(canonical_json(counted(slo))) for slo in slos))


def load_slos(*places: Path) -> tuple[Slo, ...]:
    """The SLOs of files, of every YAML or JSON file of folders in the order of their names, and of shipped sets by their names.

    Raises UsageProblem naming every fault of each file, for a folder without documents, and for a name given twice.
    """
    paths = [path for place in places for path in _documents(place)]
    found: list[Slo] = []
    wrong: list[str] = []
    for item in paths:
        try:
            found.append(load_slo(item))
        except UsageProblem as problem:
            wrong.append(problem.message)
    wrong += _doubled(found)
    if wrong:
        raise UsageProblem("\n".join(wrong), next_step=_NEXT)
    return tuple(found)


def _documents(path: Path) -> list[Path]:
    """The files of one place; a path that exists comes before a shipped set of its name."""
    if not path.exists() and str(path) in SHIPPED:
        path = DOCUMENTS / path
    if not path.exists():
        hint = f"give an OpenSLO document, or a folder, or one of {', '.join(SHIPPED)}"
        raise UsageProblem(f"{path}: no such file or folder", next_step=hint)
    paths = documents_in(path, "SLO document") if path.is_dir() else [path]
    if not paths:
        raise UsageProblem(f"{path}: holds no SLO document (*.yaml)", next_step=_NEXT)
    return paths


def target_documents(named: NamedTarget) -> tuple[Path, ...]:
    """The places that a target file names in `slos`: paths next to it, and shipped sets by their names."""
    return tuple(Path(name) if name in SHIPPED else named.folder / name for name in named.target.slos)


def load_slo(path: Path) -> Slo:
    """The SLO in one file."""
    raw = read_yaml(read_written(path), str(path))
    if not isinstance(raw, dict):
        raise UsageProblem(f"{path}: $: expected a mapping with apiVersion, kind, metadata and spec")
    try:
        document = msgspec.convert(raw, SloDocument, strict=True)
    except msgspec.ValidationError as error:
        found = [_helpful(fault) for fault in document_faults(raw, SloDocument)] or [str(error)]
    else:
        found = list(_faults(document, path))
    if found:
        raise UsageProblem("\n".join(f"{path}: {fault}" for fault in found))
    return _slo(document, path)


def _is_shipped(path: Path) -> bool:
    """The shipped documents' runbooks come with the source, and not with every installation."""
    return path.resolve().is_relative_to(DOCUMENTS.resolve())


def _slo(document: SloDocument, path: Path) -> Slo:
    spec, annotations = document.spec, document.metadata.annotations
    ratio = spec.indicator.spec.ratio_metric
    return Slo(
        name=document.metadata.name,
        title=document.metadata.display_name or document.metadata.name.replace("_", " ").capitalize(),
        service=spec.service,
        target=spec.objectives[0].target,
        period=spec.time_window[0].duration,
        total=ratio.total.query,
        bad=None if ratio.bad is None else ratio.bad.query,
        good=None if ratio.good is None else ratio.good.query,
        owner=annotations.owner,
        runbook=annotations.runbook,
        job=annotations.job,
        gate=annotations.gate,
        min_bad_events=int(annotations.min_bad_events),
        path=str(path),
    )


def _faults(document: SloDocument, path: Path) -> Iterator[str]:
    """What types cannot express."""
    spec = document.spec
    for where, name in (("metadata.name", document.metadata.name), ("spec.service", spec.service)):
        if not _NAME.fullmatch(name):
            yield f"$.{where}: {name!r} is not lower-case words joined with - or _"
    yield from _annotation_faults(document, path)
    if len(spec.time_window) != 1:
        yield f"$.spec.timeWindow: {len(spec.time_window)} windows: exactly one"
    yield from (f"$.spec.timeWindow[{n}].isRolling: only true" for n, one in enumerate(spec.time_window) if not one.is_rolling)
    if len(spec.objectives) != 1:
        yield f"$.spec.objectives: {len(spec.objectives)} objectives: exactly one"
    for number, objective in enumerate(spec.objectives):
        if not _TARGET.fullmatch(objective.target) or not Decimal(objective.target):
            text = f'{objective.target!r} is not a decimal above 0 and at most 1, with at most nine places, such as "0.9995"'
            yield f"$.spec.objectives[{number}].target: {text}"
    yield from _ratio_faults(spec.indicator.spec.ratio_metric)


def _annotation_faults(document: SloDocument, path: Path) -> Iterator[str]:
    annotations, where = document.metadata.annotations, "$.metadata.annotations.gonogo"
    if not annotations.owner.strip():
        yield f"{where}/owner: is empty: an alert without an owner is nobody's"
    if not _JOB.fullmatch(annotations.job):
        yield f"{where}/job: {annotations.job!r} is not the name of a job in Prometheus"
    if not _COUNT.fullmatch(annotations.min_bad_events):
        yield f'{where}/min-bad-events: {annotations.min_bad_events!r} is not a whole number from 1, in quotes, such as "5"'
    if not is_link(annotations.runbook):
        yield f"{where}/runbook: {annotations.runbook!r}: {RULE}"
    elif not is_address(annotations.runbook) and not _is_shipped(path) and find_runbook(annotations.runbook, path.parent) is None:
        yield f"{where}/runbook: {annotations.runbook!r}: no such file next to the document, nor in the folder above it"


def _ratio_faults(ratio: RatioMetric) -> Iterator[str]:
    where = "$.spec.indicator.spec.ratioMetric"
    if not ratio.counter:
        yield f"{where}.counter: only true: rates are taken of counters"
    if (ratio.bad is None) == (ratio.good is None):
        yield f"{where}: exactly one of bad and good, next to total"
    for side in ("total", "bad", "good"):
        metric = getattr(ratio, side)
        if metric is not None and (fault := _selector_fault(metric.query)):
            yield f"{where}.{side}.metricSource.spec.query: {fault}"


def _selector_fault(query: str) -> str:
    """Why a query is not a plain selector of one metric; "" if it is one."""
    try:
        parsed = promql_parser.parse(query)
    except ValueError as error:
        return f"{query!r} is not PromQL: {error}"
    if not isinstance(parsed, promql_parser.VectorSelector) or parsed.name is None or parsed.offset or parsed.at:
        return f'{query!r} is not a plain selector of a counter, such as events_total{{outcome="bad"}}: rules add rate, sum'
    return ""


def _helpful(fault: str) -> str:
    """A fault, and for a target that is a number what to write."""
    number = re.fullmatch(r"(\$\.spec\.objectives\[[0-9]+\]\.target): .*got `(?:float|int)`", fault)
    return f'{number[1]}: a number is read in binary: write it in quotes, such as "0.9995"' if number else fault


def _doubled(slos: Sequence[Slo]) -> list[str]:
    """SLOs of one service and name; and two of which only the mark between the words differs."""
    first: dict[tuple[str, str], Slo] = {}
    found = []
    for slo in slos:
        known = first.setdefault((slo.service, slo.name), slo)
        if known is not slo:
            found.append(f"{slo.path}: $.metadata.name: {slo.service} already has an SLO {slo.name!r}, in {known.path}")
    return found
