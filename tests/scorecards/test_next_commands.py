"""The commands under Next: each one is a command that exists, with options that it takes, for this target, profile and gates."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gates.commands import Named, with_commands, with_gates
from gates.schema.catalogs import NAMES, catalog
from gates.schema.gateset import load_gates
from gates.schema.register import Register, list_command, review_command
from gates.schema.source import RegisterSource
from scorecards.bar import required
from scorecards.chosen import left_out
from scorecards.cli import gonogo
from scorecards.loosening import Loosened, Stop, loosen_command

NAMED = Named("my shop/target.yaml", "my shop/storm.yaml", "my shop/gates")


def parse(command: str) -> dict[str, object]:
    """The options of a command line as its command reads them; nothing is run. Raises click's error for what it does not take."""
    words = shlex.split(command)
    assert words[0] == "gonogo"
    current: click.Command = gonogo
    context = click.Context(gonogo, info_name="gonogo")
    rest = words[1:]
    while isinstance(current, click.Group):
        _, found, rest = current.resolve_command(context, rest)
        assert found is not None, command
        current, context = found, click.Context(found, info_name=found.name, parent=context)
    return current.make_context(current.name, list(rest), parent=context.parent).params


def shipped() -> Iterator[str]:
    """Every command that collects evidence about a target."""
    for name in NAMES:
        for gate in with_commands(load_gates(catalog(name)), NAMED):
            sources = (item.source for item in gate.criteria if not isinstance(item.source, RegisterSource))
            yield from (source.produced_by for source in sources if source.produced_by)


@pytest.mark.parametrize("command", sorted(set(shipped())))
def test_a_command_of_the_catalogs_is_read_as_it_is_printed(command: str) -> None:
    """It names the target of this review; a review also its profile, its gates and a step that there is."""
    params = parse(command)
    assert params["target"] == "my shop/target.yaml"
    if command.startswith("gonogo review "):
        assert params["profile"] == "my shop/storm.yaml"
        assert params["gates_path"] == Path("my shop/gates")
        left_out(params["steps"], params["skip"])  # type: ignore[arg-type]  # what click parsed


@pytest.mark.parametrize("register", Register)
def test_the_commands_of_a_register_are_read_as_they_are_printed(register: Register) -> None:
    """They are about no target, and name a source and a person to fill in."""
    assert (parse(review_command(register))["person"], parse(review_command(register))["looked_at"]) == ("PERSON", ("WHAT",))
    assert parse(list_command(register))["is_all"] is False
    if register is not Register.INCIDENTS:
        assert {parse(command)["register"] for command in (review_command(register), list_command(register))} == {register.value}


def test_gates_that_were_not_named_are_not_printed() -> None:
    """The usual ones of the target are meant again."""
    commands = {item.source.produced_by for gate in with_commands(load_gates(), Named()) for item in gate.criteria} - {""}
    assert not any("--gates" in command for command in commands)


def test_a_command_without_a_blank_for_gates_stays_as_it_is() -> None:
    """The author of the gate set wrote it so."""
    (gate, *_) = load_gates(catalog("service"))
    source = gate.criteria[0].source
    own = type(source)(**{**_members(source), "produced_by": "gonogo review --target T --gates other"})
    criterion = type(gate.criteria[0])(**{**_members(gate.criteria[0]), "source": own})
    (changed,) = with_commands([type(gate)(**{**_members(gate), "criteria": (criterion,)})], NAMED)
    assert changed.criteria[0].source.produced_by == "gonogo review --target 'my shop/target.yaml' --gates other"


def _members(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}  # type: ignore[attr-defined]  # a msgspec struct


def test_the_other_printed_commands_are_read_too() -> None:
    """The list of gates, and the loosening, which has blanks for two people and their reason."""
    assert parse(with_gates("gonogo gate list", NAMED))["gates_path"] == Path("my shop/gates")
    (gate, *_) = load_gates(catalog("service"))
    stop = Stop(required(gate), gate.criteria[0])
    line = Loosened("2026-W48", "money", "double", "threshold 0 -> 5", stop, "ab" * 32, "cd" * 32, ())
    assert parse(loosen_command(line))["people"] == ("PERSON", "PERSON")
