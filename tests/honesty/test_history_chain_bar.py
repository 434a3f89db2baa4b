"""A past that is rewritten, and a bar that is bent."""

import json
import shutil

import msgspec
import pytest
from honest_state import BUILD, CLEAN, NOW, criterion, gate
from honest_weeks import Weeks, card_in, forged, list_card
from log_heads import forget_head
from signing import ADA, document, first, person, public, put_signers, signed_document, signers, waiver_act
from ways import way

from gates.evidence.statement import Measure
from gates.schema.canonical import sha256_hex

STRAY = 9
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def weeks(gonogo, tmp_path, monkeypatch) -> Weeks:
    """A rehearsal in which weeks pass."""
    return Weeks(gonogo.home, tmp_path, gonogo, monkeypatch)


@way("H1")
def test_an_edited_card_signed_again_with_the_true_key_is_refused(gonogo, state) -> None:
    """The signature holds; the card does not follow from its evidence."""
    folder = state.review()
    state.record({"double_settles": Measure("1", "count", 412)})
    card, signature = folder / "scorecard.yaml", folder / "scorecard.intoto.json"
    card.write_text(card.read_text().replace("decision: GO", "decision: CONDITIONAL GO", 1))
    digests = {name: sha256_hex((folder / name).read_bytes()) for name in ("scorecard.yaml", "scorecard.html")}
    past = {"yaml_sha256": digests["scorecard.yaml"]}
    signature.write_bytes(forged(card_in(folder), state.signer, digests, past=past))
    gonogo.refused(gonogo("scorecard", "verify", folder), 8, "found 'decision: CONDITIONAL GO', but it should be 'decision: GO'")


@way("H2")
def test_a_comment_in_the_page_is_refused(gonogo, state) -> None:
    """Not one byte differs from what the card gives."""
    folder = state.review()
    page = folder / "scorecard.html"
    page.write_bytes(page.read_bytes() + b"<!-- approved by the board -->\n")
    gonogo.refused(gonogo("scorecard", "verify", folder), 8, "scorecard.html line ")


@way("H3")
def test_the_second_evaluation_of_a_week_is_a_preview(gonogo, weeks) -> None:
    """Whatever came out first."""
    weeks.measure("2026-11-27", Measure("1", "count", 412))
    first_one = weeks.card("2026-11-27", "12:05")
    assert (first_one.code, ", official" in first_one.text) == (1, True), first_one.text
    weeks.measure("2026-11-27", CLEAN, "13:00")
    gonogo.refused(weeks.card("2026-11-27", "14:00"), 0, "preview (2026-W48 has its official verdict, NO GO")


@way("H4")
def test_a_waiver_of_a_p0_gate_is_refused(gonogo, state) -> None:
    """When it is added, and when it comes signed in a file."""
    put_signers(state.home, first(document(at=LONG_AGO)), keys=state.folder / "keys")
    plan = ("--owner", "bob", "--reason", "known and small", "--ticket", "OPS-412", "--mitigation", "a second host by Friday")
    gates = state.gate_file(gate())
    words = ("waiver", "add", "money", *plan, "--expires", "14d", "--as", "ada", "--gates", gates)
    gonogo.refused(gonogo(*words), 2, "the gate money is P0: it cannot be waived")
    waivers = state.folder / "waivers"
    waivers.mkdir()
    in_force = signers(first(document(at=LONG_AGO))).digest
    (waivers / "one.json").write_bytes(msgspec.json.encode(waiver_act("money", signers=in_force)))
    gonogo.refused(state.judge(more=("--waivers", waivers)), 2, "the gate money is P0: it cannot be waived")


@way("H5")
def test_a_p0_gate_written_as_waivable_is_refused(gonogo, state) -> None:
    """The gate file itself."""
    gonogo.refused(state.judge(gate(waivable=True)), 2, "gate money: a P0 gate cannot be waivable")


@way("H6")
def test_a_gate_id_given_twice_is_refused(gonogo, state) -> None:
    """In one file, and in two."""
    gonogo.refused(state.judge(gate(), gate(letter="D")), 2, "the gate id 'money' is given 2 times")
    state.gate_file(gate())
    folder = state.gate_file(gate(letter="D"), name="second.yaml")
    gonogo.refused(gonogo("gate", "validate", folder), 2, "the gate id 'money' is already given in")


@way("H7")
def test_a_set_of_p1_gates_alone_is_refused(gonogo, state) -> None:
    """Nothing in it could stop the launch; `validate` refuses what `run` refuses."""
    folder = state.gate_file(gate(priority="P1"))
    gonogo.refused(gonogo("gate", "run", "--gates", folder, "--build", BUILD), 2, "no gate has priority P0")
    gonogo.refused(gonogo("gate", "validate", folder), 2, "no gate has priority P0")


def rolled_back(state, lines: int) -> None:
    """The log as it was when it had so many lines, and the store with what those list."""
    log = state.home / "evidence" / "log.jsonl"
    kept = log.read_bytes().splitlines(keepends=True)[:lines]
    listed = {json.loads(line)["object"] for line in kept}
    for path in state.store.objects.glob("*/*"):
        if path.name.partition(".")[0] not in listed:
            path.unlink()
    log.write_bytes(b"".join(kept))


@way("H8")
def test_a_log_truncated_to_an_older_head_is_refused(gonogo, state) -> None:
    """The head that is kept outside the state folder names it; on another machine the envelopes left over do, or a known head."""
    state.clean()
    before = len((state.home / "evidence" / "log.jsonl").read_bytes().splitlines())
    state.record({"double_settles": Measure("1", "count", 412)})
    head = gonogo("evidence", "verify").out.split()[-1]
    log = state.home / "evidence" / "log.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[:before]))
    cut = f"truncated: it ends with entry {before}, before the known head"
    gonogo.refused(state.judge(), 8, cut)
    log.write_bytes(whole)
    rolled_back(state, before)
    for command in (("evidence", "verify"), ("scorecard", "history"), ("evidence", "list")):
        gonogo.refused(gonogo(*command), 8, cut)
    gonogo.refused(state.judge(), 8, "its head is kept in FOLDER")
    forget_head(state.home)
    gonogo.refused(gonogo("evidence", "verify", "--head", head), 8, cut)
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[: before - 1]))
    gonogo.refused(state.judge(), 8, "in no entry: added by hand, or the log was truncated")


@way("H9")
def test_two_logs_that_fork_are_refused(gonogo, state) -> None:
    """Somebody with the key goes on from an older copy: as long as before, and another."""
    state.clean()
    copy = state.folder / "copy"
    shutil.copytree(state.home / "evidence", copy)
    state.record({"double_settles": Measure("1", "count", 412)})
    head = gonogo("evidence", "verify").out.split()[-1]
    shutil.rmtree(state.home / "evidence")
    copy.rename(state.home / "evidence")
    gonogo.refused(gonogo("evidence", "verify"), 8, "truncated: ")
    forget_head(state.home)
    state.clean()
    gonogo.refused(gonogo("evidence", "verify", "--head", head), 8, "forked: ")


@way("H10")
def test_a_card_moved_to_another_week_is_refused(gonogo, weeks) -> None:
    """In its folder it does not follow from its inputs; in the log it was judged before that week was due."""
    weeks.measure("2026-11-27", CLEAN)
    assert weeks.card("2026-11-27", "12:05").code == 0
    moved = {"week": "2026-W49", "previous": card_in(weeks.folder).predicate.facts["past"]["yaml_sha256"]}
    weeks.at("2026-12-04", "12:05")
    list_card(weeks.state, forged(card_in(weeks.folder), weeks.state.signer, past={"week": "2026-W49"}, **moved))
    text = "outside the time in which that week's card is official"
    gonogo.refused(weeks.card("2026-12-04", "12:10"), 8, text)
    gonogo.refused(gonogo("scorecard", "history"), 8, text)
    folder = weeks.state.folder / "card-1"
    for name in ("inputs.yaml", "scorecard.yaml"):
        (folder / name).write_text((folder / name).read_text().replace("2026-W48", "2026-W49"))
    gonogo.refused(gonogo("scorecard", "verify", folder), 8, "scorecard.yaml was signed with sha256")


@way("H11")
def test_a_signer_added_by_one_person_is_refused(gonogo, state) -> None:
    """By command it waits for a second person; written into the file it breaks the chain."""
    put_signers(state.home, first(document(at=LONG_AGO)), keys=state.folder / "keys")
    assert gonogo("signer", "add", "--person", "Mallory <mallory>").code == 0
    gonogo.refused(gonogo("signer", "sign", "--as", "ada"), 5, "signed by ada alone; a change needs 2 people")
    more = (*document().people, person("Mallory", public(STRAY)))
    spec = document(previous=signers(first(document(at=LONG_AGO))).digest, at="2026-11-10T00:00:00.000Z", people=more)
    (state.home / "signers.json").write_bytes(
        msgspec.json.encode([first(document(at=LONG_AGO)), signed_document(spec, ADA, STRAY)])
    )
    gonogo.refused(gonogo("signer", "list"), 8, "a change needs 2 people of the document in force")


@way("H12")
def test_a_bar_tightened_and_loosened_within_a_week_is_compared_with_last_weeks(gonogo, weeks) -> None:
    """Two previews on other bars in between change nothing: the official bars of two weeks are compared."""
    bar = {samples: gate(criterion(min_samples=samples)) for samples in (100, 200, 400)}
    weeks.measure("2026-11-27", CLEAN)
    assert weeks.card("2026-11-27", "12:05", bar[200]).code == 0
    weeks.measure("2026-12-04", CLEAN)
    for moment, samples in (("09:30", 400), ("09:40", 100)):
        assert "preview" in weeks.card("2026-12-04", moment, bar[samples]).text
    ending = weeks.card("2026-12-04", "12:05", bar[100])
    gonogo.refused(ending, 0, "the bar was lowered (money double_settles: loosened, min_samples 200 -> 100")
    assert weeks.spec()["streak"]["length"] == 1


@way("H13")
def test_gates_split_into_many_do_not_raise_the_share(gonogo, weeks) -> None:
    """One of two passed; of ten nine do; of last week's two none is left that passes."""
    p1 = {"priority": "P1", "waivable": True}
    good, bad = gate(id="good", letter="D", **p1), gate(criterion("errors"), id="bad", letter="E", **p1)
    weeks.measure("2026-11-27", CLEAN, errors=Measure("1", "count", 412))
    assert weeks.card("2026-11-27", "12:05", gate(), good, bad).code == 1
    weeks.measure("2026-12-04", CLEAN, errors=Measure("1", "count", 412))
    split = [gate(id=f"good-{number}", letter=chr(70 + number), **p1) for number in range(9)]
    ending = weeks.card("2026-12-04", "12:05", gate(), bad, *split)
    gonogo.refused(ending, 1, "0 of the 2 P1 gates of 2026-W48 pass; no longer in the gate set, so not passed: good")
    gonogo.refused(weeks.judge(gate(), bad, *split), 1, "0 of the 2 P1 gates of 2026-W48 pass")


@way("U7")
def test_a_week_made_elsewhere_is_no_official_week(gonogo, state) -> None:
    """A row in the database of old releases counts for nothing; a card that the evidence key signs is not by a listed key."""
    put_signers(state.home)
    folder = state.review()
    (state.home / "history.db").write_bytes(b"SQLite format 3\0")
    assert [row["standing"] for row in json.loads(gonogo("scorecard", "history", "--format", "json").out)] == ["preview"]
    list_card(state, forged(card_in(folder), state.signer, standing="official"))
    text = "which the Signers do not list for official cards"
    gonogo.refused(gonogo("scorecard", "history"), 8, text)
    build = ("scorecard", "build", "--gates", state.gate_file(gate()), "--build", BUILD, "--out", state.folder / "next")
    gonogo.refused(gonogo(*build), 8, text)


@way("U8")
def test_a_past_week_that_was_replaced_is_named(gonogo, weeks) -> None:
    """Its YAML, its card, and with the key a whole new log: the card of the next week names the old one."""
    weeks.measure("2026-11-27", Measure("1", "count", 412))
    before = len((weeks.state.home / "evidence" / "log.jsonl").read_bytes().splitlines())
    assert weeks.card("2026-11-27", "12:05").code == 1
    weeks.measure("2026-12-04", CLEAN)
    red = weeks.folder
    assert weeks.card("2026-12-04", "12:05").code == 0
    next_one = weeks.folder
    yaml = weeks.state.store.artifact_path(sha256_hex((next_one / "scorecard.yaml").read_bytes()))
    whole = yaml.read_bytes()
    yaml.write_bytes(whole.replace(b"GO", b"GO!"))
    weeks.measure("2026-12-11", CLEAN)
    gonogo.refused(weeks.card("2026-12-11", "12:05"), 8, "the scorecard of 2026-W49 was changed")
    yaml.write_bytes(whole)
    rolled_back(weeks.state, before)
    forget_head(weeks.state.home)
    weeks.at("2026-11-27", "12:05")
    green = {"state": "green", "decision": "GO", "yaml_sha256": "a" * 64}
    list_card(weeks.state, forged(card_in(red), weeks.state.signer, {"scorecard.yaml": "a" * 64}, past=green))
    weeks.at("2026-12-04", "12:05")
    now = gonogo("evidence", "verify").out.split()[-1]
    list_card(weeks.state, forged(card_in(next_one), weeks.state.signer, log_head=now))
    gonogo.refused(gonogo("scorecard", "history"), 8, "one was replaced")


@way("U9")
def test_a_lost_history_is_not_begun_again_in_silence(gonogo, weeks) -> None:
    """Without its log the store is refused, cut before the card too; restored from the review folder it has the red week."""
    weeks.measure("2026-11-27", Measure("1", "count", 412))
    before = len((weeks.state.home / "evidence" / "log.jsonl").read_bytes().splitlines())
    assert weeks.card("2026-11-27", "12:05").code == 1
    copy = weeks.state.folder / "copy"
    shutil.copytree(weeks.state.home / "evidence", copy)
    shutil.rmtree(weeks.state.home / "evidence")
    gonogo.refused(weeks.card("2026-11-27", "14:00"), 8, "log.jsonl: lost: ")
    shutil.rmtree(weeks.state.home / "evidence", ignore_errors=True)
    copy.rename(weeks.state.home / "evidence")
    rolled_back(weeks.state, before)
    gonogo.refused(weeks.card("2026-11-27", "15:00"), 8, "before the known head")
    forget_head(weeks.state.home)
    gonogo.refused(weeks.card("2026-11-27", "15:10"), 8, "truncated: the official scorecard in ")
    rolled_back(weeks.state, before - 1)
    gonogo.refused(weeks.card("2026-11-27", "16:00"), 8, "truncated: it ends with entry")
    restored = gonogo("state", "restore", weeks.state.folder / "card-1", "--rehearsal")
    assert restored.code == 0, restored.text
    weeks.measure("2026-12-04", CLEAN)
    gonogo.refused(weeks.card("2026-12-04", "12:05"), 0, "Held back by: 2026-W48 was NO GO")


@way("U18")
def test_a_limit_that_cannot_fail_is_refused_and_an_own_set_is_named(gonogo, state) -> None:
    """`lte 1e999`, `lte 999999999`, `gte 0` on a count; and the card of one own gate lists what of the plan it leaves out."""
    gonogo.refused(state.judge(gate(criterion(threshold="1e999"))), 2, "1e999 is beyond every number")
    gonogo.refused(state.judge(gate(criterion(operator="gte", threshold="0"))), 2, "criterion double_settles: ")
    gonogo.refused(state.judge(gate(criterion(threshold="999999999"))), 2, "cannot fail: nothing that is measured here")
    out = state.review()
    shown = gonogo("scorecard", "show", out)
    gonogo.refused(shown, 0, "Judged by your own gate set")
    gonogo.refused(shown, 0, "of the launch plan's 5 P0 questions unanswered")


@way("U19")
def test_a_gate_file_that_would_not_be_read_is_read_or_refused(gonogo, state) -> None:
    """Under another suffix it is read and fails; in a sub-folder it is refused by name."""
    state.record({"double_settles": CLEAN, "errors": Measure("1", "count", 412)})
    state.gate_file(gate())
    for name in ("c.YAML", "c.yml", "c.json"):
        folder = state.gate_file(gate(criterion("errors"), id="errors", letter="D"), name=name)
        path = folder / name
        if name == "c.json":
            path.write_bytes(msgspec.json.encode(msgspec.yaml.decode(path.read_bytes())))
        ending = gonogo("gate", "run", "--gates", folder, "--build", BUILD, "--now", NOW)
        gonogo.refused(ending, 1, "FAIL P0 D errors")
        path.unlink()
    state.gate_file(gate(criterion("errors"), id="errors", letter="D"), name="old/c.yaml")
    folder = state.folder / "gates"
    gonogo.refused(gonogo("gate", "run", "--gates", folder, "--build", BUILD), 2, "old/c.yaml: a gate file ")


@way("U20")
def test_waivers_by_the_owner_without_an_end_are_refused(gonogo, state) -> None:
    """Each fault by itself, though the signature is a true one."""
    put_signers(state.home)
    state.record({"double_settles": CLEAN, "errors": Measure("1", "count", 412)})
    p1 = gate(criterion("errors"), id="errors", letter="D", priority="P1", waivable=True)
    waivers = state.folder / "waivers"
    waivers.mkdir()
    for changes, reason in (
        ({"owner": "ada"}, "ada cannot approve it: 'ada' owns the waiver"),
        ({"expires_at": "9999-01-01T00:00:00Z"}, "is more than 14 days after"),
        ({"mitigation": "x"}, "mitigation: 'x' is no plan"),
        ({"ticket": ""}, "ticket: '' is not a ticket's name"),
    ):
        (waivers / "one.json").write_bytes(msgspec.json.encode(waiver_act("errors", **changes)))
        gonogo.refused(state.judge(gate(), p1, more=("--waivers", waivers)), 8, reason)


@way("U21")
def test_what_is_measured_with_is_part_of_the_bar(gonogo, weeks) -> None:
    """The rules of the target file, the load profile, and a gate that may be waived now."""
    p1 = {"id": "errors", "letter": "D", "priority": "P1"}
    weeks.measure("2026-11-27", CLEAN, errors=CLEAN)
    assert weeks.card("2026-11-27", "12:05", gate(), gate(criterion("errors"), **p1)).code == 0
    weeks.measure("2026-12-04", CLEAN, errors=CLEAN)
    waivable = gate(criterion("errors"), **p1, waivable=True)
    ending = weeks.card("2026-12-04", "09:30", gate(), waivable)
    gonogo.refused(ending, 0, "the bar was lowered (errors: loosened, waivable false -> true)")
    ending = weeks.card("2026-12-04", "09:40", gate(), gate(criterion("errors"), **p1), more=("--profile", "weekly"))
    gonogo.refused(ending, 3, "the load profile: changed, ")
    target = weeks.target_that_accepts_more()
    ending = weeks.card("2026-12-04", "09:50", gate(), gate(criterion("errors"), **p1), more=("--target", target))
    gonogo.refused(ending, 3, "the rules of the target file: changed, ")


@way("U22")
def test_an_automatic_no_go_loosened_without_signatures_stays_a_no_go(gonogo, weeks) -> None:
    """Double settles allowed 0 to 5, for two weeks: nothing fails by the loosened bar, and waiting does not make it the bar."""
    strict, loose = (gate(criterion(automatic_no_go=True, threshold=limit)) for limit in ("0", "5"))
    weeks.measure("2026-11-27", CLEAN)
    assert weeks.card("2026-11-27", "12:05", strict).code == 0
    for friday in ("2026-12-04", "2026-12-11"):
        weeks.measure(friday, CLEAN)
        ending = weeks.card(friday, "12:05", loose)
        gonogo.refused(ending, 3, "the bar was lowered without authority")
        assert weeks.spec()["streak"]["length"] == 0
        gonogo.refused(weeks.judge(loose), 3, "alone stops a launch, and since")
