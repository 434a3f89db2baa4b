"""An adapter of one's own: a module of fewer than twenty lines in an installed package, run as anybody would."""

import json

import pytest
from other_tools import NOW, answered
from own_adapter import example, install, run

from gates.adapters import own
from gates.adapters.shape import LIMIT_BYTES, Value
from gates.schema.source import OwnSource

SOURCE = {"adapter": "own", "name": "stock", "options": {"path": "stock.json", "product": "cards"}}
OWN = OwnSource(name="mine")


def test_the_example_is_short():
    """Fewer than twenty lines, imports and blank lines included."""
    assert len(example().splitlines()) < 20


@pytest.mark.process
def test_an_installed_adapter_is_collected_judged_and_computed_again(tools, tmp_path):
    """By the name of its entry point; package and version are shown, and the raw files give the same again."""
    python, home = install(tmp_path / "venv", example()), tmp_path / "home"
    tools.write("stock.json", json.dumps({"cards": {"missing": 0, "counted": 412}}))
    tools.gate(SOURCE)
    target = ("--gates", tools.gates, "--target", tools.folder / "shop.yaml")
    done = run(python, home, "evidence", "collect", *target, "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["value"], row["samples"], row["build"]) == ("0", "412", "read")
    judged = run(python, home, "gate", "run", *target, "--format", "json")
    assert json.loads(judged.stdout)["gates"][0]["outcome"] == "pass"
    shown = json.loads(run(python, home, "evidence", "show", row["evidence"], "--format", "json").stdout)
    assert shown["predicate"]["facts"]["package"] == "stock-adapter 1.2"
    laid = tmp_path / "laid"
    laid.mkdir()
    for artifact in shown["predicate"]["artifacts"]:
        stored = home / "evidence" / "artifacts" / artifact["sha256"][:2] / artifact["sha256"]
        (laid / artifact["name"]).write_bytes(stored.read_bytes())
    again = run(python, home, "evidence", "recompute", laid)
    assert json.loads(again.stdout)["measures"]["value"]["value"] == "0", again.stderr


class _Module:
    """An adapter that does what a test wants."""

    def __init__(self, fetch, read) -> None:
        self.fetch, self.read = fetch, read


def _raise(*_arguments):
    raise ValueError("the shelf is locked")


ROWS = [
    ("fetch raises", _raise, lambda *_: Value("0"), "the adapter raised ValueError: the shelf is locked"),
    ("read raises", lambda _: {"a": b""}, _raise, "the adapter raised ValueError: the shelf is locked"),
    ("not a Value", lambda _: {}, lambda *_: "0", "mine returned a str, not a Value"),
    ("not a number", lambda _: {}, lambda *_: Value("many"), "mine: the value 'many' is not a finite decimal number"),
    ("a bad name", lambda _: {"../a": b""}, lambda *_: Value("0"), "'../a' is not the name of a raw file"),
    ("a taken name", lambda _: {"notes.json": b""}, lambda *_: Value("0"), "'notes.json' is not the name of a raw file"),
    ("too much", lambda _: {"a": b" " * (LIMIT_BYTES + 1)}, lambda *_: Value("0"), "answered more than"),
]


@pytest.mark.parametrize(("fetch", "read", "text"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_own_adapter_that_gives_no_value_is_unknown(monkeypatch, fetch, read, text):
    """The fail-closed table of the adapter `own`."""
    monkeypatch.setattr(own, "_load", lambda _name: _Module(fetch, read))
    measure = answered(OWN).found.measure
    assert measure.value is None
    assert text in measure.detail


def test_an_adapter_that_is_not_installed_is_unknown():
    """Its name, and those that there are."""
    found = answered(OWN)
    assert (found.found.measure.unknown, found.fetched.notes.at) == ("adapter_error", NOW)
    assert "0 installed adapters are called 'mine'; there are none" in found.found.measure.detail
