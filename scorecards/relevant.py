"""Which of the store's statements a scorecard rests on: the same judgement from fewer files. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gates.evidence.store import Held
from gates.schema.errors import UsageProblem
from gates.schema.gate import Gate
from gates.schema.time import parse_utc

_UNDATED = dt.datetime.max.replace(tzinfo=dt.UTC)


def relevant(gates: Sequence[Gate], evidence: Iterable[Held], builds: Mapping[str, str]) -> tuple[Held, ...]:
    """The statements that judging these gates can look at, by digest.

    For each kind that a criterion names, and each target: the newest about the build under review, or else the newest
    about another build, which is why the verdict says stale and not missing. An undated one counts as the newest.
    """
    kinds = {criterion.source.predicate_type for gate in gates for criterion in gate.criteria}
    kept: dict[str, Held] = {}
    held = [item for item in evidence if item.statement.predicate_type in kinds]
    for kind in kinds:
        for target, build in builds.items():
            about = [item for item in held if item.statement.predicate_type == kind and _is_about(item, target, None)]
            ours = [item for item in about if build and _is_about(item, target, build)]
            newest = max(ours or about, key=_moment, default=None)
            if newest is not None:
                kept[newest.digest] = newest
    return tuple(kept[digest] for digest in sorted(kept))


def _is_about(item: Held, target: str, build: str | None) -> bool:
    subjects = item.statement.subject
    return any(one.name == target and (build is None or one.digest.get("sha256") == build) for one in subjects)


def _moment(item: Held) -> tuple[dt.datetime, str]:
    try:
        return parse_utc(item.statement.predicate.finished_at), item.digest
    except UsageProblem:
        return _UNDATED, item.digest
