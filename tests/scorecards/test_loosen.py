"""`gonogo gate loosen`: two people allow a change that a scorecard here shows, and sign nothing else."""

import shlex
from pathlib import Path

import pytest
from honest_state import BUILD, CLEAN, criterion, gate
from rehearsed import Rehearsed

from gates.acts.act import ActKind
from gates.acts.store import load_acts
from gates.evidence.statement import Measure
from gates.signers.store import load_signers

BOTH = ("--reason", "a known double, OPS-413", "--as", "ada", "--as", "grace")
STRICT = (criterion(automatic_no_go=True), criterion("lost_settles"))
CHANGE = "ab" * 32


@pytest.fixture
def gonogo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rehearsed:
    """A rehearsal with an official week; in the next one the criterion that stops a launch alone allows five."""
    found = Rehearsed(tmp_path, monkeypatch, capsys)
    judged(found, "2026-11-20", *STRICT)
    return found


def judged(gonogo: Rehearsed, day: str, *criteria: dict[str, object]) -> str:
    """The text of a scorecard of that day, on clean evidence."""
    gonogo.set(f"{day}T12:05:00.000Z")
    gonogo.state.record({"double_settles": CLEAN, "lost_settles": Measure("0", "count", 412)}, at=f"{day}T11:00:00.000Z")
    gates = gonogo.state.gate_file(gate(*criteria))
    return gonogo("scorecard", "build", "--gates", gates, "--build", BUILD).text


def loosened(gonogo: Rehearsed, *criteria: dict[str, object]) -> list[str]:
    """The command that the next week's scorecard prints, with its two people and their reason."""
    words = shlex.split(judged(gonogo, "2026-11-26", *criteria).partition("gonogo gate loosen ")[2])
    return ["gate", "loosen", *words[:3]]


def kept(gonogo: Rehearsed) -> int:
    home = gonogo.state.home
    return len(load_acts(home, load_signers(home))[ActKind.LOOSENING])


def test_the_printed_command_is_signed_once(gonogo: Rehearsed) -> None:
    """The scorecard that shows the change is NO GO until then; a second time there is nothing to sign."""
    five = criterion(automatic_no_go=True, threshold="5")
    command = loosened(gonogo, five, STRICT[1])
    assert gonogo(*command, *BOTH).code == 0
    assert "signed by ada, grace" in judged(gonogo, "2026-11-27", five, STRICT[1])
    ending = gonogo(*command, *BOTH)
    assert (ending.code, "is signed already, so nothing was signed" in ending.text, kept(gonogo)) == (5, True, 1)


def test_one_that_no_longer_stops_a_launch_or_is_gone_can_be_signed(gonogo: Rehearsed) -> None:
    """The gates of now do not have it as an automatic NO GO: the scorecard of last week does."""
    assert gonogo(*loosened(gonogo, criterion(), STRICT[1]), *BOTH).code == 0
    assert gonogo(*loosened(gonogo, STRICT[1]), *BOTH).code == 0
    assert kept(gonogo) == 2


@pytest.mark.parametrize("name", ["money/lost_settles", "money/double_settles", "money/none", "none"])
def test_what_no_scorecard_shows_is_not_signed(gonogo: Rehearsed, name: str) -> None:
    """A criterion that does not stop a launch alone, one that was not loosened, and one that there is not: exit 5."""
    judged(gonogo, "2026-11-26", STRICT[0], criterion("lost_settles", threshold="5"))
    ending = gonogo("gate", "loosen", name, "--change", CHANGE, *BOTH)
    text = f"no scorecard here shows that {name} alone stops a launch and was loosened, so nothing was signed"
    assert (ending.code, text in ending.text, "next: gonogo review --preview" in ending.text) == (5, True, True), ending.text
    assert (kept(gonogo), (gonogo.state.home / "acts-waiting").exists()) == (0, False)


def test_another_change_of_the_criterion_is_named_with_its_command(gonogo: Rehearsed) -> None:
    """Two people sign the change that they have seen."""
    command = loosened(gonogo, criterion(automatic_no_go=True, threshold="5"), STRICT[1])
    ending = gonogo("gate", "loosen", "money/double_settles", "--change", CHANGE, *BOTH)
    assert (ending.code, "the scorecards here show another change of money/double_settles" in ending.text) == (5, True)
    assert f"next: gonogo {shlex.join(command)}" in ending.text
    ending = gonogo("gate", "loosen", "money/lost_settles", "--change", CHANGE, *BOTH)
    assert (ending.code, f"next: gonogo {shlex.join(command)}" in ending.text) == (5, True)


def test_a_change_is_named_by_its_sha256(gonogo: Rehearsed) -> None:
    """Anything else is refused with 2: the scorecard prints the command."""
    ending = gonogo("gate", "loosen", "money/double_settles", "--change", "none", *BOTH)
    assert (ending.code, "--change 'none' is not a sha256" in ending.text) == (2, True)
