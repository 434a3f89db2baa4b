"""runbooks/targets.md explains every member of a target file, and its examples are read as they stand."""

import re
from pathlib import Path

import msgspec
import pytest

from gates.schema.credential import Credential
from gates.schema.operation import Operation, Retry, State
from gates.schema.target import Audit, Target, load_target
from loadtests.schema import load_profile
from loadtests.storm.mix import fitted

PAGE = (Path(__file__).parents[3] / "runbooks" / "targets.md").read_text(encoding="utf-8")
NAMED = {name for span in re.findall(r"`([^`\n]+)`", PAGE) for name in re.findall(r"[a-z_]+", span)}
NAMED |= {name for block in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL) for name in re.findall(r"[a-z_]+", block)}


@pytest.mark.parametrize("kind", [Target, Operation, State, Credential, Retry, Audit], ids=lambda kind: kind.__name__)
def test_every_member_is_on_the_page(kind):
    """A member that a later change adds has to be explained."""
    later = {"ledger_format"}
    assert set(kind.__struct_fields__) - NAMED - later == set()


def test_the_example_is_a_target_that_a_storm_can_use(tmp_path):
    """Read as it is written; nothing of the smoke profile has to be left out."""
    block = next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL) if "kind: Target" in text)
    (tmp_path / "cards.yaml").write_text(block)
    target = load_target(str(tmp_path / "cards.yaml")).target
    assert fitted(load_profile("smoke").profile, target)[1] == {}
    assert msgspec.convert(msgspec.to_builtins(target), Target) == target
