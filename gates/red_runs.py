"""Which runs of this week failed? What one run of a build found is not undone by the next run of the same build. Pure."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.statement import Measure, Predicate
from gates.evidence.store import Held
from gates.reading import Reading, read
from gates.rule import Ruling, rule
from gates.schema.gate import Criterion, Gate, criterion_name, label
from gates.schema.outcome import Outcome
from gates.schema.source import VALUE
from gates.schema.verdict import AutomaticNoGo, RedRun
from gates.selection import measure_of
from gates.shelf import Shelf, of_the_week


class Failed(msgspec.Struct, frozen=True):
    """How a statement fails a criterion: the criterion as it was judged by, what was measured and read, and the ruling."""

    criterion: Criterion
    measure: Measure
    reading: Reading
    ruling: Ruling


def failed_in(gate: Gate, criterion: Criterion, item: Held) -> Failed | None:
    """How one statement fails a criterion; None if it does not. A run that ended early found what it found.

    A value of another unit or statistic than the criterion has now is judged by the limit that it was collected for.
    """
    predicate = item.statement.predicate
    if predicate.status == "dry_run":
        return None
    judged_by = _as_collected(gate, criterion, predicate) if _is_incomparable(criterion, predicate) else criterion
    measure = measure_of(judged_by, predicate)
    reading = read(judged_by, measure) if isinstance(measure, Measure) else measure
    if not isinstance(measure, Measure) or not isinstance(reading, Reading):
        return None
    ruling = rule(judged_by, measure, reading)
    return Failed(judged_by, measure, reading, ruling) if ruling.outcome is Outcome.FAIL else None


def _is_incomparable(criterion: Criterion, predicate: Predicate) -> bool:
    """Whether an adapter's answer cannot be judged by the criterion as it is written now."""
    measure = predicate.measures.get(VALUE)
    is_same = measure is not None and (measure.unit, measure.statistic) == (criterion.unit, criterion.statistic)
    return bool(predicate.inputs.judges) and not (is_same and criterion.cohort in (None, predicate.cohort))


def _as_collected(gate: Gate, criterion: Criterion, predicate: Predicate) -> Criterion:
    """The criterion with the unit, the statistic and the limit for which an answer was collected."""
    name, measure = criterion_name(gate, criterion), predicate.measures.get(VALUE)
    limited = next((one for one in predicate.inputs.judges if one.criterion == name), None)
    if limited is None or measure is None:
        return criterion
    return msgspec.structs.replace(
        criterion,
        unit=measure.unit,
        statistic=measure.statistic,
        operator=limited.operator,
        threshold=limited.threshold,
        upper=limited.upper,
        min_samples=limited.min_samples,
        confidence=None,
        cohort=None,
    )


def red_runs(
    gates: Sequence[Gate], shelf: Shelf, reviewed: Mapping[str, Reviewed], now: dt.datetime, explained: Sequence[str]
) -> tuple[RedRun, ...]:
    """Every statement of this week on the build under review in which a criterion failed, oldest first."""
    found: dict[str, RedRun] = {}
    for gate in gates:
        for criterion in gate.criteria:
            for item, failed in _failing(gate, criterion, shelf, reviewed, now):
                run = _red_run(gate, criterion, item, failed, explained=item.digest in explained)
                found[item.digest] = joined(found[item.digest], run) if item.digest in found else run
    return tuple(sorted(found.values(), key=lambda run: (run.finished_at, run.evidence)))


def joined(one: RedRun, other: RedRun) -> RedRun:
    """The same run, with what it failed by either."""
    criteria = tuple(dict.fromkeys((*one.criteria, *other.criteria)))
    stops = {(stop.gate, stop.criterion): stop for stop in (*other.stops, *one.stops)}
    return msgspec.structs.replace(one, criteria=criteria, stops=tuple(stops[name] for name in sorted(stops)))


def _red_run(gate: Gate, criterion: Criterion, item: Held, failed: Failed, *, explained: bool) -> RedRun:
    predicate, name = item.statement.predicate, f"{label(gate.letter, gate.id)}.{criterion.id}"
    stop = AutomaticNoGo(gate.id, criterion.id, criterion.title, failed.ruling.detail)
    stops = (stop,) if criterion.automatic_no_go else ()
    return RedRun(item.digest, item.statement.predicate_type, predicate.finished_at, (name,), explained, stops)


def _failing(
    gate: Gate, criterion: Criterion, shelf: Shelf, reviewed: Mapping[str, Reviewed], now: dt.datetime
) -> Iterator[tuple[Held, Failed]]:
    for build in sorted({one.build for one in reviewed.values()}):
        for item in of_the_week(gate, criterion, shelf, build, now):
            failed = failed_in(gate, criterion, item)
            if failed is not None:
                yield item, failed


def why_not_red(gates: Sequence[Gate], item: Held, now: dt.datetime) -> str:
    """Why a statement is no red run of the week of `now` on its own build; "" if it is one."""
    build, shelf = item.statement.subject[0].digest.get("build", ""), Shelf([item])
    failing = [
        (gate, criterion)
        for gate in gates
        for criterion in gate.criteria
        if shelf.of_build(gate, criterion, build) and failed_in(gate, criterion, item) is not None
    ]
    if not failing:
        return "it failed no criterion of these gates" if build else "it names no build, so that it is held against none"
    if any(list(of_the_week(gate, criterion, shelf, build, now)) for gate, criterion in failing):
        return ""
    return f"it finished at {item.statement.predicate.finished_at}, which is not in this week"
