"""A runbook from its name to its evidence: plan, folder, walk, report, statement."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from drills import journal as journals
from drills.journal import End, Ending, Journal
from drills.record import Evidence
from drills.runbook.environment import codes_of, make_place, make_programs, step_environment
from drills.runbook.page import Page, Step
from drills.runbook.person import Person
from drills.runbook.places import is_shipped
from drills.runbook.plan import BIN, LOGS, PAGE_FILE, WORK, RunbookPlan, write_plan
from drills.runbook.report import RunbookReport, make_report, sign, write_report
from drills.runbook.walk import Console, Walk
from gates.evidence.recording import begin_recording, resume_recording
from gates.evidence.reported import read_build
from gates.evidence.statement import EvidenceKind
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import Problem, RefusedProblem, UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.state import made_state_dir
from gates.schema.target import NamedTarget, Target, load_target
from gates.schema.time import format_utc, monotonic_s, system_clock
from gates.schema.tls import CA_FILE, ca_environment


def make_plan(page: Page, target: str, begin: str = "", *, by_program: bool = False, fault: str = "") -> RunbookPlan:
    """All inputs of a run; raises UsageProblem for a target that is missing or invalid."""
    named = load_target(target)
    moment = {"at": format_utc(system_clock()), "runbook": page.name, "moment": str(monotonic_s()), "pid": os.getpid()}
    return RunbookPlan(
        run_id=sha256_hex(canonical_json(moment))[:32],
        name=page.name,
        page_sha256=sha256_hex(page.source.encode()),
        target_name=named.name,
        target_argument=target,
        target=named.target,
        begin=begin,
        by_program=by_program,
        fault=fault,
        ca_file=ca_environment(named).get(CA_FILE),
        shipped=is_shipped(page),
    )


def require_person(page: Page, plan: RunbookPlan, person: Person | None) -> None:
    """Raise RefusedProblem where a step needs a person, there is no terminal, and nobody said that this is a dry run of them."""
    if person is None and not plan.by_program:
        require_person_of([page])


def require_person_of(pages: Iterable[Page]) -> None:
    """Raise RefusedProblem naming the steps of these pages that need a person."""
    needed = [f"{page.name}: {step.name}" for page in pages for step in page.steps if step.needs_person]
    if needed:
        raise RefusedProblem(
            f"{', '.join(needed)}: these steps need a person, and there is no terminal",
            next_step="run it in a terminal; with --yes these steps are a dry run, and what needs persons is unknown",
        )


def open_folder(folder: Path) -> Journal:
    """Make the folder of a run, with its journal; raises UsageProblem for one that is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageProblem(f"{folder}: is not empty", next_step="give another --out")
    out = folder.absolute()
    for name in (LOGS, WORK):
        (out / name).mkdir(parents=True)
    return Journal(out / journals.FILE, system_clock, monotonic_s)


def variables_of(plan: RunbookPlan, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the steps of a run in this folder."""
    named = NamedTarget(plan.target_name, plan.target)
    return step_environment(named, plan.target_argument, folder.absolute() / BIN, {**environ, **plan.environment})


def about(plan: RunbookPlan, page: Page, variables: Mapping[str, str]) -> RunbookPlan:
    """The plan of a run with these variables, which name the failures that it is about."""
    return msgspec.structs.replace(plan, codes=codes_of(page, variables))


def make_walk(
    page: Page,
    plan: RunbookPlan,
    journal: Journal,
    console: Console,
    person: Person | None,
    variables: Mapping[str, str],
    *,
    work: Path | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    after: Callable[[Step], None] = lambda _step: None,
) -> Walk:
    """A run in the folder of its journal, which gets the page and the plan."""
    out = journal.path.parent
    make_programs(out / BIN)
    write_inputs(out, page, plan)
    place = make_place(NamedTarget(plan.target_name, plan.target), work or out / WORK, variables)
    return Walk(plan, page, journal, place, console, person, meanwhile, after)


def write_inputs(folder: Path, page: Page, plan: RunbookPlan) -> None:
    """DIR/page.md and DIR/plan.json."""
    (folder / PAGE_FILE).write_bytes(page.source.encode())
    write_plan(folder, plan)


def listed(plan: RunbookPlan, store: Path) -> RunbookPlan:
    """The plan of a run that the log lists, before anything happens; its statement will end it."""
    return msgspec.structs.replace(plan, evidence=_listed(plan, store.absolute()))


def _listed(plan: RunbookPlan, store: Path) -> Evidence:
    try:
        recording = begin_recording(store, made_state_dir(), EvidenceKind.RUNBOOK_RUN, plan.target_name)
    except Problem as problem:
        hint = f"{problem.next_step}; or give --no-evidence, and put that right later"
        raise type(problem)(problem.message, next_step=hint) from None
    return Evidence(str(store), recording.run)


def conclude(journal: Journal, plan: RunbookPlan, build: str | None) -> RunbookReport:
    """Close the journal, write the report, and sign the statement that ends the run, if the plan names a store."""
    journal.close()
    folder = journal.path.parent
    report = make_report(folder, build)
    write_report(folder, report)
    if plan.evidence is not None:
        recording = resume_recording(Path(plan.evidence.folder), made_state_dir(), plan.evidence.run)
        sign(report, plan, recording, folder)
    return report


def known_build(target: Target, environ: Mapping[str, str]) -> str | None:
    """The build that the service reports now, None where it reports none."""
    with contextlib.suppress(Problem):
        return read_build(target, environ)
    return None


def exit_code(report: RunbookReport, ending: Ending, signal_number: int | None) -> ExitCode:
    """The documented exit code of a run that ended so."""
    if ending.end is End.INTERRUPTED:
        return ExitCode.INTERRUPTED if signal_number == signal.SIGINT else ExitCode.TERMINATED
    if ending.end is End.ABORTED:
        return ExitCode.REFUSED
    if any(step.failed for step in report.steps):
        return ExitCode.RED
    return ExitCode.GREEN if report.status == "complete" else ExitCode.UNKNOWN
