"""What is different from last week's official scorecard: outcomes, values, and the bar itself. Pure."""

from collections.abc import Sequence

from gates.page.words import moment
from gates.schema.gate import label
from gates.schema.outcome import Outcome
from gates.schema.verdict import GateVerdict
from scorecards.bar import BarParts
from scorecards.bar_changes import compare_bars, compare_parts, describe
from scorecards.schema import ScorecardSpec
from scorecards.weekly import BarChange, BarEffect, Changes, GateChange, GateMove, PastWeek, ValueChange

_GREEN = (Outcome.PASS, Outcome.WARN)
_BAR_WORDS = (
    ((BarEffect.LOOSENED, BarEffect.REMOVED), "the bar was lowered"),
    ((BarEffect.CHANGED,), "the bar changed, and the two cannot be compared"),
    ((BarEffect.TIGHTENED, BarEffect.ADDED), "the bar was raised"),
)


def find_changes(
    previous: ScorecardSpec | None, gates: Sequence[GateVerdict], parts: BarParts, own: PastWeek | None = None
) -> Changes:
    """Compare with the last official scorecard of an earlier week, if there is one; `own` is the official one of this week."""
    if previous is None:
        return Changes(None, _nothing_before(own), (), (), ())
    before = {gate.id: gate for gate in previous.gates}
    moves = tuple(change for gate in gates if (change := _gate_change(before.get(gate.id), gate)) is not None)
    bar = (*compare_bars(previous.gates, gates), *compare_parts(previous.bar.parts, parts))
    values = tuple(_value_changes(before, gates))
    return Changes(previous.week, _sentence(previous.week, moves, bar), moves, bar, values)


def _nothing_before(own: PastWeek | None) -> str:
    text = "No earlier week has an official scorecard to compare with."
    if own is None:
        return text
    return f"{text} The official one of {own.week} is {own.decision.value}, given {moment(own.evaluated_at)}."


def _gate_change(before: GateVerdict | None, now: GateVerdict) -> GateChange | None:
    move = _move(None if before is None else before.outcome, now.outcome)
    return None if move is None else GateChange(now.id, now.letter, move, before.outcome if before else None, now.outcome)


def _move(before: Outcome | None, now: Outcome) -> GateMove | None:
    if now is Outcome.FAIL:
        return GateMove.STILL_RED if before is Outcome.FAIL else GateMove.NEWLY_RED
    if now is Outcome.UNKNOWN:
        return GateMove.STILL_UNKNOWN if before is Outcome.UNKNOWN else GateMove.NEWLY_UNKNOWN
    return None if before is None or before in _GREEN else GateMove.FIXED


def _value_changes(before: dict[str, GateVerdict], gates: Sequence[GateVerdict]) -> list[ValueChange]:
    old = {(gate.id, item.criterion.id, item.target): item for gate in before.values() for item in gate.criteria}
    found = []
    for gate in gates:
        for item in gate.criteria:
            criterion = item.criterion
            was = old.get((gate.id, criterion.id, item.target))
            if was is None or was.value is None or item.value is None or was.value == item.value:
                continue
            if was.criterion.unit == criterion.unit:
                found.append(ValueChange(gate.id, criterion.id, was.value, item.value, criterion.unit))
    return found


def _sentence(week: str, moves: Sequence[GateChange], bar: Sequence[BarChange]) -> str:
    parts = []
    for move in GateMove:
        letters = ", ".join(label(change.letter, change.gate) for change in moves if change.move is move)
        if letters:
            parts.append(f"{move.value}: {letters}")
    parts = parts or ["no gate changed its colour"]
    for effects, words in _BAR_WORDS:
        if found := [describe(change) for change in bar if change.effect in effects]:
            parts.append(f"{words} ({'; '.join(found)})")
    return f"Since {week}: {'; '.join(parts if bar else [*parts, 'the bar is the same'])}."
