"""What holds for every machine, whatever its rows: one type reads them all, and the schema says the same."""

import re
from enum import StrEnum

import pytest

import gateway
from gateway.machines.machine import Machine, check_list
from gateway.machines.onboarding import ONBOARDING
from gateway.machines.payment import PAYMENT
from gateway.machines.payout import PAYOUT

MACHINES = {"payment": PAYMENT, "payout": PAYOUT, "onboarding": ONBOARDING}
STORED = {name: machine for name, machine in MACHINES.items() if machine.table is not None}


class Light(StrEnum):
    """The states of a lamp."""

    OFF = "off"
    ON = "on"
    BROKEN = "broken"


class Touch(StrEnum):
    """What happens to a lamp."""

    PRESS = "press"
    DROP = "drop"


def lamp(*rows):
    """A machine of these rows."""
    return Machine("lamps", Light, Touch, rows)


def schema(table):
    """The schema's text from a table on, on one line."""
    text = (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    return " ".join(text.partition(f"CREATE TABLE {table} ")[2].split())


def test_a_machine_of_rows_alone_answers_every_pair():
    """An edge for a pair that has a row, None for each of the others; a new machine needs nothing but its rows."""
    made = lamp((None, Touch.PRESS, Light.OFF, Light.OFF), (Light.OFF, Touch.PRESS, Light.ON, Light.ON))
    assert [pair for pair in made.pairs() if made.edge(*pair)] == [(None, Touch.PRESS), (Light.OFF, Touch.PRESS)]
    assert len(list(made.pairs())) == (len(Light) + 1) * len(Touch)
    assert made.steps == {(Light.OFF, Light.ON)}
    assert made.final == (Light.ON, Light.BROKEN)


def test_a_second_row_for_a_pair_is_refused():
    """It would hide the first, which is a silent change of meaning."""
    with pytest.raises(AssertionError, match="hide the first"):
        lamp((Light.OFF, Touch.PRESS, Light.ON, Light.ON), (Light.OFF, Touch.PRESS, Light.BROKEN, Light.ON))


@pytest.mark.parametrize("name", MACHINES)
def test_every_module_of_this_folder_is_a_machine_of_this_list(name):
    """What these tests say of every machine, they say of the next one too."""
    modules = {path.stem for path in (gateway.package_dir() / "machines").glob("*.py")} - {"__init__", "machine"}
    assert modules == set(MACHINES)
    assert MACHINES[name].states.__module__ == f"gateway.machines.{name}"
    assert MACHINES[name].table in {None, f"{name}s"}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_state_can_be_reached_and_every_event_happens(machine):
    """A word that no row uses means nothing."""
    assert {row.next for row in machine.rows} == set(machine.states)
    assert {row.event for row in machine.rows} == set(machine.events)


@pytest.mark.parametrize("machine", STORED.values(), ids=STORED)
def test_the_database_knows_exactly_the_states_of_the_machine(machine):
    """The CHECK list in the schema and the enum are the same list."""
    listed = re.search(r"state TEXT NOT NULL CHECK \(state IN \(([^)]*)\)\)", schema(machine.table))
    assert listed is not None
    assert listed[1] == check_list(machine.states)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_diagram_draws_every_edge(machine):
    """The documentation's picture cannot leave an edge out."""
    drawn = machine.mermaid()
    assert all(f"{row.state or '[*]'} --> {row.next}: {row.event}" in drawn for row in machine.rows)
    assert all(f"{state} --> [*]" in drawn for state in machine.final)
