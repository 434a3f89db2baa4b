"""The history: one official verdict a week, each by a key that may, each on the last, as the log lists them."""

import shutil
from pathlib import Path

import msgspec
import pytest
from log_heads import forget_head
from signing import ADA, GRACE, act, put_act, put_signers
from statements import reviewed
from weeks import Weeks

from gates.acts.act import ActKind
from gates.evidence.dsse import Signer
from gates.evidence.keys import adopt_trust, own_trust
from gates.evidence.store import Held
from gates.log.entry import EntryKind
from gates.log.restore import restore
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from gates.schema.time import fixed_clock, parse_utc
from scorecards.history import history_text
from scorecards.material import read_history
from scorecards.schema import Scorecard, Standing

ONE = reviewed("5f" * 32)


@pytest.fixture
def life(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held]) -> Weeks:
    """A rehearsal's state folder with two official weeks."""
    life = Weeks(tmp_path / "home", signer)
    life.judge(gates, ONE, "2026-11-20T12:01:00Z")
    life.add(evidence, "2026-11-27T11:50:00Z")
    life.judge(gates, ONE, "2026-11-27T12:05:00Z")
    return life


def standings(life: Weeks) -> list[tuple[str, str]]:
    return [(row.week, row.standing) for row in read_history(life.home).rows(None)]


def test_the_official_weeks_come_back_each_with_its_card(life: Weeks) -> None:
    """Up to a week, of one target, oldest first."""
    history = read_history(life.home)
    assert [card.past.week for card in history.official("local", "2026-W48")] == ["2026-W47", "2026-W48"]
    assert [card.past.week for card in history.official("local", "2026-W47")] == ["2026-W47"]
    assert history.official("elsewhere", "2026-W48") == []


def test_previews_may_be_many_and_are_no_verdicts(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """They are listed, and do not enter the streak."""
    for moment in ("2026-11-27T15:00:00Z", "2026-11-27T16:00:00Z"):
        assert life.judge(gates, ONE, moment)[0].spec.standing is Standing.PREVIEW
    assert standings(life) == [
        ("2026-W48", "preview"),
        ("2026-W48", "preview"),
        ("2026-W48", "official"),
        ("2026-W47", "official"),
    ]
    assert "preview" in history_text(read_history(life.home).rows("local"), "text")


def test_a_card_that_is_taken_out_of_the_store_is_named(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """Exit 8: the log lists it."""
    card = read_history(life.home).official("local", "2026-W48")[0].held.digest
    next((life.home / "evidence" / "objects").glob(f"*/{card}*")).unlink()
    with pytest.raises(UnverifiedProblem, match=f"{card[:12]}"):
        life.judge(gates, ONE, "2026-12-04T12:05:00Z")


def test_a_second_official_card_of_a_week_is_refused(life: Weeks) -> None:
    """Whoever signs it with the evidence key and lists it: the week has its verdict."""
    held = read_history(life.home).official("local", "2026-W48")[1].held
    statement = msgspec.structs.replace(
        held.statement, predicate=msgspec.structs.replace(held.statement.predicate, duration_ms=1)
    )
    again = life.own.sign(
        held.envelope.payload_type, __import__("gates.schema.canonical", fromlist=["x"]).canonical_json(statement)
    )
    life.store("2026-11-27T18:00:00Z").append(life.own, EntryKind.CARD, msgspec.json.encode(again))
    with pytest.raises(UnverifiedProblem, match=r"of 2026-W48: the week has the official card"):
        read_history(life.home).official("local", "2026-W48")


def test_a_week_whose_card_is_listed_outside_it_is_refused(life: Weeks) -> None:
    """A card of last week that turns up now was never that week's verdict."""
    held = read_history(life.home).official("local", "2026-W48")[0].held
    other = Weeks(life.home.parent / "other", life.own)
    other.store("2026-11-27T18:00:00Z").append(other.own, EntryKind.CARD, msgspec.json.encode(held.envelope))
    shutil.copyfile(life.home / "keys" / "evidence-trust.json", other.home / "keys" / "more.json")
    adopt_trust(other.home, other.home / "keys" / "more.json")
    with pytest.raises(UnverifiedProblem, match="outside the time in which that week's card is official"):
        read_history(other.home).official("local", "2026-W48")


def test_the_yaml_of_last_week_is_what_its_card_signed(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """Changed or gone: exit 8 with the path, and nothing is judged."""
    past = read_history(life.home).official("local", "2026-W48")[1].past
    path = life.store("2026-12-04T12:00:00Z").artifact_path(past.yaml_sha256)
    path.write_bytes(path.read_bytes().replace(b"NO GO", b"GO"))
    with pytest.raises(UnverifiedProblem, match="the scorecard of 2026-W48 was changed"):
        life.judge(gates, ONE, "2026-12-04T12:05:00Z")
    path.unlink()
    with pytest.raises(UnverifiedProblem, match="the scorecard of 2026-W48 is gone"):
        life.judge(gates, ONE, "2026-12-04T12:05:00Z")


def cut_to(life: Weeks, count: int) -> None:
    """The log as it was with so many lines, and the store with what those list."""
    log = life.home / "evidence" / "log.jsonl"
    kept = log.read_bytes().splitlines(keepends=True)[:count]
    listed = {msgspec.json.decode(line)["object"] for line in kept}
    for path in (life.home / "evidence" / "objects").glob("*/*"):
        if path.name.partition(".")[0] not in listed:
            path.unlink()
    log.write_bytes(b"".join(kept))


def test_a_log_cut_just_before_the_last_card_does_not_give_its_week_another_verdict(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """The last review's card is in no entry: exit 8. Restored within its week it counts; later it is withdrawn."""
    log = life.home / "evidence" / "log.jsonl"
    cut = len(log.read_bytes().splitlines()) - 1
    for moment, standing in (("2026-11-28T09:00:00Z", "official"), ("2026-12-11T09:00:00Z", "withdrawn")):
        cut_to(life, cut)
        with pytest.raises(UnverifiedProblem, match=r"truncated: it ends with entry \d+, before the known head"):
            life.judge(gates, ONE, "2026-11-27T18:00:00Z")
        forget_head(life.home)
        with pytest.raises(UnverifiedProblem, match=r"truncated: the official scorecard in .*2026-W48-1 is in no entry"):
            life.judge(gates, ONE, "2026-11-27T18:00:00Z")
        folder = life.home / "reviews" / "2026-W48-1"
        restore(life.home, life.home / "evidence", [folder], own_trust(life.home), fixed_clock(parse_utc(moment)))
        assert standings(life) == [("2026-W48", standing), ("2026-W47", "official")]
    assert life.judge(gates, ONE, "2026-12-11T12:05:00Z")[0].spec.standing is Standing.OFFICIAL


def test_without_signers_nothing_is_official(
    tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held]
) -> None:
    """A first trial is a preview, and says why and what to do."""
    life = Weeks(tmp_path / "home", signer, rehearsal=False)
    life.add(evidence, "2026-11-27T11:50:00Z")
    card, _ = life.judge(gates, ONE, "2026-11-27T12:05:00Z")
    assert card.spec.standing is Standing.PREVIEW
    assert "there are no Signers yet" in card.spec.standing_reason
    assert "gonogo signer init" in card.spec.standing_reason


def test_a_past_week_becomes_official_by_two_people(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """A preview that was judged after the week's cut-off; its week then stands in the streak, marked as late."""
    put_signers(life.home)
    card, out = late(life, gates)
    assert standings(life)[0] == ("2026-W49", "preview")
    digest = card_sha256(out)
    put_act(life.home, act(ActKind.LATE_REVIEW, ADA, GRACE, name=digest, sha256=digest, at="2026-12-06T10:00:00.000Z"))
    assert standings(life)[0] == ("2026-W49", "late")
    (found,) = [item for item in read_history(life.home).official("local", "2026-W49") if item.past.week == "2026-W49"]
    assert sorted(found.late_by) == ["ada", "grace"]
    assert card.spec.standing is Standing.PREVIEW


@pytest.mark.parametrize(("judged", "week"), [("2026-12-07T09:00:00Z", "2026-W49"), ("2026-12-03T09:00:00Z", "2026-W49")])
def test_what_was_judged_outside_the_week_s_time_does_not_become_its_verdict(
    life: Weeks, gates: tuple[Gate, ...], judged: str, week: str
) -> None:
    """On the Monday after it the red runs of the week would not count, and on its Thursday it was not due."""
    put_signers(life.home)
    _, out = life.judge(gates, ONE, judged, because="a draft", week=week)
    digest = card_sha256(out)
    put_act(life.home, act(ActKind.LATE_REVIEW, ADA, GRACE, name=digest, sha256=digest, at="2026-12-07T10:00:00.000Z"))
    assert "2026-W49" not in [item.past.week for item in read_history(life.home).official("local", "2026-W49")]


def late(life: Weeks, gates: tuple[Gate, ...]) -> tuple[Scorecard, Path]:
    return life.judge(gates, ONE, "2026-12-04T18:00:00Z", because="a draft")


def card_sha256(out: Path) -> str:
    return sha256_hex((out / "scorecard.yaml").read_bytes())
