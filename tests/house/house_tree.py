"""The tree as the house tests see it: which files there are, their syntax trees, and what their names resolve to."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "gates", "drills", "loadtests", "scorecards")
# The whole top level; a name that is not here needs a decision, not just a commit.
TOP_LEVEL = (*ROOMS, "runbooks", "tests", "pyproject.toml", "README.md", "Makefile", "requirements.lock", "CHANGELOG.md")
DOT_FILES = (".ci", ".github", ".editorconfig", ".gitignore", ".pre-commit-config.yaml")


def files(*folders: str, suffix: str = "") -> tuple[Path, ...]:
    """Every file of the project below these folders (default: all of it), as paths relative to the root, sorted."""
    found = (path for folder in folders or (*TOP_LEVEL, *DOT_FILES) for path in _below(ROOT / folder))
    return tuple(sorted(path.relative_to(ROOT) for path in found if path.name.endswith(suffix)))


def _below(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir() and place.name != "__pycache__":
        for child in place.iterdir():
            yield from _below(child)


def room_modules() -> tuple[Path, ...]:
    """Every Python file of the rooms."""
    return files(*ROOMS, suffix=".py")


def test_modules() -> tuple[Path, ...]:
    """Every Python file of the tests."""
    return files("tests", suffix=".py")


@functools.cache
def text(path: Path) -> str:
    """The file's text."""
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(text(path), filename=str(path))


@functools.cache
def walk(module: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of the file: each ban asks for them all."""
    return tuple(ast.walk(module))


def module_name(path: Path) -> str:
    """`gates/schema/time.py` -> `gates.schema.time`; a package's `__init__.py` -> the package."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports(path: Path) -> set[str]:
    """Every module, and every name of a module, that the file imports, fully dotted."""
    found: set[str] = set()
    for node in walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@functools.cache
def names(module: ast.Module) -> dict[str, str]:
    """What each imported name of a file stands for: `import datetime as dt` gives {"dt": "datetime"}."""
    found: dict[str, str] = {}
    for node in walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def dotted(node: ast.expr, known: dict[str, str]) -> str | None:
    """The full name that an expression such as `dt.datetime.now` refers to, or None where it is not a plain name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, known)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def docstrings(module: ast.Module) -> set[int]:
    """The ids of the constants that are docstrings (or stand alone as one), so that prose is not read as code."""
    return {id(node.value) for node in walk(module) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}


@functools.cache
def strings(path: Path) -> tuple[tuple[int, str], ...]:
    """Every string in the file that is not a docstring, with its line; of an f-string, the parts that are fixed."""
    prose = docstrings(tree(path))
    return tuple(
        (node.lineno, node.value)
        for node in walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    )


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of the file."""
    for node in walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
