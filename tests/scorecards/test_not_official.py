"""What never becomes a week's official verdict: chosen evidence, a clock that was set back, a rehearsal's key."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml
from signing import ADA, CI, GRACE, STRAY, document, first, key, machine, public, put_signers, signed_document, signers
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.keys import adopt_trust, load_signer
from gates.log.entry import EntryKind
from gates.log.notes import RestoredNote
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from gates.schema.state import make_state
from gates.signers.private import keep_key
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


def test_a_card_listed_again_after_its_week_is_withdrawn(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...]) -> None:
    """When a lost log was restored: when it was first listed nobody knows any more, and later weeks can still be judged."""
    life = Weeks(tmp_path / "home", signer)
    _, out = life.judge(gates, reviewed(BUILD), "2026-11-27T12:05:00Z")
    other = Weeks(tmp_path / "other", life.own)
    card = msgspec.json.encode(msgspec.json.decode((out / "scorecard.intoto.json").read_bytes()))
    adopt_trust(other.home, life.home / "keys" / "evidence-trust.json")
    store = other.store("2026-11-30T09:00:00Z")
    again = store.append(other.own, EntryKind.CARD, card).object
    store.note(other.own, EntryKind.MIGRATION, RestoredNote(f"1:{BUILD}", (again,), "2026-11-30T09:00:00.000Z"))
    assert read_history(other.home).official("local", "2026-W49") == []
    assert [row.standing for row in read_history(other.home).rows("local")] == ["withdrawn"]
    other.store("2026-12-04T12:05:00Z")
    assert other.judge(gates, reviewed(BUILD), "2026-12-04T12:05:00Z")[0].spec.standing is Standing.OFFICIAL


def test_a_card_by_a_key_that_was_retired_as_of_before_is_withdrawn(
    tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stolen machine key takes its week with it, and not the weeks that follow."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    life = Weeks(tmp_path / "home", signer, rehearsal=False)
    put_signers(life.home)
    keep_key("ci", key(CI))
    life.own = load_signer(life.home)
    life.judge(gates, reviewed(BUILD), "2026-11-20T12:05:00Z")
    assert [card.past.week for card in read_history(life.home).official("local", "2026-W49")] == ["2026-W47"]
    machines = (machine("ci", public(CI, "2026-11-20T00:00:00Z")), machine("ci2", public(STRAY)))
    after = document(previous=signers().digest, at="2026-11-23T09:00:00.000Z", machines=machines)
    put_signers(life.home, first(), signed_document(after, ADA, GRACE))
    keep_key("ci2", key(STRAY))
    load_signer(life.home)
    assert read_history(life.home).official("local", "2026-W49") == []
    assert life.judge(gates, reviewed(BUILD), "2026-11-27T12:05:00Z")[0].spec.standing is Standing.OFFICIAL
    assert [row.standing for row in read_history(life.home).rows("local")] == ["official", "withdrawn"]
