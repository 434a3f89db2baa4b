"""A key makes one official scorecard of a week, whichever state folder asks for a second one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from signing import CI, key, put_signers
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.keys import load_signer
from gates.log.chain import LogProblem
from gates.log.file import LOG
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from gates.signers.private import keep_key
from gates.signers.used import FILE
from scorecards import evaluate
from scorecards.schema import Scorecard, Standing

BUILD = "5f" * 32
FRIDAY, LATER, NEXT = "2026-11-20T12:05:00Z", "2026-11-20T15:00:00Z", "2026-11-27T12:05:00Z"
Folder = Callable[[str], Weeks]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of private keys, with that of a machine that may sign official scorecards."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    keep_key("ci", key(CI))
    return tmp_path / "keys"


@pytest.fixture
def folder(keys: Path, tmp_path: Path, signer: Signer) -> Folder:
    """A state folder of this name whose Signers list the machine."""

    def make(name: str) -> Weeks:
        life = Weeks(tmp_path / name, signer, rehearsal=False)
        put_signers(life.home)
        life.own = load_signer(life.home)
        return life

    return make


@pytest.fixture
def judge(gates: tuple[Gate, ...]) -> Callable[[Weeks, str], Scorecard]:
    """A scorecard of a state folder at a moment."""
    return lambda life, now: life.judge(gates, reviewed(BUILD), now)[0]


def test_a_new_state_folder_makes_no_second_official_card_of_a_week(
    folder: Folder, judge: Callable[[Weeks, str], Scorecard]
) -> None:
    """It is a preview that says why; the next week is free."""
    assert judge(folder("one"), FRIDAY).spec.standing is Standing.OFFICIAL
    again = folder("two")
    spec = judge(again, LATER).spec
    assert spec.standing is Standing.PREVIEW
    assert "signed the official scorecard of 2026-W47 for local before, in another log" in spec.standing_reason
    assert judge(again, NEXT).spec.standing is Standing.OFFICIAL


def forget_heads(keys: Path) -> None:
    """Remove what the folder of keys knows of the logs' heads."""
    for path in keys.glob("*.head"):
        path.unlink()


def test_a_state_folder_copied_before_the_card_makes_no_second_one(
    folder: Folder, keys: Path, judge: Callable[[Weeks, str], Scorecard], tmp_path: Path
) -> None:
    """Nor does the copy when it is put back in the place of the folder that made the first: also where its head was removed."""
    life = folder("one")
    shutil.copytree(life.home, tmp_path / "backup")
    assert judge(life, FRIDAY).spec.standing is Standing.OFFICIAL
    shutil.rmtree(life.home)
    shutil.copytree(tmp_path / "backup", life.home)
    with pytest.raises(LogProblem, match="before the known head"):
        judge(life, LATER)
    forget_heads(keys)
    assert judge(life, LATER).spec.standing is Standing.PREVIEW


def test_a_card_that_was_interrupted_is_made_again_by_its_own_folder_alone(
    folder: Folder, keys: Path, judge: Callable[[Weeks, str], Scorecard], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process ended between the key's memory and the card: another folder, or an older copy in its place, may not."""
    life, other = folder("one"), folder("two")
    shutil.copytree(life.home, tmp_path / "backup")
    judge(life, "2026-11-20T09:00:00Z")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, "sign_card", crash)
        with pytest.raises(KeyboardInterrupt):
            judge(life, FRIDAY)
    assert "began to sign the official scorecard of 2026-W47" in judge(other, LATER).spec.standing_reason
    shutil.copytree(life.home, tmp_path / "copy", symlinks=True)
    other.home = tmp_path / "copy"
    assert "in another state folder" in judge(other, LATER).spec.standing_reason
    life.home.rename(tmp_path / "aside")
    shutil.copytree(tmp_path / "backup", life.home)
    forget_heads(keys)
    assert "with another log" in judge(life, LATER).spec.standing_reason
    shutil.rmtree(life.home)
    (tmp_path / "aside").rename(life.home)
    forget_heads(keys)
    assert judge(life, "2026-11-20T16:00:00Z").spec.standing is Standing.OFFICIAL


def test_a_card_that_the_memory_lacks_is_remembered_when_its_log_is_judged_again(
    folder: Folder, keys: Path, judge: Callable[[Weeks, str], Scorecard]
) -> None:
    """A card of a release without the memory, or one whose process ended before the key had noted it."""
    life = folder("one")
    judge(life, FRIDAY)
    (keys / FILE).unlink()
    assert judge(life, LATER).spec.standing_reason.startswith("2026-W47 has its official verdict")
    assert judge(folder("two"), LATER).spec.standing is Standing.PREVIEW


def test_a_memory_that_cannot_be_read_signs_nothing(folder: Folder, keys: Path, judge: Callable[[Weeks, str], Scorecard]) -> None:
    """A gap in it would allow a second card; nothing is listed."""
    life = folder("one")
    (keys / FILE).write_text('{"step":"sig\n')
    before = (life.home / "evidence" / LOG).read_bytes()
    with pytest.raises(UnverifiedProblem, match=r"official-weeks\.jsonl: not a list of the weeks"):
        judge(life, FRIDAY)
    assert (life.home / "evidence" / LOG).read_bytes() == before


def test_a_rehearsal_remembers_in_its_own_folder(
    keys: Path, tmp_path: Path, signer: Signer, judge: Callable[[Weeks, str], Scorecard]
) -> None:
    """Its key lies there too; the memory of the real keys is not touched."""
    life = Weeks(tmp_path / "rehearsal", signer)
    assert judge(life, FRIDAY).spec.standing is Standing.OFFICIAL
    lines = [msgspec.json.decode(line) for line in (life.home / "keys" / FILE).read_bytes().splitlines()]
    assert [(line["step"], line["week"], line["keyid"]) for line in lines] == [
        ("begun", "2026-W47", life.own.keyid),
        ("signed", "2026-W47", life.own.keyid),
    ]
    assert not (keys / FILE).exists()
