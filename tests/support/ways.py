"""The ways to an unearned green, which tests stand for them, and the page that shows what came out."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

FOLDER = Path(__file__).parents[1] / "honesty"
PAGE = Path(__file__).parents[2] / "runbooks" / "honesty.md"
AGAIN = "make honesty"
UPDATE = "GONOGO_UPDATE_HONESTY"
"""With this variable a run writes the page; without it, it compares."""
way = pytest.mark.way
"""`@way("K1")`: this test tries that way."""

LEFT_OUT = frozenset({"skip", "skipif", "xfail", "importorskip", "nightly", "parametrize", "browser", "power"})
"""What would leave a way out of a normal run, or try it more or less than once."""


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way: its trick, what is required instead, and what is not built yet where it has no test."""

    id: str
    trick: str
    required: str
    open: str = ""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ways of one file."""

    title: str
    file: str
    ways: tuple[Way, ...]


class Proof(msgspec.Struct, frozen=True, order=True):
    """How a trick ended: the exit code of the command, and the words in which it said why."""

    exit_code: int
    reason: str


class Tried(msgspec.Struct, frozen=True):
    """What a test found out about a way."""

    id: str
    test: str
    proofs: tuple[Proof, ...]


def load_table(path: Path = FOLDER / "ways.yaml") -> tuple[Section, ...]:
    """The table of ways."""
    return msgspec.yaml.decode(path.read_bytes(), type=tuple[Section, ...])


def tests_in(file: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every id that a test function of a file is marked with."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield from ((name, node) for name in _marked(node))


def _marked(node: ast.FunctionDef) -> Iterator[str]:
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "way":
            yield from (str(item.value) for item in call.args if isinstance(item, ast.Constant))


def faults(sections: Sequence[Section], folder: Path = FOLDER) -> list[str]:
    """What is wrong with table and tests: an id without a test, with two, in another file, unknown, or left out of a run."""
    known = {one.id: (section, one) for section in sections for one in section.ways}
    tests = [(name, path, node) for path in sorted(folder.glob("*.py")) for name, node in tests_in(path)]
    found = [f"{name}: is twice in the table" for name in _doubled(one.id for section in sections for one in section.ways)]
    found += [f"{name}: has more than one test" for name in _doubled(name for name, _, _ in tests)]
    named = {name for name, _, _ in tests}
    for name, (_, one) in known.items():
        if bool(one.open) == (name in named):
            found.append(f"{name}: {'is open and has a test' if one.open else 'has no test'}")
    for name, path, node in tests:
        if name not in known:
            found.append(f"{name}: {node.name} is marked with an id that the table does not have")
        elif path.name != known[name][0].file:
            found.append(f"{name}: {node.name} is in {path.name}, not in {known[name][0].file}")
        if not node.name.startswith("test_"):
            found.append(f"{name}: {node.name} is not collected as a test")
    return found + [f"{path.name}:{line}: {word} leaves a way out of a run" for path, line, word in _left_out(folder)]


def _doubled(names: Iterable[str]) -> list[str]:
    listed = list(names)
    return sorted({name for name in listed if listed.count(name) > 1})


def _left_out(folder: Path) -> Iterator[tuple[Path, int, str]]:
    for path in sorted(folder.glob("*.py")):
        if path.name in ("conftest.py", "test_ways.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in LEFT_OUT:
                yield path, node.lineno, node.attr


def row_text(one: Way, tried: Tried | None) -> str:
    """The line of the page about one way."""
    if tried is None:
        return _line(one.id, one.trick, one.required, f"**open**: not built yet: {one.open}", "")
    ends = "<br>".join(f"exit {proof.exit_code}: {_quoted(proof.reason.strip())}" for proof in tried.proofs)
    return _line(one.id, one.trick, one.required, ends, f"`{tried.test}`")


def _quoted(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |".replace("|  |", "| |")


def page_text(sections: Sequence[Section], tried: Mapping[str, Tried]) -> str:
    """The whole page."""
    ways = [one for section in sections for one in section.ways]
    still_open = sum(bool(one.open) for one in ways)
    lines = [
        "# Ways to an unearned green",
        "",
        "A green that was not earned is the worst fault that a launch gate can have. This page lists every known way to one,",
        "what is required instead, and what happened when the tests tried it with real files, commands and services.",
        "",
        f"{len(ways)} ways: {len(ways) - still_open} do not get through; {still_open} are open, and name what is not built yet.",
        f"The tests are in `tests/honesty/`. `{AGAIN}` runs them and writes this page. `make test` fails if what happens",
        "differs from this page, or if a way has no test.",
        "",
        "An exit code is that of the command that met the trick, and the text is part of what it printed.",
        "The [README](../README.md#exit-codes) lists the codes.",
    ]
    for section in sections:
        lines += ["", f"## {section.title}", "", f"Tests: `tests/honesty/{section.file}`.", ""]
        lines += ["| id | trick | required | what happens | test |", "| --- | --- | --- | --- | --- |"]
        lines += [row_text(one, None if one.open else tried.get(one.id)) for one in section.ways]
    return "\n".join(lines) + "\n"
