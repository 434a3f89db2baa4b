"""Registers on the scorecard: what is open stops a launch, and whoever verifies the card checks every entry."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from called import caller
from honest_state import BUILD, Ending, criterion, gate
from registered import Registered

from gates.evidence.keys import load_trust
from gates.schema.canonical import canonical_json, canonical_yaml, sha256_hex
from scorecards.registers_part import newly_shown

SOURCE = {"adapter": "register", "register": "security"}


class Cards(Registered):
    """Scorecards in a rehearsal, by a gate on double settles and one on the register of security findings."""

    number = 0

    def card(self, *more: str) -> Ending:
        """The scorecard of this moment."""
        register = criterion("open_p0", source=SOURCE, min_samples=1, exhaustive=True)
        gates = self.state.gate_file(gate(), gate(register, id="security", letter="E", title="Security"))
        self.number += 1
        self.path = self.folder / f"card-{self.number}"
        return self.gonogo("scorecard", "build", "--gates", gates, "--build", BUILD, "--out", self.path, *more)

    def verify(self, *more: str, path: Path | None = None) -> Ending:
        """Verify a scorecard, by default the last one, with the Signers of the state folder."""
        return self.gonogo("scorecard", "verify", path or self.path, *more)

    def spec(self) -> dict[str, object]:
        """The last scorecard."""
        return msgspec.yaml.decode((self.path / "scorecard.yaml").read_bytes())["spec"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    """A folder whose registers Ada, Grace and Ines may keep."""
    return Cards(tmp_path / "home", tmp_path, caller(tmp_path, monkeypatch), monkeypatch)


def test_an_open_p0_finding_is_a_no_go_until_somebody_else_shows_that_it_is_resolved(kept: Cards) -> None:
    """Never reviewed: 3. Reviewed: GO. Opened: 1, with owner and age on the card. Closed: GO. A week later: 3."""
    kept.statement()
    ending = kept.card()
    assert (ending.code, "nobody has reviewed the register security" in ending.text) == (3, True), ending.text
    kept.review()
    assert kept.card().code == 0
    name = kept.opened()
    kept.later(days=1)
    ending = kept.card()
    assert (ending.code, f"P0 {name} of backend, open since 2026-11-23T" in ending.text) == (1, True), ending.text
    page = (kept.path / "scorecard.html").read_text()
    assert f"a token is written to the log<small><code>{name}</code></small>" in page
    assert "</span> 1 d" in page
    assert kept.close(name).code == 0
    assert kept.card().code == 0
    kept.later(days=7)
    kept.statement()
    ending = kept.card()
    assert (ending.code, "by nobody for more than 7d since" in ending.text) == (3, True), ending.text


def test_gate_run_judges_by_the_registers_too(kept: Cards) -> None:
    """The same verdict as the scorecard's."""
    register = criterion("open_p0", source=SOURCE, min_samples=1, exhaustive=True)
    gates = kept.state.gate_file(gate(), gate(register, id="security", letter="E", title="Security"))
    kept.statement()
    judge = ("gate", "run", "--gates", gates, "--build", BUILD)
    assert kept.gonogo(*judge).code == 3
    kept.review()
    assert kept.gonogo(*judge).code == 0
    kept.opened()
    ending = kept.gonogo(*judge)
    assert (ending.code, "1, threshold at most 0: F-" in ending.text) == (1, True), ending.text


@pytest.fixture(scope="module")
def two_weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cards]:
    """An official card of W48 with a closed finding, and one of W49 with another one that is open; tests read them only."""
    folder = tmp_path_factory.mktemp("weeks")
    with pytest.MonkeyPatch.context() as patch:
        yield made_two_weeks(Cards(folder / "home", folder, caller(folder, patch), patch))


def made_two_weeks(kept: Cards) -> Cards:
    """Two weeks, each with its official card."""
    kept.statement()
    kept.review()
    name = kept.opened()
    assert kept.close(name).code == 0
    kept.at("2026-11-27T12:30:00.000Z")
    assert kept.card().code == 0
    assert kept.spec()["standing"] == "official"
    kept.later(days=4)
    kept.opened("--severity", "P1")
    kept.at("2026-12-04T11:00:00.000Z")
    kept.statement()
    kept.review()
    kept.at("2026-12-04T12:30:00.000Z")
    assert kept.card().code == 0
    return kept


def test_both_weeks_verify_although_the_folder_carries_a_part_of_the_log(two_weeks: Cards) -> None:
    """The second folder has the entries of the first week too; --deep changes nothing about them."""
    for number in (1, 2):
        ending = two_weeks.verify(path=two_weeks.folder / f"card-{number}")
        assert ending.code == 0, ending.text
    assert "5 entries, 1 items open" in ending.text
    assert len((two_weeks.path / "log.jsonl").read_bytes().splitlines()) < 12


def test_deep_verification_covers_what_closed_an_item_since_the_last_official_card(two_weeks: Cards) -> None:
    """Whoever packs the review hands its raw files over as well."""
    root = load_trust(two_weeks.path / "trust.json")
    (closed,) = (row["shown_by"] for row in two_weeks.rows() if row["state"] == "closed")
    first, second = (newly_shown(two_weeks.folder / f"card-{number}", root) for number in (1, 2))
    assert ([held.digest for held in first], second) == ([closed], [])
    ending = two_weeks.verify("--deep", path=two_weeks.folder / "card-1")
    assert (ending.code, f"load-run {closed[:12]}: it names no raw files" in ending.text) == (3, True), ending.text


def forged(kept: Cards, change) -> Ending:
    """Verify a copy of the last folder, its registers changed."""
    copy = kept.folder / "forged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(kept.path, copy)
    listing = msgspec.json.decode((copy / "registers.json").read_bytes())
    lines = (copy / "registers.intoto.jsonl").read_bytes().splitlines()
    inputs = msgspec.yaml.decode((copy / "inputs.yaml").read_bytes())
    change(listing, lines, inputs["spec"])
    (copy / "registers.json").write_bytes(canonical_json(listing))
    (copy / "registers.intoto.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (copy / "inputs.yaml").write_bytes(canonical_yaml(inputs))
    return kept.verify(path=copy)


def renamed(listing, spec) -> None:
    """The inputs name the changed list."""
    spec["registers_sha256"] = sha256_hex(canonical_json(listing))


def test_an_entry_that_a_folder_leaves_out_is_found(two_weeks: Cards) -> None:
    """Of this week: the log's part lists it. Of an earlier one: the last official card was judged with it."""

    def drop(number: int):
        def change(listing, lines, spec) -> None:
            del listing[number], lines[number]
            renamed(listing, spec)
            spec["registers"][0]["items"] = 1

        return change

    ending = forged(two_weeks, drop(-1))
    assert (ending.code, "leaves out or moves the entry" in ending.text) == (8, True), ending.text
    ending = forged(two_weeks, drop(0))
    assert (ending.code, "are not the ones that the last official card was judged with" in ending.text) == (8, True), ending.text

    def without_envelope(_listing, lines, _spec) -> None:
        del lines[0]

    ending = forged(two_weeks, without_envelope)
    assert (ending.code, "does not hold the entry" in ending.text) == (8, True), ending.text

    def with_another(_listing, lines, _spec) -> None:
        lines.append((two_weeks.path / "scorecard.intoto.json").read_bytes().strip())

    ending = forged(two_weeks, with_another)
    assert (ending.code, "which no entry names" in ending.text) == (8, True), ending.text


def test_inputs_that_say_otherwise_than_the_entries_are_found(two_weeks: Cards) -> None:
    """A finding that is not listed as open, a review of another day, another list of entries."""

    def closed(listing, lines, spec) -> None:
        spec["registers"][0]["open"] = []

    def reviewed(listing, lines, spec) -> None:
        spec["registers"][0]["reviewed_at"] = "2026-12-04T12:00:00.000Z"

    def other(listing, lines, spec) -> None:
        spec["registers_sha256"] = "0" * 64

    for change in (closed, reviewed):
        ending = forged(two_weeks, change)
        assert (ending.code, "what it says is open is not what the entries" in ending.text) == (8, True), ending.text
    ending = forged(two_weeks, other)
    assert (ending.code, "is not the list of entries that inputs.yaml names" in ending.text) == (8, True), ending.text


def test_without_pinned_signers_the_registers_are_not_checked(two_weeks: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 3: who may sign is known by the folder's own word alone; with the pin they are checked anywhere."""
    pin = (two_weeks.home / "signers.pin").read_text().strip()
    for name in ("signers.json", "signers.pin"):
        shutil.move(two_weeks.home / name, two_weeks.folder / name)
    try:
        ending = two_weeks.verify("--format", "json")
        pinned = two_weeks.verify("--signers", pin)
    finally:
        for name in ("signers.json", "signers.pin"):
            shutil.move(two_weeks.folder / name, two_weeks.home / name)
    (level,) = (one for one in msgspec.json.decode(ending.out)["levels"] if one["claim"].startswith("the registers'"))
    assert (ending.code, level["checked"], "name the document that you trust" in level["detail"]) == (3, "not checked", True)
    assert pinned.code == 0, pinned.text


def test_a_lost_log_is_restored_with_its_registers(kept: Cards) -> None:
    """From the review folders: the same entries, the same open findings; what came after the last card is listed again."""
    made_two_weeks(kept)
    later = kept.opened("--owner", "payments")
    before = [(row["id"], row["state"]) for row in kept.rows()]
    (kept.home / "evidence" / "log.jsonl").unlink()
    assert kept.gonogo("finding", "list").code == 8
    folders = [kept.folder / f"card-{number}" for number in (1, 2)]
    ending = kept.gonogo("state", "restore", *folders, "--rehearsal")
    assert ending.code == 0, ending.text
    rows = [(row["id"], row["state"]) for row in kept.rows()]
    assert sorted(rows) == sorted(before)
    assert later in dict(rows)
    kept.later()
    kept.review()
    assert kept.card("--draft").code == 1


def test_a_packed_review_carries_its_registers(two_weeks: Cards) -> None:
    """Whoever gets the copy verifies the entries as well."""
    out = two_weeks.folder / "packed"
    assert two_weeks.gonogo("scorecard", "pack", two_weeks.path, "--out", out).code in (0, 3)
    assert two_weeks.verify(path=out).code == 0
