"""The arrows between the rooms are held by import-linter, and each contract can say no."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import house_tree
import pytest

ALL = tomllib.loads(house_tree.text(Path("pyproject.toml")))["tool"]["importlinter"]["contracts"]
CONTRACTS = [contract for contract in ALL if contract["type"] == "forbidden"]
LAYERS = {contract["name"]: contract for contract in ALL if contract["type"] == "layers"}


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


def test_an_import_against_the_layers_breaks_their_contract(copy: Path) -> None:
    """At each of the boundaries: a planted import of the layer above is found and named."""
    (name, contract), room = next(iter(LAYERS.items())), copy / "gateway"
    layers = [re.split(" [|:] ", layer)[0] for layer in contract["layers"]]
    planted = list(zip(layers[1:], layers, strict=False))
    for lower, upper in planted:
        path = room / lower / "__init__.py" if (room / lower).is_dir() else room / f"{lower}.py"
        path.write_text(f"{path.read_text(encoding='utf-8')}\nimport gateway.{upper}\n", encoding="utf-8")
    done = lint(copy)
    assert f"{name} BROKEN" in done.stdout
    missed = [pair for pair in planted if "gateway.{} is not allowed to import gateway.{}:".format(*pair) not in done.stdout]
    assert not missed, done.stdout


def test_siblings_of_a_layer_are_independent(copy: Path) -> None:
    """Payouts know nothing of payments: a planted import breaks the contract."""
    path = copy / "gateway" / "payouts" / "decide.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nimport gateway.payments.decide\n", encoding="utf-8")
    done = lint(copy)
    assert f"{next(iter(LAYERS))} BROKEN" in done.stdout


def test_the_gateway_has_at_most_fourteen_layers_and_every_module_stands_in_one() -> None:
    """Higher houses are not read from top to bottom; `exhaustive` refuses a module without a layer."""
    (contract,) = LAYERS.values()
    assert len(contract["layers"]) <= 14
    assert contract["exhaustive"] is True
    assert contract["containers"] == ["gateway"]


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
    """Scorecards import drills.child, drills.process and drills.power, and start everything else of the drills as a command."""
    taken = {name for path in house_tree.files("scorecards", suffix=".py") for name in house_tree.imports(path)}
    assert {".".join(name.split(".")[:2]) for name in taken if name.startswith("drills")} <= {
        "drills.child",
        "drills.power",
        "drills.process",
    }
