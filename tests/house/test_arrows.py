"""The arrows between the rooms are held by import-linter, and each contract can say no."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import house_tree
import pytest

CONTRACTS = tomllib.loads(house_tree.text(Path("pyproject.toml")))["tool"]["importlinter"]["contracts"]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the rooms of `tree`, and of nowhere else."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    return subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The rooms and their contracts, in another folder."""
    for room in house_tree.ROOMS:
        shutil.copytree(house_tree.ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(house_tree.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rooms_keep_their_contracts(copy: Path) -> None:
    """No room imports what its contract forbids."""
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_a_forbidden_import_breaks_its_contract(contract: dict[str, object], copy: Path) -> None:
    """An import planted against the arrow is found and named."""
    source, forbidden = contract["source_modules"][0], contract["forbidden_modules"][0]
    (copy / source.replace(".", "/") / "planted.py").write_text(f'"""Planted."""\n\nimport {forbidden}\n', encoding="utf-8")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract['name']} BROKEN" in done.stdout


def test_every_arrow_of_the_design_is_a_contract() -> None:
    """Each room appears as the source of a contract, and the gateway is forbidden to all but the drills."""
    kept_from = {
        room: {name for contract in CONTRACTS if room in contract["source_modules"] for name in contract["forbidden_modules"]}
        for room in house_tree.ROOMS
    }
    rooms = set(house_tree.ROOMS)
    assert kept_from["gateway"] >= rooms - {"gateway"}
    assert kept_from["gates"] >= rooms - {"gates"}
    assert kept_from["loadtests"] >= rooms - {"gates", "loadtests"}
    assert kept_from["drills"] >= rooms - {"gates", "drills", "gateway"}
    assert kept_from["scorecards"] >= rooms - {"gates", "drills", "scorecards"}


def test_drills_use_only_the_gateways_two_public_names() -> None:
    """Drills start the gateway as a process: they import package_dir and serve_argv, and nothing else of it."""
    taken = {
        name
        for path in house_tree.files("drills", suffix=".py")
        for name in house_tree.imports(path)
        if name.startswith("gateway")
    }
    assert taken <= {"gateway", "gateway.package_dir", "gateway.serve_argv"}


def test_scorecards_use_of_the_drills_only_how_they_run_processes() -> None:
    """Scorecards import drills.child and drills.process, and start everything else of the drills as a command."""
    taken = {name for path in house_tree.files("scorecards", suffix=".py") for name in house_tree.imports(path)}
    assert {".".join(name.split(".")[:2]) for name in taken if name.startswith("drills")} <= {"drills.child", "drills.process"}
