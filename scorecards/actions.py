"""What to do next, by whom, with which command: from the verdicts, most urgent first. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from gates.collecting import command_of, stopped_by
from gates.commands import Named, with_gates
from gates.page.words import threshold
from gates.schema.gate import label
from gates.schema.outcome import Outcome, Priority, UnknownReason
from gates.schema.register import list_command
from gates.schema.source import RegisterSource
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards.bar_changes import describe
from scorecards.loosening import loosen_command, unsigned
from scorecards.needs import Need
from scorecards.schema import Action, CardBar, WaiverLine
from scorecards.weekly import BarEffect, Changes
from scorecards.words import date, detail_beside, measured

OWN_EVIDENCE = "runbooks/evidence.md"
_LOWERED = (BarEffect.LOOSENED, BarEffect.REMOVED)


def next_actions(
    gates: Sequence[GateVerdict],
    changes: Changes,
    waivers: Iterable[WaiverLine],
    bar: CardBar,
    named_as: Named,
    needs: Iterable[Need] = (),
) -> tuple[Action, ...]:
    """Every action, one for each gate and command; failing before unknown, P0 before P1, and `needs` before what is unknown."""
    found = [
        *_for_needs(gates, needs),
        *_for_gates(gates),
        *_for_bar(gates, changes, with_gates("gonogo gate list", named_as)),
        *_for_loosened(gates, bar),
        *_for_waivers(gates, waivers),
    ]
    found.sort(key=lambda ranked: ranked[0])
    return tuple(action for _, action in found)


_Rank = tuple[Priority, int, str]


def _for_needs(gates: Sequence[GateVerdict], needs: Iterable[Need]) -> Iterator[tuple[_Rank, Action]]:
    """What the evidence of every gate that could not be judged waits for; its owner is that of the first of them."""
    waiting = [gate for gate in gates if gate.outcome is Outcome.UNKNOWN]
    for number, need in enumerate(needs if waiting else ()):
        owner, do = waiting[0].owner, need.do
        yield (Priority.P0, 1, f"{number:03}"), Action(Priority.P0, need.where, None, owner, do, (), "", need.runbook)


def _for_gates(gates: Sequence[GateVerdict]) -> Iterator[tuple[_Rank, Action]]:
    for gate in gates:
        failing = [item for item in gate.criteria if item.outcome is Outcome.FAIL]
        if failing:
            yield (gate.priority, 0, _label(gate)), _action(gate, _fix(failing), failing, _look_at(failing[0]))
        unknown = [item for item in gate.criteria if item.outcome is Outcome.UNKNOWN]
        for command in sorted({command_of(item) for item in unknown}, reverse=True):
            items = [item for item in unknown if command_of(item) == command]
            yield (gate.priority, 2 if command else 3, _label(gate)), _action(gate, _find_out(items, command), items, command)


def _look_at(item: CriterionVerdict) -> str:
    """The command that lists what is open, for a criterion of a register; "" for any other."""
    source = item.criterion.source
    return list_command(source.register) if isinstance(source, RegisterSource) else ""


def _fix(failing: Sequence[CriterionVerdict]) -> str:
    first = failing[0]
    if first.value is None:
        return f"Fix: {first.criterion.title} ({first.detail}){_and_more(failing)}."
    also = detail_beside(first)
    shown = f"{measured(first)}, threshold {threshold(first.criterion)}{f'; {also}' if also else ''}"
    return f"Fix: {first.criterion.title} ({shown}){_and_more(failing)}."


def _find_out(unknown: Sequence[CriterionVerdict], command: str) -> str:
    first = unknown[0]
    if command and isinstance(first.criterion.source, RegisterSource):
        return f"Review the register: {first.criterion.title}{_and_more(unknown)}."
    if command:
        why = stopped_by(first)
        lead = f"Collect evidence, once what stopped it is put right ({why})" if why else "Collect evidence"
        if first.evidence is not None and first.unknown is not UnknownReason.NOT_RUN:
            lead = f"Collect evidence again ({detail_beside(first)})"
        return f"{lead}: {first.criterion.title}{_and_more(unknown)}."
    if first.evidence is not None or first.criterion.source.produced_by:
        return f"Make this measurable: {first.criterion.title} ({first.detail}){_and_more(unknown)}."
    title = first.criterion.title + _and_more(unknown)
    return f"No command measures this yet. Write the check, or add signed evidence ({OWN_EVIDENCE}): {title}."


def _and_more(items: Sequence[CriterionVerdict]) -> str:
    return f"; and {len(items) - 1} more" if len(items) > 1 else ""


def _for_bar(gates: Sequence[GateVerdict], changes: Changes, command: str) -> Iterator[tuple[_Rank, Action]]:
    by_id = {gate.id: gate for gate in gates}
    for change in changes.bar:
        if change.effect not in _LOWERED or change.gate is None:
            continue
        gate = by_id.get(change.gate)
        do = f"The bar was lowered since {changes.since}: {describe(change)}. Undo it, or record the decision."
        if gate is not None:
            yield (gate.priority, 0, _label(gate)), _action(gate, do, (), command)
        else:
            lost = Action(Priority.P0, change.gate, "?", "the launch committee", do, (), command, "")
            yield (Priority.P0, 0, "?"), lost


def _for_loosened(gates: Sequence[GateVerdict], bar: CardBar) -> Iterator[tuple[_Rank, Action]]:
    letters = {gate.id: gate.letter for gate in gates}
    for line in unsigned(bar.loosened):
        do = f"{line.criterion} alone stops a launch and is loosened ({line.change}): undo it, or let two people sign it."
        letter = letters.get(line.gate, "?")
        yield (
            (Priority.P0, 0, label(letter, line.gate)),
            Action(Priority.P0, line.gate, letter, "the launch committee", do, (line.criterion,), loosen_command(line), ""),
        )


def _for_waivers(gates: Sequence[GateVerdict], waivers: Iterable[WaiverLine]) -> Iterator[tuple[_Rank, Action]]:
    by_id = {gate.id: gate for gate in gates}
    for waiver in waivers:
        gate = by_id.get(waiver.gate)
        if gate is None or waiver.state == "active":
            continue
        ended = {"expired": f"ended on {date(waiver.expires_at[:10])}", "changed": "ended when its gate changed"}
        ends = ended.get(waiver.state, f"ends on {date(waiver.expires_at[:10])}")
        do = f"The waiver of {waiver.approver} {ends}: fix the gate, or request a new waiver."
        yield (gate.priority, 2, _label(gate)), _action(gate, do, (), "")


def _label(gate: GateVerdict) -> str:
    return label(gate.letter, gate.id)


def _action(gate: GateVerdict, do: str, criteria: Sequence[CriterionVerdict], command: str) -> Action:
    ids = tuple(dict.fromkeys(item.criterion.id for item in criteria))
    return Action(gate.priority, gate.id, gate.letter, gate.owner, do, ids, command, gate.runbook)
