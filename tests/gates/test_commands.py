"""The commands that a card prints are the ones that its reader can run: with the target and the profile that were named."""

import pytest

from gates.commands import Named, with_commands
from gates.schema.gateset import CATALOG, load_gates
from gates.schema.source import RegisterSource

SHIPPED = load_gates(CATALOG)


def commands(named_as: Named) -> set[str]:
    """The commands that collect evidence about a target; those of a register are about none."""
    sources = (item.source for gate in with_commands(SHIPPED, named_as) for item in gate.criteria)
    return {source.produced_by for source in sources if not isinstance(source, RegisterSource)}


def test_the_shipped_commands_name_an_own_target_by_its_path():
    """Not by the name inside the file, and not only some of them; a path with a space is quoted."""
    found = commands(Named("my shop/target.yaml", "weekly")) - {""}
    assert all("--target 'my shop/target.yaml'" in command for command in found)
    assert "gonogo review --steps storm --profile weekly --target 'my shop/target.yaml'" in found
    assert "gonogo review --profile weekly --target 'my shop/target.yaml'" in found


@pytest.mark.parametrize("blank", ["PATHS", "DIR", "RUN", "PROFILE", " T "])
def test_no_shipped_command_has_a_blank_to_fill_in(blank):
    """It works as it is printed."""
    assert not [command for command in commands(Named()) if blank in f"{command} "]
