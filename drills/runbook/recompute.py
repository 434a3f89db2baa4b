"""Do the measures of a run follow from its files? Each step is judged again by its page, and by what it printed."""

from pathlib import Path

from drills import journal as journals
from drills.journal import Event, Status, read_journal
from drills.runbook.blocks import Shell
from drills.runbook.page import Page, Step
from drills.runbook.report import make_report, read_own_page
from drills.runbook.verdict import verdict
from drills.runbook.walk import ACTION, CONTRADICTED, log_path
from gates.evidence.recomputed import Recomputed
from gates.evidence.statement import EvidenceKind, short_kind
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem


def recompute(folder: Path) -> Recomputed:
    """The measures that the files in `folder` give.

    Raises UsageProblem for a file that is missing or malformed, UnverifiedProblem if the journal contradicts the page or a log.
    """
    require_judged(folder)
    report = make_report(folder, None)
    return Recomputed(short_kind(EvidenceKind.RUNBOOK_RUN), report.measures, report.status)


def require_judged(folder: Path) -> Page:
    """The page of a run, once every step of its journal has the status that the page and the step's output give it."""
    page = read_own_page(folder)
    for event in read_journal(folder / journals.FILE).events:
        if event.action != ACTION or event.status in (Status.PLANNED, Status.STARTED):
            continue
        step = page.step(event.step)
        if step is None:
            raise UnverifiedProblem(f"the journal has a step {event.step!r}, which the page does not have")
        if isinstance(step.info, Shell) and "exit_code" in event.facts:
            _require(folder, step, event)
    return page


def _require(folder: Path, step: Step, event: Event) -> None:
    for name in ("out", "err"):
        path = log_path(folder, step.name, name)
        if not path.is_file() or sha256_hex(path.read_bytes()) != event.facts.get(f"{name}_sha256"):
            raise UnverifiedProblem(f"{path.name}: not what the journal says that the step {step.name} printed")
    code = event.facts["exit_code"]
    stdout = log_path(folder, step.name, "out").read_text(encoding="utf-8")
    reason = verdict(step, code if isinstance(code, int) else -1, str(event.facts.get("stopped", "")), stdout)
    if bool(reason or event.facts.get(CONTRADICTED)) is (event.status is Status.SUCCEEDED):
        raise UnverifiedProblem(
            f"the journal says {event.status} of the step {step.name}; its page and output: {reason or 'as expected'}"
        )
