"""The root command: a table that loads a room only when it is chosen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gates.schema.errors import UsageProblem
from scorecards.cli import COMMANDS, gonogo
from scorecards.evaluate import make_empty

ROOMS = "gates.decide gateway drills loadtests scorecards.commands msgspec yaml cryptography httpx litestar rich"


@pytest.mark.process
def test_the_help_lists_every_command_and_imports_no_room() -> None:
    """`gonogo --help` reads the table, and nothing heavier."""
    code = (
        "import sys; from scorecards.cli import gonogo\n"
        "gonogo(['--help'], standalone_mode=False)\n"
        f"print('loaded:', [name for name in {ROOMS.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: []\n")
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_row_of_the_table_leads_to_a_command_with_help(name: str) -> None:
    """The place named in the row exists, and its help can be printed."""
    result = CliRunner().invoke(gonogo, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: gonogo {name}")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["reviw"], "did you mean `gonogo review`?"),
        (["xyzzy"], "`gonogo --help` lists"),
        (["gate", "prob"], "did you mean `gonogo gate probe`?"),
        (["gate", "xyzzy"], "`gonogo gate --help` lists"),
    ],
)
def test_a_misspelt_command_is_refused_with_the_nearest_name(typed: list[str], hint: str) -> None:
    """Exit 2, and the way on."""
    result = CliRunner().invoke(gonogo, typed)
    assert result.exit_code == 2
    assert hint in result.output


def test_the_version_is_that_of_the_installed_package() -> None:
    """`gonogo --version` prints the name and a version."""
    result = CliRunner().invoke(gonogo, ["--version"])
    assert result.output.startswith("gonogo 0.")


def test_no_color_is_passed_on_to_every_program_that_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that children inherit says it too."""
    monkeypatch.setenv("NO_COLOR", "")
    CliRunner().invoke(gonogo, ["--no-color", "explain", "--help"])
    assert os.environ["NO_COLOR"] == "1"


def test_a_folder_that_holds_something_is_not_written_to(tmp_path: Path) -> None:
    """--out wants a new or an empty folder."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="is not an empty folder"):
        make_empty(tmp_path)
