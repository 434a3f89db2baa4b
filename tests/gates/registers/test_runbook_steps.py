"""The steps of runbooks/registers.md run as they are printed, in their order, on one machine, by the gates of the launch plan."""

import re
import shlex
from pathlib import Path

import pytest
from called import caller
from honest_state import State
from sarif_files import result, write_sarif

from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.time import format_utc, system_clock

PAGE = Path(__file__).parents[3] / "runbooks" / "registers.md"
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PEOPLE = ("--person", "Ada Lovelace <ada@example.org>", "--person", "Grace Hopper <grace@example.org>", "--machine", "laptop")
SWEPT = {name: Measure("0", "count", samples=64) for name in ("isolation_violations", "role_violations", "undocumented_routes")}


def steps() -> list[list[str]]:
    """The words of each command in the blocks marked sh."""
    lines = [line.strip() for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")) for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines]


def test_every_step_of_the_page_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding and an incident are opened, acknowledged and closed, results taken over, and each register is reviewed."""
    call = caller(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    write_sarif(tmp_path / "scan.sarif", result(), result(rule="py/other"))
    document = call("signer", "init", *PEOPLE).out.partition("document: ")[2].split()[0]
    assert call("signer", "sign", "--trust", document).code == 0
    state, named = State(tmp_path / "home", tmp_path, call), {"ID": "", "STATEMENT": ""}
    found = steps()
    assert len(found) > 10
    for words in found:
        if "close" in words:
            held = state.record(SWEPT, at=format_utc(system_clock()), kind=EvidenceKind.AUTHORIZATION_SWEEP)
            named["STATEMENT"] = held.digest
        ending = call(*(named.get(word, word) for word in words))
        assert ending.code == 0, (words, ending.text)
        named["ID"] = next(iter(re.findall(r"^opened: (\S+),", ending.out, re.MULTILINE)), named["ID"])
    rows = call("finding", "list", "--all").out
    assert rows.count(" closed ") == 1
    assert rows.count(" open ") == 3
    assert "ada@example.org" in call("incident", "list").err or "grace@example.org" in call("incident", "list").err


@pytest.mark.parametrize(
    "name",
    [
        "finding open",
        "finding ack",
        "finding raise",
        "finding close",
        "finding import",
        "finding review",
        "incident close",
        "incident review",
    ],
)
def test_the_page_shows_each_command(name: str) -> None:
    """A reader finds all of them there."""
    assert any(" ".join(words).startswith(name) for words in steps())
