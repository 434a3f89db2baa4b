"""The one type of every state machine: its rows (state, event, next, effect), and all that is read from them."""

import itertools
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)
Effect = TypeVar("Effect", bound=StrEnum)


class Transition(msgspec.Struct, Generic[State, Event, Effect], frozen=True):
    """One edge. `state` is None before the resource exists; `effect` says what happens to the money."""

    state: State | None
    event: Event
    next: State
    effect: Effect


class Machine(Generic[State, Event, Effect]):
    """The life of one kind of resource. A module in this folder gives its words and its rows.

    `table` is the store's table of that resource; None where no gateway stores it, but a client's journal does.
    """

    def __init__(
        self,
        table: str | None,
        states: type[State],
        events: type[Event],
        rows: Iterable[tuple[State | None, Event, State, Effect]],
    ) -> None:
        self.table, self.states, self.events = table, states, events
        self.rows = tuple(Transition(*row) for row in rows)
        self._edges = {(row.state, row.event): row for row in self.rows}
        assert len(self._edges) == len(self.rows), "a second row for a pair would hide the first"
        self.steps = frozenset((row.state, row.next) for row in self.rows if row.state is not None and row.state is not row.next)
        """The changes from one state to another, which the database allows and no others."""
        left = {before for before, _ in self.steps}
        self.final = tuple(state for state in states if state not in left)
        """The states that are never left."""

    def edge(self, state: State | None, event: Event) -> Transition[State, Event, Effect] | None:
        """The row for this event, or None where the machine has none: then nothing may happen."""
        return self._edges.get((state, event))

    def pairs(self) -> Iterator[tuple[State | None, Event]]:
        """Every pair of state and event, those without a row too: what the exhaustive test goes through."""
        return itertools.product((None, *self.states), self.events)

    def mermaid(self) -> str:
        """The rows as a mermaid state diagram."""
        lines = [f"    {row.state or '[*]'} --> {row.next}: {row.event}" for row in self.rows]
        ends = [f"    {state} --> [*]" for state in self.final]
        return "\n".join(["stateDiagram-v2", *lines, *ends])


def check_list(states: Iterable[StrEnum]) -> str:
    """States as an SQL list, such as `'accepted', 'executing'`: what a CHECK of the schema must say."""
    return ", ".join(f"'{state}'" for state in states)
