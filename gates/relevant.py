"""Which statements does a judgement look at, and which are of later than a moment that was chosen? Pure."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.store import Held
from gates.schema.gate import Gate, sought
from gates.schema.source import Sought
from gates.shelf import CLOCK_SKEW, UNDATED, Shelf, cut_short, finished, known, newest, of_the_week

_SHOWN = 3


def relevant(
    gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed], now: dt.datetime
) -> tuple[Held, ...]:
    """The statements that judging these gates looks at, by digest: fewer statements, the same verdicts.

    They are the ones that are judged, this week's others on the same build, later ones of runs that ended early, and the
    observations that they cite. A statement about something else is kept where there is none about what is under review: it makes
    the verdict stale and not missing.
    """
    shelf, sets = Shelf(evidence), tuple(gates)
    found = [*_judged(sets, shelf, reviewed)]
    for build in sorted({one.build for one in reviewed.values()}):
        found += [item for gate in sets for one in gate.criteria for item in of_the_week(gate, one, shelf, build, now)]
    for target, one in reviewed.items():
        found += [item for gate in sets for each in gate.criteria for item in cut_short(each, shelf, target, one, now)]
    return _with_cited(found, shelf)


def judged(gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed]) -> tuple[Held, ...]:
    """The statements that a pass can come from, by digest: the newest of each kind, and the observations that they cite."""
    shelf = Shelf(evidence)
    return _with_cited(_judged(tuple(gates), shelf, reviewed), shelf)


def dated_after(
    gates: Iterable[Gate], evidence: Iterable[Held], reviewed: Mapping[str, Reviewed], now: dt.datetime
) -> tuple[Held, ...]:
    """The statements that could judge these gates and are of later than `now`, by digest: nobody knew them at that moment.

    For a moment that was chosen (`--now`). By the clock a statement of later than now is one of a clock that is wrong. What they
    found in the same week still counts: see `of_the_week`.
    """
    later = Shelf(item for item in evidence if now + CLOCK_SKEW < max(finished(item), known(item)) < UNDATED)
    found: dict[str, Held] = {}
    for gate in gates:
        for criterion in gate.criteria:
            for target, one in reviewed.items():
                items = (*later.about(sought(criterion), target), *later.of_build(gate, criterion, one.build))
                found |= {item.digest: item for item in items}
    return tuple(found[digest] for digest in sorted(found))


def marked(evidence: Iterable[Held], left_out: Collection[str]) -> list[Held]:
    """The evidence, with those statements marked that are left out."""
    return [msgspec.structs.replace(item, left_out=item.digest in left_out) for item in evidence]


def later_text(digests: Sequence[str]) -> str:
    """What was left out for a moment that was chosen, in a sentence without its full stop."""
    count, names = len(digests), ", ".join(digest[:12] for digest in digests[:_SHOWN])
    what = "1 statement is" if count == 1 else f"{count} statements are"
    return f"{what} of later than the moment of --now and left out: {names}{' and others' if count > _SHOWN else ''}"


def _kinds(gates: Iterable[Gate]) -> set[Sought]:
    return {sought(criterion) for gate in gates for criterion in gate.criteria}


def _judged(gates: Iterable[Gate], shelf: Shelf, reviewed: Mapping[str, Reviewed]) -> Iterator[Held]:
    for kind in _kinds(gates):
        for target, one in reviewed.items():
            found = newest(kind, shelf, target, one)
            if found is not None:
                yield found.held


def _with_cited(items: Iterable[Held], shelf: Shelf) -> tuple[Held, ...]:
    kept: dict[str, Held] = {}
    for item in items:
        observation = shelf.cited(item.statement)
        kept |= {found.digest: found for found in (item, observation) if found is not None}
    return tuple(kept[digest] for digest in sorted(kept))
