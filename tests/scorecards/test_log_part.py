"""The log in a review folder: what it lists is there and was judged, also where somebody with the key wrote the folder again."""

import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem
from gates.schema.gate import Gate
from scorecards import folder
from scorecards.build import BuildInputs, build
from scorecards.card import sign_card
from scorecards.render import render_html
from scorecards.schema import Standing
from scorecards.text import render_text
from scorecards.verify import Checked, verify_folder

ONE = reviewed("5f" * 32)
Hold = Callable[..., Held]


@pytest.fixture
def red(hold: Hold) -> Held:
    """A load run of this week that found a double settle; the run after it is clean."""
    return hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("1", "count", 412)}, "2026-11-26T09:00:00.000Z")


@pytest.fixture
def life(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held], red: Held) -> Weeks:
    """A rehearsal's state folder with an official week, and in the next one a red run and a run that left no statement."""
    life = Weeks(tmp_path / "home", signer)
    life.judge(gates, ONE, "2026-11-20T12:01:00Z")
    life.add([red], "2026-11-26T09:01:00Z")
    life.store("2026-11-26T10:00:00Z").begin_run(life.own, step="crash-drill", target="local")
    life.add(evidence, "2026-11-27T11:50:00Z")
    return life


@pytest.fixture
def review(life: Weeks, gates: tuple[Gate, ...]) -> Path:
    """The folder of the next week's official review."""
    return life.judge(gates, ONE, "2026-11-27T12:05:00Z")[1]


def failures(life: Weeks, review: Path) -> list[str]:
    return [level.detail for level in verify_folder(review, own_trust(life.home)) if level.checked is Checked.FAIL]


def written_again(life: Weeks, review: Path, inputs: BuildInputs, held: Sequence[Held]) -> None:
    """The folder for other inputs, or other statements, with a card that the true key signs."""
    previous = folder.read_previous(review)
    card = build(inputs, held, None if previous is None else previous[1])
    yaml = folder.scorecard_yaml(card)
    html = render_html(card, sha256_hex(yaml))
    files = {
        folder.INPUTS_FILE: folder.inputs_yaml(inputs),
        folder.BUNDLE_FILE: folder.bundle(held),
        folder.YAML_FILE: yaml,
        folder.HTML_FILE: html,
        folder.SIGNATURE_FILE: msgspec.json.encode(sign_card(life.own, card, ONE.target, None, yaml, html)),
    }
    for name, data in files.items():
        (review / name).write_bytes(data)


def bundled(life: Weeks, review: Path) -> list[Held]:
    return folder.read_bundle(review, own_trust(life.home))


def test_a_folder_that_was_written_again_as_it_was_verifies(life: Weeks, review: Path) -> None:
    """So that each of the next tests fails for the one thing that it changes."""
    written_again(life, review, folder.read_inputs(review), bundled(life, review))
    assert failures(life, review) == []


def test_a_log_without_its_envelopes_is_refused(life: Weeks, review: Path) -> None:
    """All of them, or one."""
    path = review / "log.intoto.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    digest = sha256_hex(lines[0].rstrip(b"\n"))
    assert failures(life, review) == [f"log.intoto.jsonl: does not hold the card {digest}, which entry 2 of log.jsonl lists"]
    path.unlink()
    assert failures(life, review) == [f"{path}: no such file"]


def test_a_red_run_that_the_bundle_leaves_out_is_named(life: Weeks, review: Path, red: Held) -> None:
    """Everything else of the folder fits together, under the true key."""
    assert red.digest in {item.digest for item in bundled(life, review)}
    others = [item for item in bundled(life, review) if item.digest != red.digest]
    written_again(life, review, folder.read_inputs(review), others)
    (said,) = failures(life, review)
    assert said.startswith(f"evidence.intoto.jsonl: leaves out the load-run {red.digest}, which log.jsonl lists")


def test_evidence_of_later_than_a_chosen_moment_is_left_out_and_named(life: Weeks, gates: tuple[Gate, ...], hold: Hold) -> None:
    """The older evidence is judged; by the clock the later statement makes it stale, for then a clock is wrong."""
    later = hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("1", "count", 412)}, "2026-12-01T09:00:00.000Z")
    life.add([later], "2026-12-01T09:01:00Z")
    card, review = life.judge(gates, ONE, "2026-11-27T12:05:00Z", by_hand=True)
    assert card.spec.log.left_out == (later.digest,)
    assert f"1 statement is of later than the moment of --now and left out: {later.digest[:12]}." in render_text(card)
    assert later.digest not in {item.digest for item in bundled(life, review)}
    assert failures(life, review) == []
    by_clock, _ = life.judge(gates, ONE, "2026-11-27T12:05:00Z", because="a test")
    assert by_clock.spec.log.left_out == ()
    assert any("after the moment of the judgement" in item.detail for gate in by_clock.spec.gates for item in gate.criteria)
    assert not any("after the moment of the judgement" in item.detail for gate in card.spec.gates for item in gate.criteria)


def test_a_red_run_of_after_the_chosen_moment_is_on_the_card_of_its_week(
    life: Weeks, gates: tuple[Gate, ...], hold: Hold
) -> None:
    """It is in the bundle, and the folder does not verify without it."""
    later = hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("7", "count", 412)}, "2026-11-28T09:00:00.000Z")
    life.add([later], "2026-11-28T09:01:00Z")
    card, review = life.judge(gates, ONE, "2026-11-27T12:05:00Z", by_hand=True)
    assert later.digest in {run.evidence for run in card.spec.red_runs}
    assert failures(life, review) == []
    others = [item for item in bundled(life, review) if item.digest != later.digest]
    written_again(life, review, folder.read_inputs(review), others)
    assert failures(life, review)[0].startswith(f"evidence.intoto.jsonl: leaves out the load-run {later.digest}")


def test_inputs_that_leave_out_more_than_what_came_later_are_named(
    life: Weeks, gates: tuple[Gate, ...], red: Held, hold: Hold
) -> None:
    """The red run of before the moment, next to what came later; or nothing of it at all."""
    later = hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("0", "count", 412)}, "2026-12-01T09:00:00.000Z")
    life.add([later], "2026-12-01T09:01:00Z")
    _, review = life.judge(gates, ONE, "2026-11-27T12:05:00Z", by_hand=True)
    inputs, held = folder.read_inputs(review), bundled(life, review)
    more = msgspec.structs.replace(inputs.log, left_out=tuple(sorted((later.digest, red.digest))))
    kept = [item for item in held if item.digest != red.digest]
    written_again(life, review, msgspec.structs.replace(inputs, log=more), kept)
    text = "inputs.yaml: leaves out other statements than those of later than its moment"
    assert failures(life, review) == [f"{text}: {red.digest}"]
    none = msgspec.structs.replace(inputs.log, left_out=())
    written_again(life, review, msgspec.structs.replace(inputs, log=none), held)
    assert failures(life, review)[0].startswith(f"evidence.intoto.jsonl: leaves out the load-run {later.digest}")


def test_a_run_without_a_statement_that_the_inputs_leave_out_is_named(life: Weeks, review: Path) -> None:
    """It began in this week; the card would be silent about it."""
    inputs = folder.read_inputs(review)
    (run,) = inputs.unfinished
    written_again(life, review, msgspec.structs.replace(inputs, unfinished=()), bundled(life, review))
    (said,) = failures(life, review)
    assert said.startswith(f"inputs.yaml: leaves out the crash-drill {run.run} that log.jsonl lists")


def test_a_part_that_begins_after_the_red_run_is_refused(life: Weeks, review: Path, red: Held) -> None:
    """It begins with the last official card, or with the first entry."""
    log = review / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    after = next(number for number, line in enumerate(lines, 1) if red.digest.encode() in line)
    log.write_bytes(b"".join(lines[after:]))
    others = [item for item in bundled(life, review) if item.digest != red.digest]
    written_again(life, review, msgspec.structs.replace(folder.read_inputs(review), unfinished=()), others)
    (said,) = failures(life, review)
    assert said == f"log.jsonl begins with entry {2 + after}, which is not an official card: earlier entries are left out"


def test_statements_without_a_log_are_refused(life: Weeks, review: Path) -> None:
    """Inputs that name no head, in a folder that has evidence."""
    (review / "log.jsonl").unlink()
    (review / "log.intoto.jsonl").unlink()
    written_again(life, review, msgspec.structs.replace(folder.read_inputs(review), log_head=""), bundled(life, review))
    assert failures(life, review) == [f"{review / 'log.jsonl'}: no such file"]


def test_a_disk_that_is_full_while_the_folder_is_written_lists_no_card(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """The limit lets scorecard.yaml in and not the page: the log lists no card, and the week still has its verdict to come."""
    yaml, page = ((life.home / "reviews" / "latest" / name).stat().st_size for name in ("scorecard.yaml", "scorecard.html"))
    assert page > 2 * yaml
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = (life.home / "evidence" / "log.jsonl").read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, ((yaml + page) // 2, hard))
    try:
        with pytest.raises((OSError, UnknownProblem), match="File too large"):
            life.judge(gates, ONE, "2026-11-27T12:05:00Z")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (life.home / "evidence" / "log.jsonl").read_bytes() == before
    card, again = life.judge(gates, ONE, "2026-11-27T12:06:00Z")
    assert (card.spec.standing, failures(life, again)) == (Standing.OFFICIAL, [])


def test_a_card_that_was_listed_just_before_the_end_is_signed_off_by_the_next_command(
    life: Weeks, review: Path, gates: tuple[Gate, ...]
) -> None:
    """The process ended between the line in the log and the last file's name; one that was never listed stays as it is."""
    card = review / folder.SIGNATURE_FILE
    card.replace(review / folder.UNLISTED_FILE)
    stray = review.with_name("2026-W48-9")
    stray.mkdir()
    (stray / folder.UNLISTED_FILE).write_bytes(b"{}\n")
    assert life.judge(gates, ONE, "2026-11-27T13:00:00Z")[0].spec.standing is Standing.PREVIEW
    assert (card.exists(), failures(life, review)) == (True, [])
    assert (stray / folder.UNLISTED_FILE).exists()


def test_the_folder_of_a_rehearsal_says_so_wherever_it_is_verified(
    life: Weeks, review: Path, tmp_path: Path, signer: Signer
) -> None:
    """In its own state folder, elsewhere, and where nobody is trusted."""
    own = verify_folder(review, own_trust(life.home), "your keys")[-1]
    assert (own.checked, own.detail) == (Checked.PASS, "by your keys, a rehearsal's: the scorecard decides nothing")
    other = Weeks(tmp_path / "other", signer, rehearsal=False)
    for trust in (own_trust(other.home), None):
        level = verify_folder(review, trust)[-1]
        assert (level.checked, level.detail.startswith("a rehearsal made this folder: ")) == (Checked.FAIL, True)
