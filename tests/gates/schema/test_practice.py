"""What a service needs that is run for practice: seeded tenants."""

import os
from pathlib import Path

import pytest

from gates.schema.errors import UnknownProblem
from gates.schema.practice import seed_payments, seed_tenant, seed_two_tenants
from gates.schema.target import Process

SEED = """
import json, pathlib, sys
db = pathlib.Path(sys.argv[1])
number = len(db.read_text()) + 1 if db.exists() else 1
db.write_text("t" * number)
print("settling", file=sys.stderr)
print(json.dumps({"tenant_id": f"tnt_{number}", "payee_ids": ["a", "b"], "stored": sys.argv[2]}))
"""


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """A seed command that numbers its tenants."""
    script = tmp_path / "seed.py"
    script.write_text(SEED, encoding="utf-8")
    return ("{python}", "-I", str(script), "{db}")


def test_two_tenants_become_variables(command: tuple[str, ...], tmp_path: Path) -> None:
    """Members become GONOGO_*, lists are joined, the second tenant is GONOGO_OTHER_*."""
    process = Process(start=(), seed=(*command, "0"))
    variables = seed_two_tenants(process, tmp_path / "db", os.environ)
    assert variables["GONOGO_TENANT_ID"] == "tnt_1"
    assert variables["GONOGO_OTHER_TENANT_ID"] == "tnt_2"
    assert variables["GONOGO_PAYEE_IDS"] == "a,b"


def test_a_target_without_a_seed_command_has_its_variables_already(tmp_path: Path) -> None:
    """Nothing is run, and nothing is added."""
    assert seed_tenant((), tmp_path / "db", os.environ) == {}


def test_stored_payments_are_counted_in_and_their_progress_is_shown(
    command: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The bulk command gets the count, and what it writes on stderr reaches the person who waits."""
    found = seed_payments((*command, "{count}"), tmp_path / "db", os.environ, 5_000)
    assert found["GONOGO_STORED"] == "5000"
    assert capfd.readouterr().err == "settling\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("echo", "hello"), "did not print one JSON object"),
        (("/no/such/program",), "No such file"),
        (("sh", "-c", "echo why >&2; exit 3"), r"exit 3\): why"),
    ],
)
def test_a_seed_command_that_leaves_no_tenant_is_named_with_its_reason(
    argv: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """What cannot be read is not guessed."""
    with pytest.raises(UnknownProblem, match=message):
        seed_tenant(argv, tmp_path / "db", os.environ)


ODD = ('{"a=b": "x"}', '{"": "x"}', '{"a b": "x"}', r'{"a\u0000": "x"}', r'{"a": "x\u0000"}', r'{"\u00e9": "x"}')


@pytest.mark.parametrize("text", ODD)
def test_a_member_that_cannot_be_a_variable_is_refused(text: str, tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(UnknownProblem, match="which cannot be a variable"):
        seed_tenant(("{python}", "-c", "import sys; print(sys.argv[1])", text), tmp_path / "db", os.environ)


@pytest.mark.parametrize("name", ["base_url", "rail_url", "RAIL_SECRET", "home", "drill_run"])
def test_a_member_that_gonogo_sets_itself_is_refused(name: str, tmp_path: Path) -> None:
    """With another address the load would go to another service than the one that is started."""
    with pytest.raises(UnknownProblem, match=f"{name!r}, which is not its to set"):
        seed_tenant(("{python}", "-c", "import sys; print(sys.argv[1])", f'{{"{name}": "x"}}'), tmp_path / "db", os.environ)
