"""The wheel in an environment of its own, with its runtime dependencies and nothing else: what a user gets from `pip install`."""

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import house_tree
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads(house_tree.text(Path("pyproject.toml")))["project"]
EXTRAS = ("bench", "power", "setup")
OPTIONAL = (Path("loadtests/bench"), Path("drills/power_fs.py"), Path("gateway/setup"))
"""Extras that a user names, and what imports them: it runs in a process of its own, and says what is missing."""


def closure(requirements: list[str]) -> Iterator[importlib.metadata.Distribution]:
    """The installed distributions that these requirements need, with all that those need."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for one in wanted.extras or {""}:
            key = (canonicalize_name(wanted.name), one)
            if key in seen:
                continue
            seen.add(key)
            found = importlib.metadata.distribution(wanted.name)
            yield found
            waiting += [(Requirement(line), one) for line in found.requires or ()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `gonogo` of a new environment with the wheel of this tree; its dependencies are links to those here: no network."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=house_tree.ROOT, check=True, capture_output=True)
    venv.create(place / "env", symlinks=True)
    python = place / "env" / "bin" / "python"
    pip = [sys.executable, "-P", "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(next(place.glob("*.whl")))], check=True, capture_output=True)
    packages = place / "env" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for distribution in closure(PROJECT["dependencies"]):
        for file in distribution.files or ():
            top = Path(file).parts[0]
            if top != ".." and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    return place / "env" / "bin" / "gonogo"


@pytest.fixture(params=[pytest.param("empty", marks=pytest.mark.nightly), "names like ours"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A working folder with packages of a user that have the names of ours and of what we use; by night an empty one, too."""
    place = tmp_path / "mine"
    place.mkdir()
    if request.param != "empty":
        for name in (*house_tree.ROOMS, "msgspec", "yaml", "click", "httpx", "locust"):
            (place / name).mkdir()
            (place / name / "__init__.py").write_text('raise SystemExit("imported from the folder of the user")\n')
    return place


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(installed: Path, folder: Path, tmp_path: Path) -> Run:
    """Run the installed gonogo in the folder; whatever it prints names no file of this tree."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GONOGO_KEYS": str(tmp_path / "keys")}

    def call(*words: str, at: str = ".") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(installed), *words], cwd=folder / at, env=environ, capture_output=True, text=True, check=False, timeout=300
        )
        assert "imported from the folder" not in done.stdout + done.stderr
        assert str(house_tree.ROOT) not in done.stdout + done.stderr
        return done

    return call


@pytest.mark.process
def test_a_review_and_its_verification_need_no_make_and_no_tree(run: Run, folder: Path) -> None:
    """One step against the reference gateway, judged, shown, packed and verified down to the raw files."""
    done = run("review", "--preview", "--steps", "fail-closed", "--out", "review")
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith("NO GO")
    for words in (["show", "review", "--format", "junit"], ["verify", "review", "--deep"], ["pack", "review", "--out", "packed"]):
        done = run("scorecard", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "packed" / "scorecard.yaml").exists()


@pytest.mark.process
def test_a_folder_of_ones_own_is_begun_and_reviewed(run: Run) -> None:
    """Its templates are in the wheel; its service is not there, so the review is a NO GO that verifies."""
    for words in (["init", "mine", "--no-input"], ["gate", "validate", "mine/gates"]):
        done = run(*words)
        assert done.returncode == 0, done.stderr
    done = run("review", "--preview", "--out", "review", at="mine")
    assert done.returncode == 3, done.stdout + done.stderr
    done = run("scorecard", "verify", "review", at="mine")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_runbooks_come_with_the_wheel(run: Run) -> None:
    """They are listed, checked and walked without the tree, and a gate's runbook lies next to its scorecard."""
    listed = run("runbook", "list").stdout
    assert "rollback" in listed
    for words in (["runbook", "lint"], ["explain", "internal"]):
        done = run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    done = run("runbook", "run", "rollback", "--yes", "--no-evidence")
    assert done.returncode == 2, done.stderr
    assert "not set: GONOGO_" in done.stderr


@pytest.mark.process
def test_every_command_can_say_what_it_does(run: Run) -> None:
    """Each group loads with the runtime dependencies alone."""
    from scorecards.cli import COMMANDS

    for name in COMMANDS:
        done = run(name, "--help")
        assert done.returncode == 0, done.stderr
        assert f"gonogo {name}" in done.stdout


def test_every_import_of_the_rooms_comes_with_a_runtime_dependency() -> None:
    """What only a developer has is imported by tests alone; what an extra brings, by what needs that extra."""
    providers = importlib.metadata.packages_distributions()
    runtime = {canonicalize_name(one.metadata["Name"]) for one in closure(PROJECT["dependencies"])}
    optional = {canonicalize_name(Requirement(line).name) for name in EXTRAS for line in PROJECT["optional-dependencies"][name]}
    for path in house_tree.room_modules():
        for module in house_tree.imports(path):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top in house_tree.ROOMS:
                continue
            found = {canonicalize_name(name) for name in providers.get(top, [top])}
            may = runtime | optional if any(path.is_relative_to(place) for place in OPTIONAL) else runtime
            assert found & may, f"{path}: {top}"
