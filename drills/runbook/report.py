"""The results of one run of a runbook: report.json, the signed statement, and a text for people."""

from pathlib import Path

import msgspec

from drills import journal as journals
from drills.journal import Ending, Event, Status, read_journal
from drills.runbook.measures import StepResult, measures_of, results_of, standing_of
from drills.runbook.page import Page, parse_page
from drills.runbook.plan import LOGS, PAGE_FILE, PLAN_FILE, RunbookPlan, read_plan
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recording import Recording
from gates.evidence.statement import Cohort, EvidenceKind, Inputs, Measure
from gates.evidence.statement import Status as Standing
from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.target import NamedTarget
from gates.schema.time import system_clock

FILE = "report.json"


class RunbookReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole run, before any judgement."""

    runbook: str
    title: str
    fault: str
    target: str
    build: str | None
    started_at: str
    finished_at: str
    duration_ms: int
    status: Standing
    detail: str
    ending: Ending | None
    measures: dict[str, Measure]
    steps: tuple[StepResult, ...]
    digests: dict[str, str]


def make_report(folder: Path, build: str | None) -> RunbookReport:
    """Build the report from the plan, the page and the journal in the folder."""
    plan, page = read_plan(folder), read_own_page(folder)
    events = read_journal(folder / journals.FILE).events
    results = results_of(page, events)
    status, detail = standing_of(results, events[-1], plan.begin)
    duration_ms = (events[-1].monotonic_ns - events[0].monotonic_ns) // 1_000_000
    return RunbookReport(
        runbook=plan.name,
        title=page.title,
        fault=plan.fault,
        target=plan.target_name,
        build=build,
        started_at=events[0].at,
        finished_at=events[-1].at,
        duration_ms=duration_ms,
        status=status,
        detail=detail,
        ending=events[-1].ending,
        measures=measures_of(page, results, walked_s(events), status, plan.codes, shipped=plan.shipped),
        steps=results,
        digests={name: sha256_hex(path.read_bytes()) for name, path in raw_files(folder).items()},
    )


def walked_s(events: tuple[Event, ...]) -> float:
    """Seconds from the start of the first step to the last line."""
    begun = next((event.monotonic_ns for event in events if event.status is Status.STARTED), events[0].monotonic_ns)
    return (events[-1].monotonic_ns - begun) / 1e9


def read_own_page(folder: Path) -> Page:
    """The page as it was when the run began; raises UnverifiedProblem if it is another one."""
    path, plan = folder / PAGE_FILE, read_plan(folder)
    data = path.read_bytes()
    if sha256_hex(data) != plan.page_sha256:
        raise UnverifiedProblem(f"{path}: not the page that {PLAN_FILE} names")
    return parse_page(path.with_name(f"{plan.name}.md"), data.decode())


def raw_files(folder: Path) -> dict[str, Path]:
    """What the measures were computed from, by the names that the statement gives them."""
    files = {name: folder / name for name in (PLAN_FILE, PAGE_FILE, journals.FILE)}
    return files | {f"{LOGS}/{path.name}": path for path in sorted((folder / LOGS).iterdir())}


def write_report(folder: Path, report: RunbookReport) -> None:
    """DIR/report.json, canonical."""
    (folder / FILE).write_bytes(canonical_json(report) + b"\n")


def sign(report: RunbookReport, plan: RunbookPlan, recording: Recording, folder: Path) -> None:
    """Sign the statement that ends the run."""
    named = NamedTarget(plan.target_name, plan.target)
    observed = cite(recording.store, recording.signer, system_clock, named, report.build)
    facts: dict[str, Json] = {
        "runbook": report.runbook,
        "fault": report.fault,
        "steps": msgspec.to_builtins(report.steps),
        "ending": msgspec.to_builtins(report.ending),
    }
    cohort: Cohort = "simulated" if plan.fault else "none"
    artifacts = recording.keep(dict(raw_files(folder)))
    result = Result(report.measures, facts, report.status, report.detail, cohort, artifacts)
    span = Span(report.started_at, report.finished_at, report.duration_ms)
    kind, tool = EvidenceKind.RUNBOOK_RUN, f"gonogo runbook run {report.runbook}"
    predicate = make_predicate(kind, tool, span, Inputs(target=target_sha256(named)), result, observed)
    recording.sign(kind, make_subject(named, report.build), predicate)


def text(report: RunbookReport) -> str:
    """The report as text."""
    lines = [f"runbook {report.runbook} on {report.target}, build {(report.build or 'unknown')[:12]}", _verdict(report), ""]
    for item in report.steps:
        person = (
            f", a person: {item.human.replace('_', ' ')}{f' after {item.human_s} s' if item.human_s else ''}"
            if item.human
            else ""
        )
        took = f" {item.took_s} s" if item.took_s else ""
        late = ", late" if item.late else ""
        why = f": {item.reason}" if item.reason else ""
        lines.append(f"  {item.status:10}{item.step:28}{took}{person}{late}{why}")
    lines += ["", "measures"]
    for name, measure in report.measures.items():
        value = f"unknown: {measure.unknown}" if measure.value is None else f"{measure.value} {measure.unit}"
        lines.append(f"  {name:28}{value:15} {f'n={measure.samples} ' if measure.samples else ''}{measure.detail}".rstrip())
    return "\n".join(lines)


def _verdict(report: RunbookReport) -> str:
    if report.ending is None:
        return f"{report.status}: {report.detail}"
    word = report.ending.end.value
    if report.status == "complete":
        return (
            f"{word}, every step as the page says"
            if not report.ending.deviated
            else f"{word}: a step did not end as the page says"
        )
    return f"{word}, {report.status.replace('_', ' ')}: {report.detail}"
