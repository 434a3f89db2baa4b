"""Entries of the registers are kept: whatever is removed, changed, signed by another or signed again is found."""

import os
import shutil
import subprocess
import sys

import msgspec
import pytest
from honest_state import BUILD, Ending, renamed
from registered import LOOKED_AT, OPEN, START
from signing import ADA, CI, GRACE, INES, STRAY, document, first, key, person, public, put_signers, signed_document

from gates.evidence.dsse import decode_envelope
from gates.log.entry import EntryKind
from gates.registers.document import Acknowledged, Closed, Passed, Reviewed, ShownBy
from gates.registers.events import Draft, opened
from gates.registers.writing import View
from gates.schema.gate import Criterion, EvidenceSource
from gates.schema.outcome import Operator, Priority
from gates.schema.register import Register
from gates.schema.time import format_utc
from gates.signers.envelopes import payload_of
from gates.signers.private import keep_key

LIST = ("finding", "list")
JUDGE = ("gate", "run", "--build", BUILD)
SOURCE = EvidenceSource("urn:gonogo:evidence:load-run:v2", "double_settles")
CRITERION = Criterion("double_settles", "x", SOURCE, "count", Operator.LTE, "0")


def found(kept, why: str, code: int = 8) -> None:
    """Every command that reads the registers ends with this code and these words."""
    for words in (LIST, (*JUDGE, "--gates", kept.gates), ("finding", "ack", "F-0000000000", "--as", "ada")):
        ending = kept.gonogo(*words)
        assert (ending.code, why in ending.text) == (code, True), (words, ending.text)


def newest(kept) -> str:
    """The sha256 of the newest entry of a register."""
    return [entry.object for entry in kept.contents().entries(EntryKind.REGISTER)][-1]


def test_an_entry_whose_file_is_removed_is_found(kept):
    """The log lists it."""
    kept.opened()
    path = kept.state.path_of(newest(kept))
    path.unlink()
    found(kept, f"{path} is missing")


def test_an_entry_that_is_taken_out_of_the_log_is_found(kept):
    """The lines around it name each other, and the head is kept elsewhere."""
    kept.opened()
    kept.review()
    log = kept.home / "evidence" / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-2] + lines[-1:]))
    found(kept, "removed: line")
    log.write_bytes(b"".join(lines[:-2]))
    found(kept, "truncated: it ends with entry")


def test_an_entry_that_is_changed_is_found(kept):
    """Also in a file that is renamed to its new sha256."""
    kept.opened()
    path = kept.state.path_of(newest(kept))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"A", b"B", 1))
    found(kept, "the file was changed")
    path.write_bytes(data)
    renamed(path, data.replace(b"A", b"B", 1))
    found(kept, "unlisted: ")


@pytest.mark.parametrize(
    ("by", "number", "why"),
    [
        ("ada", GRACE, "by: ada has not signed it; signed by grace"),
        ("ada", STRAY, "which the trust root does not hold"),
        ("ci", CI, "is a machine's; an entry is signed by a person"),
    ],
)
def test_an_entry_by_somebody_else_is_found(kept, by, number, why):
    """Whoever has the evidence key can list it; the person's key it is not."""
    kept.planted(Reviewed(("a report of Monday",)), number, by)
    found(kept, why)


def test_an_entry_that_is_signed_again_is_found(kept):
    """The same words under another person's key are no entry of that person."""
    kept.opened()
    data = kept.contents().data[newest(kept)]
    envelope = decode_envelope(data, "x")
    from signing import signer

    again = signer(GRACE).sign(envelope.payload_type, payload_of(envelope, "x"))
    kept.state.store.append(kept.state.signer, EntryKind.REGISTER, msgspec.json.encode(again))
    found(kept, "by: ada has not signed it; signed by grace")


def test_an_entry_with_two_signatures_is_found(kept):
    """An entry is one person's."""
    from signing import signer

    from gates.signers.envelopes import sign_too

    kept.opened()
    envelope = decode_envelope(kept.contents().data[newest(kept)], "x")
    kept.state.store.append(kept.state.signer, EntryKind.REGISTER, msgspec.json.encode(sign_too(envelope, signer(GRACE))))
    found(kept, "has 2 signatures; an entry is one person's")


def test_an_entry_by_a_key_without_the_role_is_found(kept):
    """Ines may sign waivers alone."""
    from gates.signers.document import Role

    people = (*document().people[:2], person("Ines", public(3), roles=[Role.WAIVER]))
    put_signers(kept.home, first(document(at="2020-01-01T00:00:00.000Z", people=people)))
    kept.planted(Reviewed(("a report of Monday",)), 3, "ines")
    found(kept, "ines does not hold the role finding")


def shown(kept, digest: str, **changes: object) -> Closed:
    """A closing as somebody would sign it past the commands."""
    began = next(one for one in kept.contents().statements(kept.contents().own) if one.digest == digest).statement.predicate
    by = ShownBy(digest, "local", BUILD, began.started_at, (Passed("money", CRITERION),))
    names = tuple(kept.registers().book(kept.now).items)
    return Closed(names, Priority.P0, "the logger masks tokens now", msgspec.structs.replace(by, **changes))


def test_a_closing_that_no_statement_shows_is_found(kept):
    """Signed with the right key, past the commands: unknown, red, of another week, build or time, or by who opened it."""
    from registered import RED

    kept.opened()
    red, green = kept.statement(RED), kept.statement()
    lowered = msgspec.structs.replace(shown(kept, green), severity=Priority.P3)
    cases = (
        (shown(kept, green, statement="0" * 64), "grace", "no statement 0000"),
        (shown(kept, red), "grace", "does not pass money/double_settles: fail, 2, threshold at most 0"),
        (shown(kept, green, build="c" * 64), "grace", "another target, build or time than the closing says"),
        (shown(kept, green, started_at=START), "grace", "another target, build or time than the closing says"),
        (lowered, "grace", "is P0, and was closed as P3"),
        (shown(kept, green), "ada", "another person has to close it"),
    )
    for event, by, why in cases:
        log = (kept.home / "evidence" / "log.jsonl").read_bytes()
        copy = shutil.copytree(kept.home / "evidence", kept.folder / "copy")
        kept.planted(event, {"ada": ADA, "grace": GRACE}[by], by)
        found(kept, why)
        shutil.rmtree(kept.home / "evidence")
        copy.rename(kept.home / "evidence")
        for head in (kept.folder / "keys").glob("evidence-log-*.head"):
            head.unlink()
        assert (kept.home / "evidence" / "log.jsonl").read_bytes() == log
    kept.later(days=7)
    kept.planted(shown(kept, green), GRACE, "grace")
    found(kept, "in another week than this one")


def test_a_second_key_of_the_person_who_opened_it_closes_nothing(kept):
    """Persons count."""
    name = kept.opened()
    keep_key("ada", key(STRAY))
    two = (person("Ada", public(ADA), public(STRAY)), *document().people[1:])
    base = document(at="2020-01-01T00:00:00.000Z")
    from signing import signers

    change = document(previous=signers(first(base)).digest, at=format_utc(kept.now), people=two)
    put_signers(kept.home, first(base), signed_document(change, ADA, GRACE))
    kept.later()
    green = kept.statement()
    ending = kept.close(name, by="ada", shown_by=green)
    assert (ending.code, "another person has to close it" in ending.err) == (5, True)
    kept.planted(shown(kept, green), STRAY, "ada")
    found(kept, "ada opened F-")


def retired(kept, name: str, since: str) -> None:
    """Retire the key of a person as of an earlier moment; two others sign that."""
    number = {"ada": ADA, "grace": GRACE}[name]
    base = document(at="2020-01-01T00:00:00.000Z")
    people = tuple(msgspec.structs.replace(one, keys=(public(number, since),)) if one.id == name else one for one in base.people)
    from signing import INES, signers

    change = document(previous=signers(first(base)).digest, at=format_utc(kept.now), people=people)
    put_signers(kept.home, first(base), signed_document(change, *({ADA, GRACE, INES} - {number})))


def test_what_a_stolen_key_closed_is_open_again_and_what_it_opened_stays_open(kept):
    """Once the key is retired as of before; its review counts for nothing too."""
    name = kept.opened()
    safe = format_utc(kept.now)
    kept.later()
    kept.close(name)
    other = kept.opened(by="grace")
    kept.review(by="grace")
    assert [row["state"] for row in kept.rows()] == ["open", "closed"]
    retired(kept, "grace", safe)
    assert {row["id"]: row["state"] for row in kept.rows()} == {name: "open", other: "open"}
    assert "never reviewed" in kept.gonogo(*LIST).err
    ending = kept.gonogo(*JUDGE, "--gates", kept.gates)
    assert ending.code != 8, ending.text


def test_a_torn_line_is_completed_and_nothing_is_lost(kept):
    """The process ended while the entry's line was being written."""
    name = kept.opened()
    log = kept.home / "evidence" / "log.jsonl"
    data = log.read_bytes()
    log.write_bytes(data[:-40])
    ending = kept.gonogo(*LIST)
    assert (ending.code, name in ending.out) == (0, True), ending.text
    kept.review()
    assert [row["id"] for row in kept.rows()] == [name]
    assert len(kept.registers().listed) == 2


@pytest.mark.parametrize("second", ["grace", "ines"], ids=["the same person", "another person"])
def test_two_processes_that_close_the_same_finding_close_it_once(kept, tmp_path, second):
    """One of them is refused with 2 and who was first: whoever is second sees the first one's entry."""
    keep_key("ines", key(INES))
    name, green = kept.opened(), kept.statement()
    words = [
        "finding",
        "close",
        name,
        "--shown-by",
        green[:12],
        "--reason",
        "the logger masks tokens",
        "--gates",
        str(kept.gates),
    ]
    argv = [sys.executable, "-P", "-m", "scorecards", *words, "--as"]
    people = ("grace", second)
    running = [subprocess.Popen([*argv, one], env=os.environ, stderr=subprocess.PIPE, cwd=tmp_path) for one in people]
    errors = [process.communicate(timeout=120)[1].decode() for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, 2], errors
    winner = people[codes.index(0)]
    (row,) = kept.rows()
    assert (row["state"], row["opened_by"], row["closed_by"]) == ("closed", "ada", winner)
    assert f"{name} is closed already: {winner} closed it at " in errors[codes.index(2)]
    assert sum(isinstance(one.spec.event, Closed) for one in kept.registers().entries) == 1


def test_a_state_folder_of_version_1_is_named_with_the_command_that_takes_it_over(kept):
    """Exit 8 for readers and writers; after `state migrate` both work."""
    for path in ("state.json", "evidence/log.jsonl"):
        (kept.home / path).unlink()
    for head in (kept.folder / "keys").glob("evidence-log-*.head"):
        head.unlink()
    shutil.rmtree(kept.home / "evidence")
    os.environ.pop("GONOGO_REHEARSAL_CLOCK")
    for words in (LIST, (*OPEN, "--as", "ada"), ("incident", "list"), ("finding", "review", *LOOKED_AT, "--as", "ada")):
        ending = kept.gonogo(*words)
        assert (ending.code, "a state folder of version 1" in ending.err, "gonogo state migrate" in ending.err) == (8, True, True)


def test_a_draft_is_an_id_by_itself():
    """The same words of the same person at the same moment are the same finding; anything else is another one."""
    view = View("ada", START, None, [])  # type: ignore[arg-type]  # opening does not read the book
    draft = Draft(Priority.P0, "a token is logged", "backend")
    (item,) = opened(view, Register.SECURITY, draft).items
    assert opened(view, Register.SECURITY, draft).items[0].id == item.id
    others = (
        opened(view, Register.ONBOARDING, draft),
        opened(msgspec.structs.replace(view, person="grace"), Register.SECURITY, draft),
        opened(view, Register.SECURITY, msgspec.structs.replace(draft, owner="payments")),
    )
    assert item.id not in [one.items[0].id for one in others]


def test_an_entry_of_another_kind_is_no_entry(kept):
    """A document that names another kind, or another register than its kind has."""
    from gates.registers.document import FindingSpec
    from gates.registers.entry import read_entry
    from gates.schema.canonical import canonical_json
    from gates.schema.documents import API_VERSION, Document, Metadata
    from gates.schema.errors import UnverifiedProblem

    spec = FindingSpec(Register.INCIDENTS, "ada", START, "a" * 64, Acknowledged(("I-0000000000",), ""))
    for kind, why in (("Finding", "kind: Finding is not that of the register incidents"), ("Waiver", "kind Waiver")):
        document_bytes = canonical_json(Document[FindingSpec](API_VERSION, kind, Metadata("x"), spec))
        with pytest.raises(UnverifiedProblem, match=why):
            read_entry(document_bytes, "entry")
    assert isinstance(Ending(0, "", ""), Ending)
