"""What never becomes a week's official verdict: chosen evidence, a clock that was set back, a rehearsal's key."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.log.entry import EntryKind
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from gates.schema.state import make_state
from scorecards.cli import gonogo
from scorecards.folder import YAML_FILE
from scorecards.material import read_history
from scorecards.schema import Standing

BUILD = "5f" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rehearsal's state folder on a Friday afternoon: its cards are official."""
    home, clock = tmp_path / "home", tmp_path / "clock"
    make_state(home, rehearsal=True)
    clock.write_text("2026-11-27T12:00:00Z")
    monkeypatch.setenv("GONOGO_HOME", str(home))
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    return home


@pytest.fixture
def standing(home: Path, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Build a scorecard; gives its standing and the reason."""

    def build(*options: str) -> tuple[str, str]:
        out = tmp_path / "out"
        gonogo.main(["scorecard", "build", "--build", BUILD, "--out", str(out), *options], standalone_mode=False)
        spec = yaml.safe_load((out / YAML_FILE).read_text())["spec"]
        return spec["standing"], spec["standing_reason"]

    return build


def test_evidence_from_another_store_makes_no_week_official(
    standing: Callable[..., tuple[str, str]], home: Path, tmp_path: Path
) -> None:
    """Somebody chose what is in it; a link to the own store is the own store."""
    assert standing("--evidence", str(tmp_path / "chosen"))[1].startswith("judged from another evidence store (--evidence)")


def test_the_own_store_by_another_path_is_the_own_store(
    standing: Callable[..., tuple[str, str]], home: Path, tmp_path: Path
) -> None:
    """A link leads to it."""
    (home / "evidence").mkdir()
    (tmp_path / "link").symlink_to(home / "evidence")
    assert standing("--evidence", str(tmp_path / "link"))[0] == "official"


def test_a_clock_that_was_set_back_makes_no_week_official(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...]) -> None:
    """The log has entries of a later moment: the card of the week before is a preview, and says so."""
    life = Weeks(tmp_path / "home", signer)
    life.judge(gates, reviewed(BUILD), "2026-11-27T12:05:00Z")
    card, _ = life.judge(gates, reviewed(BUILD), "2026-11-20T12:05:00Z")
    assert card.spec.standing is Standing.PREVIEW
    assert card.spec.standing_reason.endswith("2026-11-27T12:05:00.000Z, which is later than now: the clock was set back")


def test_a_card_that_was_listed_by_a_clock_that_was_set_back_is_refused(
    tmp_path: Path, signer: Signer, gates: tuple[Gate, ...]
) -> None:
    """Whoever lists it: entries in front of it are later."""
    life = Weeks(tmp_path / "home", signer)
    _, out = life.judge(gates, reviewed(BUILD), "2026-11-20T12:05:00Z", because="a draft")
    life.judge(gates, reviewed(BUILD), "2026-11-27T12:05:00Z")
    card = msgspec.json.encode(msgspec.json.decode((out / "scorecard.intoto.json").read_bytes()))
    life.store("2026-11-20T12:06:00Z").append(life.own, EntryKind.CARD, card)
    with pytest.raises(UnverifiedProblem, match="the clock was set back"):
        read_history(life.home).official("local", "2026-W48")
