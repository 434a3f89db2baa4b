"""What decides reads the store inside its transaction and remembers nothing: a crash or a second process changes no answer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import house_tree
import pytest

DECIDES = (
    "gateway/control.py",
    "gateway/journal.py",
    "gateway/ledger.py",
    "gateway/work.py",
    "gateway/machines/",
    "gateway/payments/",
    "gateway/payouts/decide.py",
    "gateway/payouts/record.py",
    "gateway/payouts/steps.py",
    "gateway/policy/",
    "gateway/engine/execute.py",
    "gateway/engine/chores.py",
)
PURE = {"gateway/policy/windows.py": "time zones by name: the same on every machine, whatever came before"}


def kept(source: str) -> Iterator[int]:
    """Lines that keep something between two calls: caches, globals, empty containers, attributes set after the start."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_empty(node.value):
            yield node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno
        if isinstance(node, ast.FunctionDef):
            yield from (line.lineno for line in node.decorator_list if "cache" in ast.unparse(line))
            if node.name != "__init__":
                yield from _set_on_self(node)


def _is_empty(value: ast.expr | None) -> bool:
    return value is not None and ast.unparse(value) in ("{}", "[]", "set()", "dict()", "list()")


def _set_on_self(function: ast.FunctionDef) -> Iterator[int]:
    for node in ast.walk(function):
        written = isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
        if written and ast.unparse(node.value).startswith("self"):
            yield node.lineno


@pytest.mark.parametrize(
    "path", [path for path in house_tree.files("gateway", suffix=".py") if str(path).startswith(DECIDES)], ids=str
)
def test_nothing_that_decides_keeps_state_in_process_memory(path: Path) -> None:
    """No cache, no global, no container that fills up; what is remembered is a row."""
    assert str(path) in PURE or not list(kept(house_tree.text(path)))


@pytest.mark.parametrize(
    "source",
    [
        "seen = {}",
        "def settle():\n    global seen\n    seen = 1",
        "@lru_cache\ndef rules(tenant): ...",
        "class Desk:\n    def settle(self, key):\n        self.seen[key] = 1",
    ],
)
def test_state_in_memory_is_found(source: str) -> None:
    """Each way to keep something is seen."""
    assert list(kept(source))
