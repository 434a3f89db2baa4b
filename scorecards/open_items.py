"""What is open in the registers that gates read: on the page and in the findings of a failing criterion. Pure."""

from collections.abc import Iterable, Sequence

from gates.registers.measure import counted_items
from gates.schema.gate import Criterion
from gates.schema.register import OpenItem, Register, RegisterState
from gates.schema.source import RegisterSource
from gates.schema.verdict import GateVerdict


def read_by(gates: Sequence[GateVerdict], registers: Iterable[RegisterState]) -> tuple[RegisterState, ...]:
    """The registers that a criterion of these gates reads."""
    wanted = {register for gate in gates for register in registers_of(gate)}
    return tuple(state for state in registers if state.register in wanted)


def registers_of(gate: GateVerdict) -> tuple[Register, ...]:
    """The registers that the criteria of a gate read, each once."""
    sources = (item.criterion.source for item in gate.criteria)
    return tuple(dict.fromkeys(source.register for source in sources if isinstance(source, RegisterSource)))


def open_texts(criterion: Criterion, registers: Iterable[RegisterState]) -> tuple[str, ...]:
    """The open items that a criterion counts, each in one line."""
    source = criterion.source
    if not isinstance(source, RegisterSource):
        return ()
    return tuple(_text(item) for state in registers if state.register is source.register for item in counted_items(source, state))


def _text(item: OpenItem) -> str:
    return f"{item.severity} {item.id} of {item.owner}, open since {item.opened_at}: {item.title}"
