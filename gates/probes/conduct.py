"""How a probe is conducted: run it, sign what it measured, write the report, and end with the right code."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result as Outcome
from gates.evidence.making import Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recording import Recording
from gates.evidence.reported import WrongBuild, read_build
from gates.evidence.statement import Cohort, EvidenceKind, Inputs, Measure, short_kind
from gates.evidence.store import EvidenceStore
from gates.probes.client import NotRun, ServiceProblem, TargetClient
from gates.probes.raw import raw_text
from gates.schema.canonical import Json, sha256_hex, to_builtins
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.target import UnsetProblem
from gates.schema.time import Clock, format_utc, monotonic_s
from gates.schema.tls import ca_environment

Status = Literal["complete", "not_run", "adapter_error"]
SHOWN = 50
REPORT = "report.json"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not as it should be: the measure it counts in, where it was seen, what was expected and found."""

    measure: str
    where: str
    expected: str
    found: str


class Skipped(msgspec.Struct, frozen=True):
    """One thing that could not be tried, and why: it counts, and is never a pass."""

    measure: str
    where: str
    why: str


class Result(msgspec.Struct, frozen=True):
    """What a probe measured. `facts` are small and go into the evidence; `cells` are all that was tried, for the report.

    `raw` are the texts of the files that the measures were computed from, by name; `cohort` is whose behaviour was measured.
    """

    measures: dict[str, Measure]
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: dict[str, Json] = {}
    cells: tuple[Json, ...] = ()
    raw: dict[str, str] = {}
    cohort: Cohort = "none"


class Probe(msgspec.Struct, frozen=True):
    """One probe: its name, the kind of its evidence, its measures, how it measures them, and the sha256 of its table.

    One that is `is_offline` reads artifacts and asks no service.
    """

    name: str
    kind: EvidenceKind
    measures: tuple[str, ...]
    run: Callable[[TargetClient], Result]
    table: str | None = None
    is_offline: bool = False
    is_told: bool = False
    is_ruled: bool = False


class Conducted(msgspec.Struct, frozen=True):
    """A probe that has left its evidence."""

    probe: str
    status: Status
    detail: str
    result: Result
    evidence: str
    report: str
    exit_code: ExitCode


def counted(
    name: str, samples: int, findings: Sequence[Finding], skipped: Sequence[Skipped] = (), *, to_change: str = ""
) -> Measure:
    """The measure that counts the findings of one name over `samples` things that could have been one.

    Nothing found where nothing could have been found is unknown, and `to_change` says what would give it a chance.
    """
    count = sum(1 for item in findings if item.measure == name)
    passed_over = sum(1 for item in skipped if item.measure == name)
    if not samples and not count:
        detail = "; ".join(text for text in ("nothing was tried that could have failed", to_change) if text)
        return Measure(None, "count", skipped=passed_over, unknown=UnknownReason.TOO_FEW_SAMPLES, detail=detail)
    return Measure(str(count), "count", samples=samples, skipped=passed_over)


def conduct(  # the composition of one probe
    probe: Probe, client: TargetClient, *, out: Path, store: EvidenceStore, signer: Signer, clock: Clock, build: str | None = None
) -> Conducted:
    """Run the probe and store its evidence, whatever happens: for a target that does not answer, the evidence states that."""
    started, begun_s = format_utc(clock()), monotonic_s()
    found, is_given = build, build is not None
    status: Status = "complete"
    detail, recording = "", None
    try:
        reported = reported_build(client, build)
        found, is_given = reported or build, reported is None
        recording = _begin(probe, client, store, signer)
        result = probe.run(client)
    except NotRun as problem:
        status, detail = "not_run", str(problem)
        result = nothing(probe.measures, UnknownReason.NOT_RUN)
    except ServiceProblem as problem:
        status, detail = "adapter_error", str(problem)
        result = nothing(probe.measures, UnknownReason.ADAPTER_ERROR)
    result, detail = _without_credentials(client, result), client.redact(detail)
    raw, result = result.raw, msgspec.structs.replace(result, raw={})
    assert set(result.measures) == set(probe.measures), f"{probe.name} has exactly the measures that it names"
    span = Span(started, format_utc(clock()), round((monotonic_s() - begun_s) * 1000))
    subject = make_subject(client.named, found, client.environ)
    given, offline = is_given or probe.is_told, probe.is_offline
    observed = cite(store, signer, clock, client.named, found, given=given, is_offline=offline, environ=client.environ)
    recording = recording or _begin(probe, client, store, signer)
    artifacts = recording.keep({**_encoded(raw), REPORT: _report_bytes(probe, status, result)})
    outcome = Outcome(result.measures, _facts(result), status, detail, result.cohort, artifacts)
    inputs = Inputs(target=target_sha256(client.named), table=probe.table)
    predicate = make_predicate(probe.kind, f"gonogo gate probe {probe.name}", span, inputs, outcome, observed)
    digest = recording.sign(probe.kind, subject, predicate).digest
    report = {"probe": probe.name, "evidence": digest, "subject": subject, "predicate": predicate, **_details(result)}
    name = _write_report(out / f"{probe.name}.json", report)
    return Conducted(probe.name, status, detail, result, digest, name, _exit_code(probe, status, result))


def reported_build(client: TargetClient, build: str | None) -> str | None:
    """The build that the service reports now; None where it reports none, and `build` was given.

    Raises UsageProblem if the service reports another build than `build`; without `build`, ServiceProblem or NotRun if the
    service does not report the one that its target file names.
    """
    try:
        found = _reported_build(client)
    except (NotRun, ServiceProblem):
        if build is None:
            raise
        found = None
    if build is not None and found not in (None, build):
        raise UsageProblem(
            f"the service reports the build {found}, not {build}",
            next_step="omit --build, or start the service of that build",
        )
    return found


def _reported_build(client: TargetClient) -> str | None:
    environ = os.environ if client.environ is None else client.environ
    try:
        return read_build(client.target, {**environ, **ca_environment(client.named, environ)})
    except UnsetProblem as problem:
        raise NotRun(problem.message, next_step=problem.next_step) from None
    except (WrongBuild, UnknownProblem) as problem:
        raise ServiceProblem(problem.message, next_step=problem.next_step) from None


def nothing(measures: Sequence[str], reason: UnknownReason) -> Result:
    """The result of a probe that could not be run."""
    return Result({name: Measure(None, "count", unknown=reason) for name in measures})


def _begin(probe: Probe, client: TargetClient, store: EvidenceStore, signer: Signer) -> Recording:
    return Recording(store, signer, store.begin_run(signer, step=short_kind(probe.kind), target=client.name))


def _encoded(raw: dict[str, str]) -> dict[str, Path | bytes]:
    return {name: text.encode() for name, text in raw.items()}


def _report_bytes(probe: Probe, status: Status, result: Result) -> bytes:
    """How the probe ended and everything that it tried, for the evidence store."""
    return raw_text({"probe": probe.name, "status": status, **_details(result)}).encode()


def _without_credentials(client: TargetClient, result: Result) -> Result:
    """A service may repeat a credential in an answer that a finding quotes: it is neither signed nor shown."""
    raw = {name: client.redact(text) for name, text in result.raw.items()}
    rest = msgspec.json.encode(msgspec.structs.replace(result, raw={}))
    return msgspec.structs.replace(msgspec.json.decode(client.redact(rest.decode()), type=Result), raw=raw)


def _facts(result: Result) -> dict[str, Json]:
    """The facts and the first findings, with the number of all findings, so that nothing is cut silently."""
    return {
        **result.facts,
        "findings_total": len(result.findings),
        "findings": to_builtins(result.findings[:SHOWN]),
        "skipped_total": len(result.skipped),
        "skipped": to_builtins(result.skipped[:SHOWN]),
    }


def _details(result: Result) -> dict[str, object]:
    return {"findings": result.findings, "skipped": result.skipped, "cells": result.cells}


def _write_report(path: Path, content: dict[str, object]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(to_builtins(content)), indent=2) + b"\n")
    return path.name


def _exit_code(probe: Probe, status: Status, result: Result) -> ExitCode:
    """Red for any finding, unknown for anything not tried: the code reports what was measured, the gates judge it."""
    if result.findings or (not probe.is_ruled and any(one.value not in (None, "0") for one in result.measures.values())):
        return ExitCode.RED
    if status != "complete" or result.skipped or any(measure.value is None for measure in result.measures.values()):
        return ExitCode.UNKNOWN
    return ExitCode.GREEN


def short_digest(data: bytes) -> str:
    """The first twelve hex digits of a sha256: enough to compare, useless to guess from."""
    return sha256_hex(data)[:12]
