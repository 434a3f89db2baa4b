"""A log that was restored, or written by a clock that went backwards, shows on the card; and an official card holds its log."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from intruder import cut_to, entries_of, write_again
from log_heads import forget_head
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.log.chain import LogProblem
from gates.log.entry import EntryKind
from gates.log.restore import Restored, restore
from gates.schema.gate import Gate
from gates.schema.time import fixed_clock, parse_utc
from scorecards import folder
from scorecards.material import read_history
from scorecards.runs import run_lines
from scorecards.schema import Scorecard, Standing
from scorecards.verify import Checked, verify_folder

ONE = reviewed("5f" * 32)
Hold = Callable[..., Held]


@pytest.fixture
def life(tmp_path: Path, signer: Signer, green_gates: tuple[Gate, ...], green_evidence: list[Held]) -> Weeks:
    """A rehearsal's state folder with evidence and an official week."""
    life = Weeks(tmp_path / "home", signer)
    life.add(green_evidence, "2026-11-20T09:00:00Z")
    life.judge(green_gates, ONE, "2026-11-20T12:01:00Z")
    return life


def red(hold: Hold, at: str) -> Held:
    return hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("1", "count", 412)}, at)


def said(card: Scorecard) -> str:
    return " ".join(run_lines(card.spec))


def log_level(life: Weeks, review: Path) -> tuple[Checked, str]:
    level = verify_folder(review, own_trust(life.home))[1]
    return level.checked, level.detail


def restored(life: Weeks, now: str, *reviews: str) -> Restored:
    folders = [life.home / "reviews" / name for name in reviews]
    return restore(life.home, life.home / "evidence", folders, own_trust(life.home), fixed_clock(parse_utc(now)))


def test_what_a_restore_could_not_bring_back_is_on_the_card_and_in_verify(
    life: Weeks, hold: Hold, green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """A red run that was removed with its line: the week's card is a preview, and says how much of the log is gone."""
    before = len(entries_of(life.home))
    life.add([red(hold, "2026-11-26T09:00:00.000Z")], "2026-11-26T09:01:00Z")
    cut_to(life.home, before)
    with pytest.raises(LogProblem, match=f"it ends with entry {before}, before the known head {before + 1}"):
        life.judge(green_gates, ONE, "2026-11-27T12:05:00Z")
    done = restored(life, "2026-11-27T09:00:00Z", "2026-W47-1")
    assert (done.missing, done.lost, done.known.partition(":")[0]) == (1, (), str(before + 1))
    life.add(green_evidence, "2026-11-27T11:50:00Z")
    card, review = life.judge(green_gates, ONE, "2026-11-27T12:05:00Z")
    assert card.spec.standing is Standing.PREVIEW
    assert "without 1 of its entries: failing runs may be among them" in card.spec.standing_reason
    text = f"The log was restored on Fri 27 Nov 2026, 09:00 UTC, up to entry {before}; 1 entry could not be brought back"
    assert text in said(card)
    assert "The log was restored on Fri 27 Nov 2026" in (review / "scorecard.html").read_text()
    checked, detail = log_level(life, review)
    assert (checked, text in detail) == (Checked.PASS, True)
    later = life.judge(green_gates, ONE, "2026-12-04T12:05:00Z")[0]
    assert (later.spec.standing, text in said(later)) == (Standing.OFFICIAL, True)
    assert said(life.judge(green_gates, ONE, "2026-12-11T12:05:00Z")[0]) == ""


def test_a_folder_that_is_silent_about_a_restored_log_is_refused(life: Weeks, green_gates: tuple[Gate, ...]) -> None:
    """Its own log shows it."""
    cut_to(life.home, len(entries_of(life.home)) - 1)
    restored(life, "2026-11-21T09:00:00Z", "2026-W47-1")
    review = life.judge(green_gates, ONE, "2026-11-27T12:05:00Z")[1]
    inputs = folder.read_inputs(review)
    (review / folder.INPUTS_FILE).write_bytes(folder.inputs_yaml(msgspec.structs.replace(inputs, log=type(inputs.log)())))
    checked, detail = log_level(life, review)
    assert (checked, "inputs.yaml: does not say what log.jsonl shows: The log was restored" in detail) == (
        Checked.FAIL,
        True,
    )


def test_a_restore_names_the_objects_that_only_the_damaged_log_knew(life: Weeks, hold: Hold) -> None:
    """The head is gone as well: what the damaged lines name and nothing holds is still known."""
    item = red(hold, "2026-11-26T09:00:00.000Z")
    life.add([item], "2026-11-26T09:01:00Z")
    log = life.home / "evidence" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"kind":"key"', b'"kind":"run"', 1))
    (life.home / "evidence" / "objects" / item.digest[:2] / f"{item.digest}.intoto.json").unlink()
    forget_head(life.home)
    done = restored(life, "2026-11-27T09:00:00Z", "2026-W47-1")
    assert (done.missing, done.lost, done.known) == (1, (item.digest,), "")
    (note,) = life.store("2026-11-27T09:00:00Z").contents(own_trust(life.home)).restored()
    assert (note.missing, note.lost) == (1, (item.digest,))


def test_a_red_run_dated_last_week_by_a_clock_set_back_fails_this_week(
    life: Weeks, hold: Hold, green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """It stands in the log after an entry of this week; the card and verify say that the clock went backwards."""
    life.store("2026-11-26T09:00:00Z").begin_run(life.own, step="load-run", target="local")
    life.add([red(hold, "2026-11-19T09:00:00.000Z")], "2026-11-19T09:01:00Z")
    life.store("2026-11-19T10:00:00Z").begin_run(life.own, step="crash-drill", target="local")
    life.add(green_evidence, "2026-11-27T11:50:00Z")
    card, review = life.judge(green_gates, ONE, "2026-11-27T12:05:00Z")
    (stops,) = card.spec.automatic_no_go
    assert "a run listed after 2026-11-26T09:00:00.000Z by a clock set back on this build" in stops.detail
    assert {run.step for run in card.spec.unfinished} == {"load-run", "crash-drill"}
    text = "The log's clock went backwards: 2 entries stand after one of Thu 26 Nov 2026, 09:00 UTC, the first is entry "
    assert text in said(card)
    checked, detail = log_level(life, review)
    assert (checked, text in detail) == (Checked.PASS, True)
    assert [level.checked for level in verify_folder(review, own_trust(life.home))] == [Checked.PASS] * 10


def test_a_run_of_last_week_is_last_week_s_while_the_clock_goes_forward(
    life: Weeks, hold: Hold, green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """Also one that is added from a file this week, and entries that two processes date within two seconds."""
    life.add([red(hold, "2026-11-19T09:00:00.000Z")], "2026-11-26T09:00:01.900Z")
    life.add(green_evidence, "2026-11-26T09:00:00Z")
    card = life.judge(green_gates, ONE, "2026-11-27T12:05:00Z")[0]
    assert (card.spec.automatic_no_go, card.spec.log.set_back) == ((), ())


def test_an_official_card_holds_the_log_that_it_names(life: Weeks, hold: Hold, green_gates: tuple[Gate, ...]) -> None:
    """Whoever has the evidence key, and the head that is kept, writes the log before the card again: the card names its head."""
    entries = entries_of(life.home)
    place = next(number for number, entry in enumerate(entries) if entry.kind is EntryKind.STATEMENT)
    changed = [*entries[:place], msgspec.structs.replace(entries[place], at="2026-11-20T08:00:00.000Z"), *entries[place + 1 :]]
    forget_head(life.home)
    write_again(life.home, entries, life.own)
    assert [row.standing for row in read_history(life.home).rows(None)] == ["official"]
    write_again(life.home, changed, life.own)
    for use in (
        lambda: read_history(life.home).rows(None),
        lambda: life.judge(green_gates, ONE, "2026-11-27T12:05:00Z"),
    ):
        with pytest.raises(LogProblem, match=r"forked: its entry \d+ is not "):
            use()
