"""What a scorecard says about its bar: whose it is, what became of it since last week, and what was loosened. Pure."""

from collections.abc import Sequence

import msgspec

from gates.schema.gate import Gate
from gates.schema.outcome import Priority
from gates.schema.verdict import LastWeek
from scorecards.bar import BarParts, bar_sha256
from scorecards.bar_changes import compare_bars, compare_parts, describe, move_of
from scorecards.loosening import Loosened, Loosening, find_loosened
from scorecards.schema import CardBar, ScorecardSpec
from scorecards.weekly import BarMove, PastWeek, WeekBar
from scorecards.whose_bar import Plan, unanswered, whose_bar


class BarInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bar of a review consists of, next to its gates: see `BarParts`, `Plan` and `Loosening`."""

    parts: BarParts = BarParts()
    plan: Plan = Plan({}, ())
    loosenings: tuple[Loosening, ...] = ()


def card_bar(
    inputs: BarInputs, gates: Sequence[Gate], last: ScorecardSpec | None, week: str, history: Sequence[PastWeek]
) -> CardBar:
    """The bar of the scorecard of `week`, against the last official one of an earlier week; `history` are all of them."""
    return CardBar(
        sentence=whose_bar(gates, inputs.plan),
        state=_state(inputs.parts, gates, last),
        parts=inputs.parts,
        unanswered=unanswered(gates, inputs.plan),
        loosened=_loosened(inputs, gates, last, week, history),
    )


def held_to(last: ScorecardSpec | None) -> LastWeek | None:
    """What the last official scorecard of an earlier week holds this review to."""
    if last is None:
        return None
    return LastWeek(last.week, tuple(gate.id for gate in last.gates if gate.priority is Priority.P1))


def _state(parts: BarParts, gates: Sequence[Gate], last: ScorecardSpec | None) -> WeekBar:
    sha256 = bar_sha256(gates, parts)
    if last is None:
        return WeekBar(sha256, BarMove.FIRST, None, "")
    changes = (*compare_bars(last.gates, gates), *compare_parts(last.bar.parts, parts))
    return WeekBar(sha256, move_of(changes), last.week, "; ".join(describe(change) for change in changes))


def _loosened(
    inputs: BarInputs, gates: Sequence[Gate], last: ScorecardSpec | None, week: str, history: Sequence[PastWeek]
) -> tuple[Loosened, ...]:
    if last is None:
        return ()
    return find_loosened(last.bar.loosened, last.gates, gates, inputs.loosenings, week, history)
