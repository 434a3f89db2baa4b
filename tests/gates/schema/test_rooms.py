"""What the user's folder holds is never run in the place of our own packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from impostors import make_impostors

from gates.schema.rooms import room_argv
from gates.schema.target import command_line

pytestmark = pytest.mark.process


def _run(argv: list[str], folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    variables = {**os.environ, "GONOGO_HOME": str(folder / "home"), **environ}
    return subprocess.run(argv, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("room", ["loadtests", "drills", "gates", "scorecards"])
def test_a_program_of_ours_does_not_see_the_packages_of_the_working_folder(tmp_path: Path, room: str) -> None:
    """It is ours that answers, and nothing of the folder was imported."""
    markers = make_impostors(tmp_path)
    done = _run(room_argv(room, "--help"), tmp_path)
    assert (done.returncode, list(markers.iterdir())) == (0, []), done.stderr
    assert "Usage:" in done.stdout


def test_the_gateway_of_the_working_folder_is_not_the_one_that_a_target_starts(tmp_path: Path) -> None:
    """`{python} -m gateway` is ours."""
    markers = make_impostors(tmp_path)
    done = _run(command_line(["{python}", "-m", "gateway", "--help"], {}), tmp_path)
    assert (done.returncode, list(markers.iterdir())) == (0, []), done.stderr


def test_a_package_that_pythonpath_puts_before_ours_is_refused(tmp_path: Path) -> None:
    """The message names the package and both places."""
    markers = make_impostors(tmp_path, ("loadtests",))
    done = _run(room_argv("loadtests", "--help"), tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.returncode, list(markers.iterdir())) == (2, [])
    assert f"the package 'loadtests' is not gonogo's: it comes from {tmp_path}/loadtests/__init__.py" in done.stderr


def test_a_command_is_not_imported_from_the_working_folder(tmp_path: Path) -> None:
    """`python -m scorecards load`, where the folder has a package `loadtests`: refused before it is imported."""
    markers = make_impostors(tmp_path, ("loadtests",))
    done = _run([sys.executable, "-m", "scorecards", "load", "profiles"], tmp_path)
    assert (done.returncode, list(markers.iterdir())) == (2, [])
    assert "is not gonogo's" in done.stderr
