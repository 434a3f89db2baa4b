"""What a scorecard says of this week's runs that failed or left no statement, and of the log: one line each. Pure."""

from collections.abc import Iterator

import msgspec

from gates.commands import Named, with_gates
from gates.evidence.statement import short_kind
from gates.page.words import moment, short
from gates.schema.verdict import RedRun
from scorecards.log_notes import note_lines
from scorecards.schema import ScorecardSpec


class RunLine(msgspec.Struct, frozen=True):
    """One line, and the command by which it can be answered, "" where there is none."""

    text: str
    command: str = ""


def run_lines(spec: ScorecardSpec) -> Iterator[str]:
    """The same as text."""
    yield from (f"{line.text}: {line.command}" if line.command else line.text for line in runs_of(spec))


def runs_of(spec: ScorecardSpec) -> Iterator[RunLine]:
    """Every run of this week on this build in which a criterion failed, those that left no statement, and the log's notes."""
    yield from (_red(run, spec.named_as) for run in spec.red_runs)
    for run in spec.unfinished:
        yield RunLine(f"The {run.step} that began on {moment(run.begun_at)} ({short(run.run)}) left no statement.")
    yield from map(RunLine, note_lines(spec.log))


def _red(run: RedRun, named_as: Named) -> RunLine:
    which = f"The {short_kind(run.predicate_type)} of {moment(run.finished_at)} ({short(run.evidence)})"
    what = f"{which} failed {', '.join(run.criteria)}"
    if run.explained:
        return RunLine(f"{what}; two people signed an explanation.")
    if not run.stops:
        return RunLine(f"{what}.")
    command = with_gates(f"gonogo scorecard explain-red {run.evidence[:12]} --reason WHY --as PERSON --as PERSON", named_as)
    undone = "A later run on this build does not undo it, nor do other requirements"
    return RunLine(f"{what}. {undone}; two people can explain it", command)
