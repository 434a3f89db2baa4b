"""`gonogo runbook`: list, run, lint, rehearse."""

import os
from pathlib import Path

import click

from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show, write_document

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def runbook() -> None:
    """Walk a runbook step by step, check that runbooks are right, rehearse them against real faults."""


@runbook.command("list")
@format_option("text", "json")
def list_runbooks(output_format: str) -> None:
    """List the shipped runbooks: what each is for, its steps, and how many of them need a person."""
    from drills.runbook.places import shipped_pages
    from gates.schema.canonical import canonical_json

    rows = [
        {
            "name": page.name,
            "title": page.title,
            "path": str(page.path),
            "steps": [step.name for step in page.steps],
            "by_persons": [step.name for step in page.steps if step.needs_person],
        }
        for page in shipped_pages()
    ]
    if output_format == "json":
        write_document(canonical_json(rows), nl=True)
        return
    for row in rows:
        steps = f"{len(row['steps'])} steps, {len(row['by_persons'])} with a person"
        show(f"{row['name']:22}{steps:28}{row['title']}")


@runbook.command("run")
@click.argument("name")
@click.option(
    "--target", default=preset("target"), show_default=TARGET_DEFAULT, help="A shipped target's name, or a target file."
)
@click.option("--from", "begin", metavar="STEP", default="", help="Begin with this step; the result is then unknown (3).")
@click.option("--work", type=_FOLDER, help="Folder of the commands, such as that of an earlier run.  [default: work/ in --out]")
@click.option("--out", type=_FOLDER, help="The run's folder; new or empty.  [default: the next free one in the state folder]")
@click.option("--yes", is_flag=True, help="Without a person: steps that need one are a dry run, and the result is unknown (3).")
@click.option("--evidence", type=_FOLDER, help="Store for the signed statement.  [default: evidence/ in the state folder]")
@click.option("--no-evidence", is_flag=True, help="Write a report, but no signed statement.")
def run_runbook(
    name: str,
    target: str,
    begin: str,
    work: Path | None,
    out: Path | None,
    yes: bool,
    evidence: Path | None,
    no_evidence: bool,
) -> int:
    """Walk the runbook NAME (or a Markdown file): show each step, wait for the person, run its commands, judge what came.

    The commands are run by bash with your variables and your rights: read a page of others before you run it.
    """
    from drills.runbook import perform
    from drills.runbook.console import Lines
    from drills.runbook.environment import require_variables
    from drills.runbook.person import Terminal, has_terminal
    from drills.runbook.places import find_page, require_step
    from drills.runbook.report import text
    from drills.runbook.shell import require_shell
    from drills.runbook.walk import walk
    from gates.schema.state import made_state_dir, state_dir

    page = find_page(name)
    plan = perform.make_plan(page, target, require_step(page, begin) if begin else "", by_program=yes)
    console = Lines()
    person = Terminal(console.note) if has_terminal() and not yes else None
    require_shell()
    perform.require_person(page, plan, person)
    folder = out or _next_folder(made_state_dir() / "runbooks", plan.name)
    variables = perform.variables_of(plan, folder, os.environ)
    require_variables(page, variables, begin)
    plan = perform.about(plan, page, variables)
    if not no_evidence:
        plan = perform.listed(plan, evidence or state_dir() / "evidence")
    journal = perform.open_folder(folder)
    run = perform.make_walk(page, plan, journal, console, person, variables, work=work)
    before = perform.known_build(plan.target, variables)
    ending = walk(run)
    report = perform.conclude(journal, plan, perform.known_build(plan.target, variables) or before)
    if page.after:
        show(f"\n{page.after}\n", err=True)
    show(text(report))
    show(f"in {folder}", err=True)
    code = perform.exit_code(report, ending, run.signal)
    stopped_at = next((item.step for item in report.steps if item.reason and item.status != "skipped"), "")
    if stopped_at:
        again = f"gonogo runbook run {name} --target {target} --from {stopped_at} --work {folder / 'work'}"
        show(f"  next: correct what is wrong, then go on: {again}", err=True)
    return int(code)


@runbook.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@format_option("text", "json")
def lint_runbooks(paths: tuple[Path, ...], output_format: str) -> int:
    """Check the shipped runbooks, or these files: sections, blocks, commands that exist, links, steps that are verified."""
    from drills.runbook.lint import lint
    from drills.runbook.page import read_page
    from drills.runbook.places import shipped_pages
    from gates.page.words import counted
    from gates.schema.canonical import canonical_json
    from gates.schema.errors import UnknownProblem
    from gates.schema.outcome import ExitCode
    from gates.schema.runbook import shipped_folder

    pages = [read_page(path) for path in paths] if paths else list(shipped_pages())
    if not pages:
        raise UnknownProblem(f"{shipped_folder()}: no runbook was found", next_step="give the paths of runbooks")
    found = lint(pages)
    if output_format == "json":
        write_document(canonical_json(found), nl=True)
    else:
        for item in found:
            show(f"{item.path}:{item.line}: {item.text}")
        show(f"{counted(len(pages), 'runbook')}, {counted(len(found), 'finding')}", err=True)
    return int(ExitCode.RED if found else ExitCode.GREEN)


@runbook.command("rehearse")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every shipped runbook that has a fault of its own.")
@click.option("--target", default="local", show_default=True, help="A target whose process is the reference gateway.")
@click.option("--out", type=_FOLDER, help="The series' folder; new or empty.  [default: the next free one in the state folder]")
@click.option("--yes", is_flag=True, help="Without a person: steps that need one are a dry run of them.")
@click.option("--evidence", type=_FOLDER, help="Store for the signed statement.  [default: evidence/ in the state folder]")
@click.option("--no-evidence", is_flag=True, help="Print the result, but sign no statement.")
def rehearse_runbooks(
    names: tuple[str, ...], everything: bool, target: str, out: Path | None, yes: bool, evidence: Path | None, no_evidence: bool
) -> int:
    """Rehearse runbooks, each against its fault, on a reference gateway that is started for it and ended after it.

    The fault is made and has to be seen, the runbook is walked, and the fault has to be gone, with a payment that goes through.
    """
    from drills.runbook import series
    from drills.runbook.console import Lines
    from drills.runbook.faults.table import pages_to_rehearse
    from drills.runbook.perform import require_person_of
    from drills.runbook.person import Terminal, has_terminal
    from drills.runbook.shell import require_shell
    from gates.evidence.recording import begin_recording
    from gates.evidence.statement import EvidenceKind
    from gates.schema.state import made_state_dir, state_dir
    from gates.schema.target import load_target

    pages, named = pages_to_rehearse(names, everything=everything), load_target(target)
    lines = Lines()
    person = Terminal(lines.note) if has_terminal() and not yes else None
    require_shell()
    if person is None and not yes:
        require_person_of(pages)
    home = made_state_dir()
    folder = out or _next_folder(home / "rehearsals", "all" if everything else "-".join(page.name for page in pages))
    recording = None
    if not no_evidence:
        store = (evidence or state_dir() / "evidence").absolute()
        recording = begin_recording(store, home, EvidenceKind.RUNBOOK_REHEARSAL, named.name)
    console_of = series.brief if person is None else lambda _name: lines
    found = series.rehearse_all(pages, target, folder, console_of, person, None if recording is None else store)
    if recording is not None:
        series.sign(found, named, recording, folder)
    show(series.text(found))
    show(f"in {folder}", err=True)
    return int(series.exit_code(found))


@runbook.command("recompute", hidden=True)
@click.argument("folder", type=_FOLDER)
def recompute_run(folder: Path) -> None:
    """Compute the measures again from the files in FOLDER, named as in the statement; `scorecard verify --deep` runs this."""
    from drills.runbook.recompute import recompute
    from drills.runbook.rehearsals import FILE, recompute_series
    from gates.evidence.recomputed import recomputed_bytes

    found = recompute_series(folder) if (folder / FILE).exists() else recompute(folder)
    write_document(recomputed_bytes(found), nl=True)


def _next_folder(home: Path, name: str) -> Path:
    number = 1
    while (home / f"{name}-{number}").exists():
        number += 1
    return home / f"{name}-{number}"
