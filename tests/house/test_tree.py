"""The shape of the tree: the fixed top level, sizes, docstrings, files somebody uses, suppressions with reasons."""

import ast
import re
from pathlib import Path

import house_tree
import pytest

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
LONGEST_LINE = 200

# Files that no module imports and no command table names, each with who reads it instead. It only ever gets shorter.
READ_OTHERWISE: dict[str, str] = {}


def test_the_top_level_is_the_fixed_one() -> None:
    """Nothing stands at the top of the tree that the design does not name."""
    ignored = [line.rstrip("/") for line in (house_tree.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()]
    there = {path.name for path in house_tree.ROOT.iterdir() if path.name != ".git"}
    surplus = {name for name in there if not any(Path(name).match(pattern) for pattern in ignored)}
    assert surplus == {*house_tree.TOP_LEVEL, *house_tree.DOT_FILES}


def test_no_file_is_longer_than_a_sitting() -> None:
    """Every Python file answers one question in at most 350 lines."""
    lengths = {str(path): len(house_tree.text(path).splitlines()) for path in house_tree.files(suffix=".py")}
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE}, "split by question"


def test_no_function_is_longer_than_two_screens() -> None:
    """Every function has at most 60 lines."""
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in house_tree.files(suffix=".py")
        for node in house_tree.functions(path)
    }
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION}, "split by question"


@pytest.mark.parametrize("suffix", [".py", ".j2", ".sql", ".css"])
def test_no_line_is_longer_than_a_screen_is_wide(suffix: str) -> None:
    """Every line of code, template, schema and style has at most 200 characters."""
    paths = house_tree.files(suffix=suffix)
    assert paths, "the suffix finds files"
    wide = [
        f"{path}:{number}"
        for path in paths
        for number, line in enumerate(house_tree.text(path).splitlines(), 1)
        if len(line) > LONGEST_LINE
    ]
    assert not wide


def test_no_file_has_a_name_that_answers_nothing() -> None:
    """No file or folder is called utils, helpers, common or manager."""
    vague = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
    assert not [str(path) for path in house_tree.files(suffix=".py") if vague & {*path.parts, path.stem}]


def test_nothing_is_marked_to_be_done_later() -> None:
    """No file holds a marker for later work: what is not built is absent, and the README says so."""
    marker = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
    later = [
        f"{path}:{number}"
        for path in house_tree.files()
        if path.suffix not in (".png", ".lock")
        for number, line in enumerate(house_tree.text(path).splitlines(), 1)
        if marker.search(line)
    ]
    assert not later


def test_every_module_of_the_rooms_is_used_by_the_rooms() -> None:
    """Each module is imported by another one, is a way in, or is named where it is started."""
    modules = {house_tree.module_name(path): path for path in house_tree.room_modules()}
    used = {name for path in modules.values() for name in house_tree.imports(path) if modules.get(name) != path}
    spoken = " ".join(value for path in modules.values() for _, value in house_tree.strings(path))
    alone = [
        str(path)
        for name, path in modules.items()
        if name not in used
        and path.name not in ("__init__.py", "__main__.py")
        and not re.search(rf"{re.escape(name)}\b|\b{re.escape(path.name)}\b", spoken)
    ]
    assert sorted(alone) == sorted(READ_OTHERWISE)


def _public(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    body = house_tree.tree(path).body
    return [
        node
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


def test_every_public_name_says_what_it_is() -> None:
    """Every module, and every public function and class of a room, has a docstring."""
    silent = [str(path) for path in house_tree.files(suffix=".py") if not ast.get_docstring(house_tree.tree(path))]
    silent += [
        f"{path}:{node.lineno} {node.name}"
        for path in house_tree.room_modules()
        for node in _public(path)
        if not ast.get_docstring(node)
    ]
    assert not silent


def test_every_test_says_what_it_proves() -> None:
    """Every test function has a docstring that is one sentence."""
    silent = []
    for path in house_tree.test_modules():
        for node in house_tree.functions(path):
            if node.name.startswith("test_"):
                doc = ast.get_docstring(node) or ""
                if not doc.split("\n\n")[0].rstrip().endswith((".", "?")):
                    silent.append(f"{path}:{node.lineno} {node.name}")
    assert not silent


@pytest.mark.parametrize("mark", ["noqa", "type: ignore", "pragma: no cover"])
def test_every_suppression_names_its_rule_and_its_reason(mark: str) -> None:
    """A check is switched off for one line, by its code, with a reason behind a second #."""
    form = {
        "noqa": re.compile(r"# noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*  # \S"),
        "type: ignore": re.compile(r"# type: ignore\[[a-z, -]+\]  # \S"),
        "pragma: no cover": re.compile(r"# pragma: no cover  # \S"),
    }[mark]
    bare = [
        f"{path}:{number}"
        for path in house_tree.files(*house_tree.ROOMS, "tests", suffix=".py")
        if path.parts[:2] != ("tests", "house")
        for number, line in enumerate(house_tree.text(path).splitlines(), 1)
        if f"# {mark}" in line and not form.search(line)
    ]
    assert not bare, "write the code and, after two spaces and a #, the reason"


def test_every_skip_has_a_reason_that_a_user_would_accept() -> None:
    """Tests are skipped only through the fixture in tests/conftest.py, which says what to install."""
    skips = [
        f"{path}:{node.lineno}"
        for path in house_tree.test_modules()
        if path.name != "conftest.py"
        for node in ast.walk(house_tree.tree(path))
        if isinstance(node, ast.Attribute) and house_tree.dotted(node, {}) in SKIPS
    ]
    assert not skips


SKIPS = ("pytest.skip", "pytest.xfail", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip")
