"""Several drills one after another: each has a row, whatever its end; what could not run says what is missing."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from drills.judged import judged_by_gates
from drills.perform import begin, conclude, make_plan, perform
from drills.record import Plan
from drills.rehearsal import Console
from drills.report import Report
from drills.schema import drill_names
from drills.verdict import Verdict
from gates.evidence.statement import Measure
from gates.schema.errors import Problem, UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.state import made_state_dir, state_dir
from gates.schema.time import Clock, format_utc, monotonic_s

FIGURES = ("rto_s", "rpo_s", "rpo_settles", "lost_settles", "detect_s", "mitigate_s")
"""The measures that the table shows, where a drill has them."""

_STOPS = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
_WORST = (
    *_STOPS,
    ExitCode.INTERNAL,
    ExitCode.ROLLBACK_FAILED,
    ExitCode.UNVERIFIED,
    ExitCode.RED,
    ExitCode.ABORTED,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.UNKNOWN,
)


class Wanted(msgspec.Struct, frozen=True):
    """What the command line says about every drill; `out` is the folder of one drill, or of the folders of several."""

    target: str
    seed: int
    payments: int | None = None
    build: str | None = None
    out: Path | None = None
    evidence: Path | None = None
    no_evidence: bool = False
    dry_run: bool = False
    people: bool = False


class Done(msgspec.Struct, frozen=True):
    """One drill that came to its end, and the verdict with the limits of the gates."""

    report: Report
    code: ExitCode
    folder: Path
    found: Verdict


class DrillRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table; `load` is the machine's load average at its start, `figures` are None where nothing was measured.

    `detail` is what is missing or what went wrong, "" for a drill that passed.
    """

    drill: str
    outcome: str
    exit_code: int
    detail: str
    began_at: str
    load: str
    seconds: str
    figures: dict[str, str | None]


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every row, in the order in which the drills ran, on how many processors."""

    target: str
    seed: int
    processors: int
    rows: tuple[DrillRow, ...]


Consoles = Callable[[Plan], AbstractContextManager[Console]]
"""Makes the console of one drill."""


def chosen(names: Sequence[str], every: bool) -> tuple[str, ...]:
    """The drills to run; raises UsageProblem where none is named, or some and all."""
    if every and names:
        raise UsageProblem("--all and the name of a drill were given", next_step="give one of them")
    if not every and not names:
        raise UsageProblem("no drill is named", next_step=f"give --all, a path to a file, or one of {', '.join(drill_names())}")
    return drill_names() if every else tuple(names)


def run_one(name: str, wanted: Wanted, folder: Path | None, consoles: Consoles) -> Done:
    """One drill from its name to its evidence; `folder` None takes the next free one of the state folder."""
    plan = make_plan(name, wanted.target, wanted.seed, wanted.payments, wanted.build, people=wanted.people)
    out = folder or next_folder(made_state_dir() / "drills", plan.name)
    usual = None if wanted.dry_run else state_dir() / "evidence"
    store = None if wanted.no_evidence else wanted.evidence or usual
    with consoles(plan) as console:
        run = begin(plan, out, console, store, dry_run=wanted.dry_run)
        try:
            code = perform(run, dry_run=wanted.dry_run)
        finally:
            report = conclude(run)
    return Done(report, code, out, judged_by_gates(report, wanted.target))


def next_folder(home: Path, name: str) -> Path:
    """The first folder of this name and a number that is not there yet."""
    number = 1
    while (home / f"{name}-{number}").exists():
        number += 1
    return home / f"{name}-{number}"


def run_several(names: Sequence[str], wanted: Wanted, consoles: Consoles, clock: Clock) -> Iterator[DrillRow]:
    """Run every one of them, and go on whatever its end is; after a signal nothing more is started."""
    stopped = False
    for name in names:
        if stopped:
            yield _row(name, ExitCode.UNKNOWN, "NOT RUN", "a signal ended the drills before it", format_utc(clock()), "")
            continue
        row = _one_of_several(name, wanted, consoles, clock)
        stopped = row.exit_code in _STOPS
        yield row


def _one_of_several(name: str, wanted: Wanted, consoles: Consoles, clock: Clock) -> DrillRow:
    began_at, begun_s, load = format_utc(clock()), monotonic_s(), f"{os.getloadavg()[0]:.1f}"
    folder = None if wanted.out is None else wanted.out / Path(name).stem
    try:
        done = run_one(name, wanted, folder, consoles)
    except Problem as problem:
        detail = f"{problem.message} ({problem.next_step})" if problem.next_step else problem.message
        return _row(name, problem.exit_code, "NOT RUN", detail, began_at, load, seconds=monotonic_s() - begun_s)
    found = done.found
    detail = "" if found.style == "pass" else found.sentence
    return _row(
        name, done.code, found.word, detail, began_at, load, seconds=monotonic_s() - begun_s, measures=done.report.measures
    )


def _row(
    name: str,
    code: ExitCode,
    outcome: str,
    detail: str,
    began_at: str,
    load: str,
    *,
    seconds: float = 0.0,
    measures: dict[str, Measure] | None = None,
) -> DrillRow:
    found = {} if measures is None else {figure: measures[figure].value for figure in FIGURES if figure in measures}
    return DrillRow(name, outcome, int(code), detail, began_at, load, f"{seconds:.0f}", found)


def worst(rows: Sequence[DrillRow]) -> ExitCode:
    """The exit code of the worst row; green only where every row is."""
    codes = {row.exit_code for row in rows}
    return next((code for code in _WORST if code in codes), ExitCode.GREEN)


def table(series: Series) -> str:
    """The rows as text, one line each, and below them what is missing or went wrong."""
    heads = ("drill", "outcome", *FIGURES, "seconds")
    cells = [heads, *(_cells(row) for row in series.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([*lines, "", *(f"{row.drill}: {row.detail}" for row in series.rows if row.detail)]).rstrip()


def _cells(row: DrillRow) -> tuple[str, ...]:
    """A figure that a drill of this kind does not have is "-", one that it could not measure "unknown"."""
    figures = ("-" if name not in row.figures else row.figures[name] or "unknown" for name in FIGURES)
    return (row.drill, row.outcome, *figures, row.seconds)
