"""`gonogo drill`: list, run, recover, report."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show, write_document

if TYPE_CHECKING:
    from drills.record import Plan
    from gates.schema.progress import Progress

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def drill() -> None:
    """Rehearse a fault of a service under load, roll it back in every case, and write signed evidence of the result."""


@drill.command("list")
@format_option("text", "json")
def list_drills(output_format: str) -> None:
    """List the shipped drills."""
    from drills.schema import drill_names, load_drill
    from gates.schema.canonical import canonical_json

    drills = [load_drill(name).metadata for name in drill_names()]
    if output_format == "json":
        write_document(canonical_json([{"name": item.name, "title": item.title} for item in drills]), nl=True)
        return
    width = max(len(item.name) for item in drills) + 2
    for item in drills:
        show(f"{item.name:{width}}{item.title}")


@drill.command("run")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "every", is_flag=True, help="Run every shipped drill.")
@click.option(
    "--target", default=preset("target"), show_default=TARGET_DEFAULT, help="A shipped target's name, or a target file."
)
@click.option(
    "--out",
    type=_FOLDER,
    help="The drill's folder, new or empty; for several drills a folder with one each.  "
    "[default: the next free one in the state folder]",
)
@click.option("--seed", default=1, show_default=True, help="Determines the storm, and the times of the kills.")
@click.option(
    "--payments",
    type=click.IntRange(150),
    help="Minimum number of payments in the storm; it continues until the drill needs no more.  [default: the drill's]",
)
@click.option("--build", metavar="SHA256", help="The build, for a drill that cannot run far enough to ask the service for it.")
@click.option("--evidence", type=_FOLDER, help="Store for the signed statement.  [default: evidence/ in the state folder]")
@click.option("--no-evidence", is_flag=True, help="Write a report, but no signed statement.")
@click.option("--dry-run", is_flag=True, help="Write the plan and run no step; the result is unknown (3), never a pass.")
@click.option("--people", is_flag=True, help="Wait for people to acknowledge pages; without it the drill does, in their place.")
@format_option("text", "json")
def run_drill(
    names: tuple[str, ...],
    every: bool,
    target: str,
    out: Path | None,
    seed: int,
    payments: int | None,
    build: str | None,
    evidence: Path | None,
    no_evidence: bool,
    dry_run: bool,
    people: bool,
    output_format: str,
) -> int:
    """Run the drill NAME (or a drill file): steady state, method, rollback in every case, steady state, audit.

    Of several, or of --all, each runs whatever the ends of those before it. One table shows them, and what is missing for
    those that could not run; the exit code is that of the worst.
    """
    from drills.judged import shown_json, shown_text
    from drills.page.make import FILE as PAGE
    from drills.series import Series, Wanted, chosen, run_one, run_several, table, worst
    from gates.schema.canonical import canonical_json
    from gates.schema.time import system_clock

    chosen_names = chosen(names, every)
    wanted = Wanted(
        target=target,
        seed=seed,
        payments=payments,
        build=build,
        out=out,
        evidence=evidence,
        no_evidence=no_evidence,
        dry_run=dry_run,
        people=people,
    )
    if not every and len(chosen_names) == 1:
        done = run_one(chosen_names[0], wanted, wanted.out, _console)
        show(shown_json(done.report, done.found).decode() if output_format == "json" else shown_text(done.report, done.found))
        show(f"in {done.folder}; its page is {done.folder / PAGE}", err=True)
        return int(done.code)
    rows = tuple(run_several(chosen_names, wanted, _console, system_clock))
    series = Series(wanted.target, wanted.seed, os.cpu_count() or 1, rows)
    if output_format == "json":
        write_document(canonical_json(series), nl=True)
    else:
        show(table(series))
    return int(worst(rows))


@drill.command("recover")
@click.argument("folder", type=_FOLDER)
def recover_drill(folder: Path) -> int:
    """Finish a drill that was killed: end its processes, roll back, write its end and sign it.

    Does nothing if the drill has ended and left its statement.
    """
    from drills.journal import RolledBack
    from drills.perform import catch_up, conclude
    from drills.recover import recover
    from gates.schema.outcome import ExitCode
    from gates.schema.time import system_clock

    run = recover(folder, _Console(), system_clock, dict(os.environ))
    if run is None and catch_up(folder):
        show("the drill has ended; its statement is signed")
        return int(ExitCode.GREEN)
    if run is None:
        show("nothing to do: the drill has ended")
        return int(ExitCode.GREEN)
    ending = conclude(run).ending
    assert ending is not None, "recover writes the end"
    show(f"recovered: rollback {ending.rolled_back.replace('_', ' ')}")
    return int(ExitCode.ROLLBACK_FAILED if ending.rolled_back is RolledBack.FAILED else ExitCode.GREEN)


@drill.command("report")
@click.argument("folder", type=_FOLDER)
@format_option("text", "json", "html")
def report_drill(folder: Path, output_format: str) -> None:
    """Show the report of the drill in FOLDER, after checking that its files are those that the report was made from.

    Leaves its page as report.html in FOLDER: timeline, what was lost, measures with their limits, what to do next.
    """
    from drills.journal import FILE, read_journal
    from drills.judged import judged_by_gates, shown_json, shown_text
    from drills.page.make import write_page
    from drills.record import read_plan
    from drills.report import check_files, read_report

    report = read_report(folder)
    check_files(folder, report)
    read_journal(folder / FILE)
    page = write_page(folder)
    if output_format == "html":
        write_document(page)
        return
    found = judged_by_gates(report, read_plan(folder).target_argument)
    if output_format == "json":
        write_document(shown_json(report, found), nl=True)
    else:
        show(shown_text(report, found))


@drill.command("export")
@click.argument("folder", type=_FOLDER)
@format_option("chaostoolkit")
def export_drill(folder: Path, output_format: str) -> None:
    """Print the journal of the drill in FOLDER in the format of another tool: Chaos Toolkit's journal."""
    from drills.chaostoolkit import export_bytes
    from drills.page.material import read_material
    from drills.report import check_files

    assert output_format == "chaostoolkit", "click has checked it"
    material = read_material(folder)
    check_files(folder, material.report)
    write_document(export_bytes(material))


@drill.command("recompute")
@click.argument("folder", type=_FOLDER)
def recompute_drill(folder: Path) -> None:
    """Compute the measures again from the files in FOLDER, named as in the statement; `scorecard verify --deep` runs this."""
    from drills.recompute import recompute
    from gates.evidence.recomputed import recomputed_bytes

    write_document(recomputed_bytes(recompute(folder)), nl=True)


@drill.command("schema")
@click.argument("kind", type=click.Choice(("Drill", "Release")), default="Drill")
def schema(kind: str) -> None:
    """Print the JSON Schema of drill or release documents, for editors."""
    from drills.export import schema_bytes

    write_document(schema_bytes(kind))


class _Console:
    """Steps and messages on stderr, with the seconds since the start: a progress bar on a terminal, otherwise one line each."""

    def __init__(self, bar: "Progress | None" = None) -> None:
        from gates.schema.time import monotonic_s

        self._now, self._begun, self._steps = monotonic_s, monotonic_s(), 0
        self._bar = bar if sys.stderr.isatty() else None

    def step(self, note: str) -> None:
        """One more step has begun."""
        self._steps += 1
        if self._bar is None:
            self.note(note)
        else:
            self._bar.step(self._steps, note)

    def note(self, message: str) -> None:
        """One line."""
        show(f"{self._now() - self._begun:6.1f} s  {message}", err=True)


@contextmanager
def _console(plan: "Plan") -> "Iterator[_Console]":
    """The console of one drill: a bar on a terminal."""
    from gates.schema.progress import progress

    with progress(f"{plan.name} drill", plan.drill.length) as bar:
        yield _Console(bar)
