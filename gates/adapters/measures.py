"""Measures of one's own: a document that somebody or some program wrote, signed as it is, and judged for P1 gates only."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.recomputed import Recomputed
from gates.evidence.recording import Recording
from gates.evidence.statement import Cohort, EvidenceKind, Inputs, Measure, short_kind
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.documents import Document, load_document
from gates.schema.errors import UsageProblem
from gates.schema.soundness import DECIMAL
from gates.schema.source import DOCUMENT
from gates.schema.target import NamedTarget
from gates.schema.time import format_utc, parse_utc

KIND = "Measures"
TOOL = "gonogo evidence sign"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MEASURE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class MeasuresSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured, when it was finished, and the files that it was computed from, next to this document.

    The document's name becomes the kind of the evidence: `urn:gonogo:evidence:NAME:v2`. A measure's value is a decimal text, or
    null with a reason in `unknown`.
    """

    finished_at: str
    measures: dict[str, Measure]
    artifacts: tuple[str, ...] = ()
    cohort: Cohort = "none"


def load_measures(path: Path) -> Document[MeasuresSpec]:
    """The document, checked; raises UsageProblem naming the file and every member that is wrong."""
    document = load_document(path, KIND, MeasuresSpec)
    wrong = [f"{path}: {text}" for text in _faults(document)]
    lost = [name for name in document.spec.artifacts if not (path.parent / name).is_file()]
    wrong += [f"{path}: $.spec.artifacts: {name}: no such file next to the document" for name in lost]
    if wrong:
        raise UsageProblem("\n".join(wrong), next_step=f"correct the file; `gonogo schema {KIND}` prints its schema")
    return document


def predicate_type(name: str) -> str:
    """The kind of the evidence of a document of this name."""
    return f"urn:gonogo:evidence:{name}:v2"


def sign_measures(
    path: Path, document: Document[MeasuresSpec], named: NamedTarget, build: str | None, recording: Recording
) -> Held:
    """Keep the files and sign the measures; the statement cites no observation, so that it decides no P0 gate."""
    spec = document.spec
    files: dict[str, Path | bytes] = {name: path.parent / name for name in spec.artifacts}
    finished = format_utc(parse_utc(spec.finished_at))
    files[DOCUMENT] = path.read_bytes()
    result = Result(spec.measures, {"document": path.name}, cohort=spec.cohort, artifacts=recording.keep(files))
    inputs = Inputs(target=target_sha256(named), source=sha256_hex(path.read_bytes()))
    kind = predicate_type(document.metadata.name)
    predicate = make_predicate(kind, TOOL, Span(finished, finished, 0), inputs, result, None)
    return recording.sign(kind, make_subject(named, build), predicate)


def recompute(folder: Path) -> Recomputed:
    """The measures again, from the document in a folder of raw files; raises UsageProblem for one that is not sound."""
    document = load_measures(folder / DOCUMENT)
    finished = format_utc(parse_utc(document.spec.finished_at))
    kind = short_kind(predicate_type(document.metadata.name))
    return Recomputed(kind, document.spec.measures, "complete", finished, cohort=document.spec.cohort)


def _faults(document: Document[MeasuresSpec]) -> Iterator[str]:
    name, spec = document.metadata.name, document.spec
    if not _NAME.fullmatch(name):
        yield f"$.metadata.name: {name!r} is not lower-case words joined with -"
    if predicate_type(name) in set(EvidenceKind):
        yield f"$.metadata.name: {name!r} is a kind of evidence that gonogo itself collects"
    try:
        parse_utc(spec.finished_at)
    except UsageProblem as problem:
        yield f"$.spec.finished_at: {problem.message}"
    if not spec.measures:
        yield "$.spec.measures: is empty"
    for key, measure in spec.measures.items():
        yield from (f"$.spec.measures.{key}: {text}" for text in _measure_faults(key, measure))
    for artifact in spec.artifacts:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", artifact):
            yield f"$.spec.artifacts: {artifact!r} is not the name of a file next to the document"


def _measure_faults(name: str, measure: Measure) -> Iterator[str]:
    if not _MEASURE.fullmatch(name):
        yield "a measure is named in lower-case words joined with _"
    if (measure.value is None) == (measure.unknown is None):
        yield "has to have a value, or null and a reason in unknown"
    if measure.value is not None and not DECIMAL.fullmatch(measure.value):
        yield f"value {measure.value!r} is not a finite decimal number"
    if measure.samples < 0 or measure.skipped < 0:
        yield "samples and skipped are from 0 on"
    if measure.failures is not None and not 0 <= measure.failures <= measure.samples:
        yield f"failures {measure.failures} are not from 0 to samples {measure.samples}"
    if measure.valid_until:
        try:
            parse_utc(measure.valid_until)
        except UsageProblem as problem:
            yield f"valid_until: {problem.message}"
