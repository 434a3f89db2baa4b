"""Which runs of this week failed? What one run of a build found is not undone by the next run of the same build. Pure."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from gates.evidence.identity import Reviewed
from gates.evidence.statement import Measure
from gates.evidence.store import Held
from gates.reading import Reading, read
from gates.rule import Ruling, rule
from gates.schema.gate import Criterion, Gate, label, sought
from gates.schema.outcome import Outcome
from gates.schema.verdict import RedRun
from gates.selection import Shelf, measure_of, of_the_week


def failed_in(criterion: Criterion, item: Held) -> tuple[Measure, Reading, Ruling] | None:
    """How one statement fails a criterion; None if it does not. A run that ended early found what it found."""
    if item.statement.predicate.status == "dry_run":
        return None
    measure = measure_of(criterion, item.statement.predicate)
    reading = read(criterion, measure) if isinstance(measure, Measure) else measure
    if not isinstance(measure, Measure) or not isinstance(reading, Reading):
        return None
    ruling = rule(criterion, measure, reading)
    return (measure, reading, ruling) if ruling.outcome is Outcome.FAIL else None


def red_runs(
    gates: Sequence[Gate], shelf: Shelf, reviewed: Mapping[str, Reviewed], now: dt.datetime, explained: Sequence[str]
) -> tuple[RedRun, ...]:
    """Every statement of this week on the build under review in which a criterion failed, oldest first."""
    found: dict[str, tuple[Held, list[str]]] = {}
    for gate in gates:
        for criterion in gate.criteria:
            for item in _failing(criterion, shelf, reviewed, now):
                found.setdefault(item.digest, (item, []))[1].append(f"{label(gate.letter, gate.id)}.{criterion.id}")
    runs = [
        RedRun(digest, item.statement.predicate_type, item.statement.predicate.finished_at, tuple(failed), digest in explained)
        for digest, (item, failed) in found.items()
    ]
    return tuple(sorted(runs, key=lambda run: (run.finished_at, run.evidence)))


def _failing(criterion: Criterion, shelf: Shelf, reviewed: Mapping[str, Reviewed], now: dt.datetime) -> Iterator[Held]:
    for build in sorted({one.build for one in reviewed.values()}):
        for item in of_the_week(sought(criterion), shelf, build, now):
            if failed_in(criterion, item) is not None:
                yield item
