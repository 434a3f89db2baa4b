"""Was the rollback plan of a change rehearsed? By the statement of a rollback drill, at most 14 days old. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence

from gates.evidence.statement import EvidenceKind
from gates.evidence.store import Held
from gates.schema.time import parse_utc

REHEARSED_WITHIN = dt.timedelta(days=14)
DRILL = "gonogo drill run rollback --target T"
_HOLDS = ("rollback_verified", "steady_state_restored")
"""Both are 1 where the release before ran again, and served as before."""


def rehearsal_fault(digest: str, statements: Sequence[Held], now: dt.datetime) -> str:
    """Why the statement of this digest shows no rollback rehearsed within 14 days before now; "" where it does."""
    held = next((item for item in _drills(statements) if item.digest == digest), None)
    if held is None:
        return f"no statement of a rollback drill here has the sha256 {digest[:12]}"
    at = _ended(held)
    if at > now:
        return f"its rollback drill ended at {held.statement.predicate.finished_at}, which is later"
    if now - at > REHEARSED_WITHIN:
        return f"its rollback drill ended at {held.statement.predicate.finished_at}, more than 14 days ago"
    if not _passed(held):
        return f"the rollback drill {digest[:12]} of {_of(held)} did not show a verified rollback"
    for item in _drills(statements):
        if _of(item) == _of(held) and at < _ended(item) <= now and _failed(item):
            return f"the later rollback drill {item.digest[:12]} of {_of(item)} failed"
    return ""


def newest_drill(statements: Sequence[Held], now: dt.datetime) -> Held | None:
    """The rollback drill that ended last, of those that came to a result."""
    judged = (item for item in _drills(statements) if _ended(item) <= now and (_passed(item) or _failed(item)))
    return max(judged, key=_ended, default=None)


def _drills(statements: Sequence[Held]) -> Iterable[Held]:
    return (item for item in statements if item.statement.predicate_type == EvidenceKind.ROLLBACK_DRILL)


def _passed(held: Held) -> bool:
    return held.statement.predicate.status == "complete" and _found(held) == ["1", "1"]


def _failed(held: Held) -> bool:
    """It came to a result, and that was none; one that did not run, such as one that a freeze refused, shows nothing."""
    return "0" in _found(held)


def _found(held: Held) -> list[str | None]:
    measures = held.statement.predicate.measures
    return [measures[name].value if name in measures else None for name in _HOLDS]


def _of(held: Held) -> str:
    return held.statement.subject[0].name


def _ended(held: Held) -> dt.datetime:
    return parse_utc(held.statement.predicate.finished_at)
