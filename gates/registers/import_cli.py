"""`gonogo finding import`: the results of static analysis and scanners as findings, each once, none left out in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.registers.cli import as_option, owner_option, register_option, write
from gates.schema.errors import UsageProblem
from gates.schema.output import show
from gates.schema.register import Register

if TYPE_CHECKING:
    from gates.registers.document import Opened
    from gates.registers.events import Import
    from gates.registers.sarif_results import Taken
    from gates.registers.writing import View
    from gates.schema.outcome import Priority

_SHOWN = 5


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@owner_option
@click.option(
    "--severity",
    "severities",
    multiple=True,
    metavar="LEVEL=P",
    help="The severity of a SARIF level without a score, such as error=P1.  [default: error=P0, warning=P2, note=P3]",
)
@register_option
@as_option
def import_(file: Path, owner: str, severities: tuple[str, ...], register: str, person: str) -> None:
    """Take the open results of a SARIF 2.1.0 FILE over as findings.

    Each result is a finding once, however often it is imported; one that was closed and is there again is open again. Where a
    rule or result has a `security-severity` of 0 to 10, P0 begins at 9, P1 at 7, P2 at 4. What is suppressed, absent since the
    baseline, or no failure is counted and left out.

    Exit 2 for a file that is not SARIF, or a run that did not execute to its end.
    """
    from gates.registers.events import imported
    from gates.registers.sarif_results import results_in
    from gates.schema.canonical import sha256_hex

    data, kind = file.read_bytes(), Register(register)
    taken = results_in(data, str(file), kind, owner.strip(), _levels(severities))
    done: list[Import] = []

    def make(view: View) -> Opened | None:
        done.append(imported(view.book, kind, taken, sha256_hex(data)))
        return done[-1].event

    write(kind, person, make)
    for line in _lines(taken, done[-1]):
        show(line)


def _lines(taken: Taken, done: Import) -> list[str]:
    left_out = "".join(f", {count} {reason}" for reason, count in taken.left_out.items())
    raised = f", {done.raised} with a worse severity" if done.raised else ""
    counts = f"{done.new} new, {done.again} open again{raised}, {done.known} known{left_out}"
    lines = [f"imported: {taken.results} results of {', '.join(taken.tools)}: {counts}"]
    if done.gone:
        names = ", ".join(done.gone[:_SHOWN]) + (f" and {len(done.gone) - _SHOWN} more" if len(done.gone) > _SHOWN else "")
        lines.append(f"not in this file, and still open: {names}: close them by the statement that shows it")
    return lines


def _levels(texts: tuple[str, ...]) -> dict[str, Priority]:
    from gates.registers.sarif_results import LEVELS
    from gates.schema.outcome import Priority

    found: dict[str, Priority] = {}
    for text in texts:
        level, _, severity = text.partition("=")
        if level not in LEVELS or severity not in tuple(Priority) or level in found:
            allowed = f"LEVEL=SEVERITY, once a level: one of {', '.join(LEVELS)} and one of {', '.join(Priority)}"
            raise UsageProblem(f"--severity {text!r} is not {allowed}", next_step="write it such as error=P1")
        found[level] = Priority(severity)
    return found
