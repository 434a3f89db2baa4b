"""A run of the kit from its beginning to its evidence: fund, play, audit, judge."""

from collections import Counter
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind, Measure, Predicate, Subject
from gates.schema.canonical import Json, to_builtins
from gates.schema.errors import UsageProblem
from gates.schema.target import NamedTarget, check_environment
from gates.schema.time import Clock, format_utc
from loadtests.hostile.books import Ask, Step
from loadtests.hostile.judge.findings import Finding
from loadtests.hostile.judge.verdict import Row, Verdict
from loadtests.hostile.one_process import run_alone
from loadtests.hostile.play.driver import Order
from loadtests.hostile.play.faults import FAULTS, Fault
from loadtests.hostile.play.rail_client import rail_of
from loadtests.hostile.record import Part, joined, save
from loadtests.hostile.two_processes import run_pair

_SHOWN_FINDINGS = 20


class Wish(msgspec.Struct, frozen=True):
    """What a run is asked for: payouts a fault, seed, prefix of the keys, patience for each fault, and which faults."""

    payouts: int
    seed: int
    run_id: str
    patience_s: int
    faults: tuple[Fault, ...] = FAULTS


class Report(msgspec.Struct, frozen=True):
    """`run.json`: what was run against what, and which answers were no acknowledgements, by status and code.

    `steps` is what was done to processes, and when.
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
    asked: int
    refused: dict[str, int]
    steps: tuple[Step, ...] = ()


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """`check.json`: every measure, every finding with its witness, and the table."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]


class HostileResult(msgspec.Struct, frozen=True):
    """What a run leaves for its caller."""

    report: Report
    verdict: Verdict


def run_kit(named: NamedTarget, wish: Wish, out: Path, clock: Clock) -> HostileResult:
    """Play every fault against a service and its rail, and judge what the three books say.

    Where the environment does not say where the rail is and the target says how to run it, both are run here, in OUT/service.
    What two processes play is played on a stage of its own, in OUT/pair, wherever the rest is.
    Raises UnknownProblem where service or rail do not answer, UsageProblem where the target's file lacks something.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageProblem(f"{out}: is not an empty folder", next_step="give --out a folder that does not exist yet")
    check_environment(named.target)
    order = Order(wish.payouts, wish.seed, wish.run_id, wish.patience_s, rail_of(named).answer_timeout_ms)
    alone = tuple(fault for fault in wish.faults if not fault.pair)
    started, parts = format_utc(clock()), []
    if alone:
        parts.append(run_alone(named, order, alone, out))
    if len(alone) < len(wish.faults):
        parts.append(run_pair(named, order, out, parts[-1].builds[1] if parts else None))
    result = _outcome(named.name, wish, tuple(parts), (started, format_utc(clock())))
    save(out, "run", result.report)
    (out / "check.json").write_bytes(check_bytes(result))
    return result


def _outcome(target: str, wish: Wish, parts: tuple[Part, ...], times: tuple[str, str]) -> HostileResult:
    asks, told = [ask for part in parts for ask in part.asks], [part for part in parts if part.base_url]
    first, last = (told[0], told[-1]) if told else (parts[0], parts[0])
    report = Report(
        target=target,
        base_url=first.base_url,
        rail_url=first.rail_url,
        seed=wish.seed,
        run_id=wish.run_id,
        payouts=wish.payouts,
        builds=(first.builds[0], last.builds[1]),
        started_at=times[0],
        finished_at=times[1],
        asked=len(asks),
        refused=_refused(asks),
        steps=tuple(step for part in parts for step in part.steps),
    )
    return HostileResult(report, joined(parts))


def heading(result: HostileResult) -> str:
    """What was run, in a line or two."""
    report = result.report
    where = f" ({report.base_url}, rail {report.rail_url})" if report.base_url else ""
    told = [f"hostile rail, seed {report.seed}, against {report.target}{where}"]
    told += [f"{count} requests were not acknowledged: {answer}" for answer, count in sorted(report.refused.items())]
    return "\n".join(told)


def record_evidence(result: HostileResult, store: Path, home: Path) -> str:
    """Sign what came out and store it; returns the evidence's digest. A run that saw two builds proves nothing about either."""
    from gates.evidence.keys import load_signer
    from gates.evidence.store import EvidenceStore

    report, verdict = result.report, result.verdict
    changed = report.builds[0] != report.builds[1]
    trouble = f"the build changed during the run: {report.builds[0]} before, {report.builds[1]} after" if changed else ""
    rows: Json = [to_builtins(row) for row in verdict.rows]
    shown: Json = [to_builtins(item) for item in verdict.findings[:_SHOWN_FINDINGS]]
    predicate = Predicate(
        started_at=report.started_at,
        finished_at=report.finished_at,
        producer="gonogo load hostile-rail",
        measures=verdict.measures,
        facts={
            "seed": report.seed,
            "run_id": report.run_id,
            "faults": rows,
            "steps": [to_builtins(step) for step in report.steps],
            "findings": {"count": len(verdict.findings), "shown": shown},
        },
        status="adapter_error" if trouble and not verdict.findings else "complete",
        detail=trouble,
    )
    build = report.builds[1] or report.builds[0]
    subject = Subject(report.target, {"sha256": build} if build else {})
    return EvidenceStore(store).record(load_signer(home), EvidenceKind.HOSTILE_RAIL, subject, predicate).digest


def check_bytes(result: HostileResult) -> bytes:
    """What check.json holds."""
    verdict = result.verdict
    return msgspec.json.encode(Check(verdict.measures, verdict.findings, verdict.rows), order="sorted") + b"\n"


def _refused(asks: list[Ask]) -> dict[str, int]:
    return dict(Counter(f"{ask.status or 'no answer'} {ask.code or ''}".strip() for ask in asks if ask.type != "ok"))
