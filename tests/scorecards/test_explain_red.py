"""`gonogo scorecard explain-red`: two people explain a red run of this week, or nobody signs anything."""

import re
from pathlib import Path

import pytest
from honest_state import CLEAN, State, criterion, gate
from rehearsed import Rehearsed

from gates.acts.act import ActKind
from gates.acts.store import load_acts
from gates.evidence.statement import Measure
from gates.signers.store import load_signers

RED = {"double_settles": Measure("1", "count", 412)}
BOTH = ("--reason", "the runner lost its disk", "--as", "ada", "--as", "grace")


@pytest.fixture
def gonogo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rehearsed:
    """A rehearsal whose clock stands still on a Monday morning."""
    found = Rehearsed(tmp_path, monkeypatch, capsys)
    found.set("2026-11-23T10:00:00.000Z")
    return found


@pytest.fixture
def state(gonogo: Rehearsed) -> State:
    """Its state folder."""
    return gonogo.state


def kept(state: State) -> int:
    return len(load_acts(state.home, load_signers(state.home))[ActKind.EXPLANATION])


def test_the_command_on_the_card_explains_the_run(gonogo: Rehearsed, state: State) -> None:
    """With the gates that the card was judged by, so that the run is red by them too."""
    red = state.record(RED, at="2026-11-23T09:00:00.000Z")
    state.record({"double_settles": CLEAN}, at="2026-11-23T09:30:00.000Z")
    build = ("scorecard", "build", "--gates", state.gate_file(gate(criterion(automatic_no_go=True))), "--build", "b" * 64)
    ending = gonogo(*build, "--out", state.folder / "red")
    assert ending.code == 1
    found = re.search(r"gonogo (scorecard explain-red \S+) --reason WHY --as PERSON --as PERSON --gates (\S+)", ending.text)
    assert found, ending.text
    assert gonogo(*found[1].split(), *BOTH, "--gates", found[2].rstrip(".")).code == 0
    assert (kept(state), gonogo(*build, "--out", state.folder / "green").code) == (1, 0)
    assert red.digest.startswith(found[1].split()[-1])


@pytest.mark.parametrize(
    ("measures", "at", "why"),
    [
        ({"double_settles": CLEAN}, "2026-11-23T09:00:00.000Z", "it failed no criterion of these gates"),
        (RED, "2026-11-22T23:59:59.000Z", "it finished at 2026-11-22T23:59:59.000Z, which is not in this week"),
    ],
    ids=["green", "last week"],
)
def test_nobody_signs_an_explanation_that_changes_nothing(
    gonogo: Rehearsed, state: State, measures: dict[str, Measure], at: str, why: str
) -> None:
    """Exit 5 with the reason and a next step that can be run; nothing is kept or waits."""
    digest = state.record(measures, at=at).digest
    gates = state.gate_file(gate())
    ending = gonogo("scorecard", "explain-red", digest, *BOTH, "--gates", gates)
    assert (ending.code, f"{digest[:12]}: {why}, so nothing was signed" in ending.text) == (5, True), ending.text
    assert (kept(state), (state.home / "acts-waiting").exists()) == (0, False)
    assert f"next: gonogo evidence show {digest[:12]} shows" in ending.text
    assert gonogo("evidence", "show", digest[:12]).code == 0


def test_a_run_is_red_by_the_gates_that_are_named(gonogo: Rehearsed, state: State) -> None:
    """By others it failed nothing."""
    digest = state.record({"own_count": Measure("1", "count", 412)}, at="2026-11-23T09:00:00.000Z").digest
    own = state.gate_file(gate(criterion("own_count")))
    assert gonogo("scorecard", "explain-red", digest, *BOTH).code == 5
    assert gonogo("scorecard", "explain-red", digest, *BOTH, "--gates", own).code == 0


def test_a_run_that_names_no_build_is_held_against_none(gonogo: Rehearsed, state: State) -> None:
    """So there is nothing to explain."""
    about = state.subject()
    unknown = type(about)(about.name, {"instance": about.digest["instance"]})
    digest = state.record(RED, at="2026-11-23T09:00:00.000Z", about=unknown).digest
    ending = gonogo("scorecard", "explain-red", digest, *BOTH, "--gates", state.gate_file(gate()))
    assert (ending.code, "it names no build, so that it is held against none" in ending.text) == (5, True)


def test_a_statement_that_is_not_there_is_named(gonogo: Rehearsed, state: State) -> None:
    """Exit 2, and for no sha256 too."""
    for digest in ("ffffff", "none"):
        assert gonogo("scorecard", "explain-red", digest, *BOTH).code == 2
