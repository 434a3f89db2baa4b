"""The registers on the page: in each gate that reads one, what is open, with owner and age, and who reviewed it when. Pure."""

import datetime as dt

from gates.page.words import counted
from gates.schema.register import WORDS, OpenItem, Register, RegisterState
from gates.schema.time import largest, parse_utc
from gates.schema.verdict import GateVerdict
from scorecards.open_items import registers_of
from scorecards.page_schema import OpenRow, RegisterTable
from scorecards.schema import ScorecardSpec

SHOWN = 10


def register_tables(gate: GateVerdict, spec: ScorecardSpec) -> tuple[RegisterTable, ...]:
    """A table for each register that the gate reads."""
    states = {state.register: state for state in spec.registers}
    now = parse_utc(spec.evaluated_at)
    return tuple(_table(register, states.get(register), now) for register in registers_of(gate))


def _table(register: Register, state: RegisterState | None, now: dt.datetime) -> RegisterTable:
    title = f"Open {WORDS[register]}s"
    if state is None:
        return RegisterTable(title, "The register has no entry: nobody has reviewed it.", (), "")
    count = f"{len(state.open)} of {counted(state.items, WORDS[register])} open" if state.items else f"no {WORDS[register]} yet"
    seen = f"reviewed {_age(state.reviewed_at, now)} ago by {state.reviewed_by}" if state.reviewed else "never reviewed"
    rest = len(state.open) - SHOWN
    return RegisterTable(
        title=title,
        note=f"{count[:1].upper()}{count[1:]}; {seen}.",
        rows=tuple(_row(item, now) for item in state.open[:SHOWN]),
        more=f"and {rest} more in scorecard.yaml" if rest > 0 else "",
    )


def _row(item: OpenItem, now: dt.datetime) -> OpenRow:
    state = f"acknowledged by {item.acknowledged_by}" if item.acknowledged_at else "not acknowledged"
    return OpenRow(
        style="fail" if item.severity == "P0" else "warn",
        severity=item.severity.value,
        id=item.id,
        title=item.title,
        owner=item.owner,
        age=_age(item.opened_at, now),
        state=state,
    )


def _age(at: str, now: dt.datetime) -> str:
    return largest(max(now - parse_utc(at), dt.timedelta()) // dt.timedelta(seconds=1))
