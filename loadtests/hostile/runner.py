"""A run of the kit from its beginning to its evidence: fund, play, audit, judge."""

import contextlib
from collections import Counter
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind, Measure, Predicate, Subject
from gates.schema.canonical import Json, to_builtins
from gates.schema.errors import UsageProblem
from gates.schema.progress import progress
from gates.schema.target import NamedTarget
from gates.schema.time import Clock, format_utc
from loadtests.hostile.audit import Played, read_books
from loadtests.hostile.books import Ask
from loadtests.hostile.desk import Desk
from loadtests.hostile.driver import Driver, Order, due_to_each
from loadtests.hostile.faults import FAULTS, LOSSES, Fault
from loadtests.hostile.findings import Finding
from loadtests.hostile.railside import RailSide, rail_of, rail_url
from loadtests.hostile.stage import staged
from loadtests.hostile.verdict import Row, Verdict, judge

_READY_S = 2.0
_SHOWN_FINDINGS = 20


class Wish(msgspec.Struct, frozen=True):
    """What a run is asked for: payouts a fault, seed, prefix of the keys, patience for each fault, and which faults."""

    payouts: int
    seed: int
    run_id: str
    patience_s: int
    faults: tuple[Fault, ...] = FAULTS


class Report(msgspec.Struct, frozen=True):
    """`run.json`: what was run against what, and which answers were no acknowledgements, by status and code."""

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


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """`check.json`: every measure, every finding with its witness, and the table."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What a run leaves for its caller."""

    report: Report
    verdict: Verdict


def run_kit(named: NamedTarget, wish: Wish, out: Path, clock: Clock) -> Outcome:
    """Play every fault against a service and its rail, and judge what the three books say.

    Where the environment does not say where the rail is and the target says how to run it, both are run here, in OUT/service.
    Raises UnknownProblem where service or rail do not answer, UsageProblem where the target's file lacks something.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageProblem(f"{out}: is not an empty folder", next_step="give --out a folder that does not exist yet")
    process = named.target.process
    stage: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if not rail_url(named) and process is not None and process.rail:
        stage = staged(named, process, out / "service")
    with stage, Desk(named) as desk, RailSide(named) as rail:
        desk.service.await_ready(_READY_S)
        out.mkdir(parents=True, exist_ok=True)
        return _play(named, wish, out, clock, desk, rail)


def _play(named: NamedTarget, wish: Wish, out: Path, clock: Clock, desk: Desk, rail: RailSide) -> Outcome:
    started, build = format_utc(clock()), desk.service.build()
    earlier, lines = frozenset(item.payout_id for item in desk.payouts()), rail.lines()
    intents = sum(wish.payouts * fault.share for fault in wish.faults)
    for at, due in enumerate(due_to_each(intents, len(desk.accounts.payee_ids))):
        desk.fund(f"hostile-{wish.run_id}-s{wish.seed}-fund-{at}", desk.accounts.payee_ids[at], due * (LOSSES + 1))
    rail.tell()
    order = Order(wish.payouts, wish.seed, wish.run_id, wish.patience_s, rail_of(named).answer_timeout_ms)
    with (out / "asks.jsonl").open("ab") as file, progress("hostile rail", intents) as bar:

        def write(ask: Ask) -> None:
            file.write(msgspec.json.encode(ask) + b"\n")
            file.flush()

        driver = Driver(desk, rail, order, write)
        driver.play(wish.faults, bar)
    first_line = lines[-1].seq if lines else 0
    played = Played(tuple(driver.asks), tuple(driver.waits), driver.lost, earlier, first_line)
    books = read_books(desk, rail, played, wish.patience_s)
    verdict = judge(books)
    report = Report(
        target=named.name,
        base_url=desk.service.base_url,
        rail_url=rail.url,
        seed=wish.seed,
        run_id=wish.run_id,
        payouts=wish.payouts,
        builds=(build, desk.service.build()),
        started_at=started,
        finished_at=format_utc(clock()),
        asked=len(driver.asks),
        refused=_refused(driver.asks),
    )
    outcome = Outcome(report, verdict)
    for name, value in (("books", books), ("run", report)):
        (out / f"{name}.json").write_bytes(msgspec.json.encode(value, order="sorted") + b"\n")
    (out / "check.json").write_bytes(check_bytes(outcome))
    return outcome


def heading(outcome: Outcome) -> str:
    """What was run, in a line or two."""
    report = outcome.report
    told = [f"hostile rail, seed {report.seed}, against {report.target} ({report.base_url}, rail {report.rail_url})"]
    told += [f"{count} requests were not acknowledged: {answer}" for answer, count in sorted(report.refused.items())]
    return "\n".join(told)


def leave_evidence(outcome: Outcome, store: Path, home: Path) -> str:
    """Sign what came out and store it; returns the evidence's digest. A run that saw two builds proves nothing about either."""
    from gates.evidence.keys import load_signer
    from gates.evidence.store import EvidenceStore

    report, verdict = outcome.report, outcome.verdict
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
            "findings": {"count": len(verdict.findings), "shown": shown},
        },
        status="adapter_error" if trouble and not verdict.findings else "complete",
        detail=trouble,
    )
    build = report.builds[1] or report.builds[0]
    subject = Subject(report.target, {"sha256": build} if build else {})
    return EvidenceStore(store).record(load_signer(home), EvidenceKind.HOSTILE_RAIL, subject, predicate).digest


def check_bytes(outcome: Outcome) -> bytes:
    """What check.json holds."""
    verdict = outcome.verdict
    return msgspec.json.encode(Check(verdict.measures, verdict.findings, verdict.rows), order="sorted") + b"\n"


def _refused(asks: list[Ask]) -> dict[str, int]:
    return dict(Counter(f"{ask.status or 'no answer'} {ask.code or ''}".strip() for ask in asks if ask.type != "ok"))
