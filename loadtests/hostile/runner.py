"""A hostile-rail run from start to evidence: fund, run the faults, read the books, judge."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import EvidenceKind, Inputs, Measure, Status
from gates.schema.canonical import Json, to_builtins
from gates.schema.errors import UsageProblem
from gates.schema.target import NamedTarget, check_environment
from gates.schema.time import Clock, format_utc, monotonic_s, system_clock
from loadtests.hostile.books import Ask, Step
from loadtests.hostile.judge.findings import Finding
from loadtests.hostile.judge.verdict import Row, Verdict
from loadtests.hostile.one_process import BOOKS, run_alone
from loadtests.hostile.play.driver import Order
from loadtests.hostile.play.faults import Fault, chosen
from loadtests.hostile.play.rail_client import rail_of
from loadtests.hostile.record import Part, joined, save
from loadtests.hostile.two_processes import TAKEOVER, run_pair
from loadtests.run.runner import nothing

if TYPE_CHECKING:
    from gates.evidence.recording import Recording

REPORT = "run"
FILES = ("asks.jsonl", f"{BOOKS}.json", f"{TAKEOVER}.json", f"{REPORT}.json", "check.json")
"""The files that measures and status are computed from, the responses as they came, and the check."""

_SHOWN_FINDINGS = 20


class KitSettings(msgspec.Struct, frozen=True):
    """The settings of a run: payouts per fault, seed, prefix of the keys, time limit per fault, the faults, and `Order.until`."""

    payouts: int
    seed: int
    run_id: str
    patience_s: int
    faults: tuple[Fault, ...] = chosen(())
    until: Path | None = None


class Report(msgspec.Struct, frozen=True):
    """`run.json`: target, settings, and the responses that were no acknowledgements, by status and code.

    `steps` are the actions on processes, with their times.
    """

    target: str
    base_url: str
    rail_url: str
    seed: int
    run_id: str
    payouts: int
    builds: tuple[str | None, str | None]
    started_at: str
    finished_at: str
    duration_ms: int
    asked: int
    refused: dict[str, int]
    steps: tuple[Step, ...] = ()


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """`check.json`: every measure, every finding with its witness, and the table."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]


class HostileResult(msgspec.Struct, frozen=True):
    """The result of a run."""

    report: Report
    verdict: Verdict


def run_kit(
    named: NamedTarget, settings: KitSettings, out: Path, clock: Clock, begin: Callable[[], None] = nothing
) -> HostileResult:
    """Run every fault against a service and its rail, and judge the three books.

    If the environment does not name the rail and the target defines how to start it, both are started here, in OUT/service.
    Faults with two processes always start their own, in OUT/pair. `begin` is called before the first of them is played.
    Raises UnknownProblem if service or rail do not respond, UsageProblem if the target's file is incomplete.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageProblem(f"{out}: is not an empty folder", next_step="give --out a folder that does not exist yet")
    check_environment(named.target)
    timeout_ms = rail_of(named).answer_timeout_ms
    order = Order(settings.payouts, settings.seed, settings.run_id, settings.patience_s, timeout_ms, settings.until)
    alone = tuple(fault for fault in settings.faults if not fault.pair)
    started, begun_s, parts = format_utc(clock()), monotonic_s(), []
    if alone:
        parts.append(run_alone(named, order, alone, out, begin))
    else:
        begin()
    if len(alone) < len(settings.faults):
        parts.append(run_pair(named, order, out, parts[-1].builds[1] if parts else None))
    span = Span(started, format_utc(clock()), round((monotonic_s() - begun_s) * 1000))
    result = _outcome(named.name, settings, tuple(parts), span)
    save(out, REPORT, result.report)
    (out / "check.json").write_bytes(check_bytes(result))
    return result


def _outcome(target: str, settings: KitSettings, parts: tuple[Part, ...], span: Span) -> HostileResult:
    asks, tested = [ask for part in parts for ask in part.asks], [part for part in parts if part.base_url]
    first, last = (tested[0], tested[-1]) if tested else (parts[0], parts[0])
    report = Report(
        target=target,
        base_url=first.base_url,
        rail_url=first.rail_url,
        seed=settings.seed,
        run_id=settings.run_id,
        payouts=settings.payouts,
        builds=(first.builds[0], last.builds[1]),
        started_at=span.started_at,
        finished_at=span.finished_at,
        duration_ms=span.duration_ms,
        asked=len(asks),
        refused=_refused(asks),
        steps=tuple(step for part in parts for step in part.steps),
    )
    return HostileResult(report, joined(parts))


def heading(result: HostileResult) -> str:
    """The first lines of the report: what was run."""
    report = result.report
    where = f" ({report.base_url}, rail {report.rail_url})" if report.base_url else ""
    tested = [f"hostile rail, seed {report.seed}, against {report.target}{where}"]
    tested += [f"{count} requests were not acknowledged: {answer}" for answer, count in sorted(report.refused.items())]
    return "\n".join(tested)


def standing_of(result: HostileResult) -> tuple[Status, str]:
    """The status of the run's evidence, and why: a run that saw two builds proves nothing about either."""
    before, after = result.report.builds
    trouble = f"the build changed during the run: {before} before, {after} after" if before != after else ""
    return ("adapter_error" if trouble and not result.verdict.findings else "complete"), trouble


def record_evidence(result: HostileResult, named: NamedTarget, out: Path, recording: "Recording") -> str:
    """Keep the run's files, and sign the statement that ends it; returns the evidence's digest."""
    from gates.evidence.observation import cite

    report, verdict = result.report, result.verdict
    status, detail = standing_of(result)
    rows: Json = [to_builtins(row) for row in verdict.rows]
    shown: Json = [to_builtins(item) for item in verdict.findings[:_SHOWN_FINDINGS]]
    outcome = Result(
        measures=verdict.measures,
        facts={
            "seed": report.seed,
            "run_id": report.run_id,
            "faults": rows,
            "steps": [to_builtins(step) for step in report.steps],
            "findings": {"count": len(verdict.findings), "shown": shown},
        },
        status=status,
        detail=detail,
        cohort="simulated",
        artifacts=recording.keep({name: out / name for name in FILES}),
    )
    build = report.builds[1] or report.builds[0]
    observed = cite(recording.store, recording.signer, system_clock, named, build)
    span = Span(report.started_at, report.finished_at, report.duration_ms)
    inputs = Inputs(target=target_sha256(named), seed=report.seed)
    predicate = make_predicate(EvidenceKind.HOSTILE_RAIL, "gonogo load hostile-rail", span, inputs, outcome, observed)
    return recording.sign(EvidenceKind.HOSTILE_RAIL, make_subject(named, build), predicate).digest


def check_bytes(result: HostileResult) -> bytes:
    """The content of check.json."""
    verdict = result.verdict
    return msgspec.json.encode(Check(verdict.measures, verdict.findings, verdict.rows), order="sorted") + b"\n"


def _refused(asks: list[Ask]) -> dict[str, int]:
    return dict(Counter(f"{ask.status or 'no response'} {ask.code or ''}".strip() for ask in asks if ask.type != "ok"))
