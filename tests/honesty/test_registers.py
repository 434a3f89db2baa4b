"""Findings that disappear, and registers that nobody keeps."""

import msgspec
import pytest
from honest_state import BUILD, OTHER_BUILD, criterion, gate
from registered import LOOKED_AT, RED, Registered
from sarif_files import result, write_sarif
from signing import ADA, GRACE, INES, STRAY, document, first, key, person, public, put_signers, signed_document, signers
from ways import way

from gates.evidence.dsse import decode_envelope
from gates.evidence.statement import EvidenceKind
from gates.log.entry import EntryKind
from gates.registers.document import Reviewed
from gates.schema.time import format_utc
from gates.signers.document import Role
from gates.signers.envelopes import payload_of
from gates.signers.private import keep_key

LONG_AGO = "2020-01-01T00:00:00.000Z"
REGISTER = criterion("open_p0", source={"adapter": "register", "register": "security"}, min_samples=1, exhaustive=True)
SECURITY = gate(REGISTER, id="security", letter="E", title="Security")


@pytest.fixture
def kept(gonogo, tmp_path, monkeypatch) -> Registered:
    """A folder in which a GO is earned, but for the register of security findings."""
    return Registered(gonogo.home, tmp_path, gonogo, monkeypatch)


def judged(kept: Registered):
    """The verdict by double settles and by the register of security findings."""
    gates = kept.state.gate_file(gate(), SECURITY)
    kept.gates = gates
    return kept.gonogo("gate", "run", "--gates", gates, "--build", BUILD)


@way("R1")
def test_a_register_that_nobody_reviews_is_unknown(gonogo, kept) -> None:
    """Never reviewed, or not for seven days; what is open fails all the same."""
    kept.statement()
    gonogo.refused(judged(kept), 3, "missing: nobody has reviewed the register security")
    kept.review()
    assert judged(kept).code == 0
    kept.later(days=6, hours=23)
    kept.statement()
    assert judged(kept).code == 0
    kept.later(hours=2)
    gonogo.refused(judged(kept), 3, "by nobody for more than 7d since")
    kept.opened()
    gonogo.refused(judged(kept), 1, "1, threshold at most 0: F-")


@way("R2")
def test_who_opened_a_finding_does_not_close_it(gonogo, kept) -> None:
    """Persons count: not the spelling of the id, and not the key."""
    name, green = kept.opened(), kept.statement()
    gonogo.refused(kept.close(name, by=" ADA ", shown_by=green), 5, "another person has to close it")
    two = (person("Ada", public(ADA), public(STRAY)), *document().people[1:])
    base = document(at=LONG_AGO)
    change = document(previous=signers(first(base)).digest, at=format_utc(kept.now), people=two)
    put_signers(kept.home, first(base), signed_document(change, ADA, GRACE))
    (kept.folder / "keys" / "ada.key").unlink()
    keep_key("ada", key(STRAY))
    kept.later()
    gonogo.refused(kept.close(name, by="ada", shown_by=green), 5, "ada opened F-")


@way("R3")
def test_words_close_nothing(gonogo, kept) -> None:
    """A statement that is there, and that a criterion reads, does."""
    name = kept.opened()
    gonogo.refused(kept.close(name, shown_by="fixed it"), 2, "is not the beginning of a sha256")
    gonogo.refused(kept.close(name, shown_by="0" * 64), 2, "0 pieces of evidence have a digest")
    other = kept.state.record({"extra_charges": RED}, at=kept.later(), kind=EvidenceKind.HOSTILE_RAIL)
    kept.later()
    gonogo.refused(kept.close(name, shown_by=other.digest), 2, "no criterion of these gates reads a hostile-rail")
    assert kept.rows()[0]["state"] == "open"


@way("R4")
def test_a_red_run_closes_nothing(gonogo, kept) -> None:
    """Nor does a green one from before a red one."""
    name, green = kept.opened(), kept.statement()
    red = kept.statement(RED)
    gonogo.refused(kept.close(name, shown_by=red), 1, "money/double_settles fails: 2, threshold at most 0")
    gonogo.refused(kept.close(name, shown_by=green), 1, "a later run, ")
    assert kept.rows()[0]["state"] == "open"


@way("R5")
def test_a_run_of_another_build_week_or_time_closes_nothing(gonogo, kept) -> None:
    """It says nothing about what runs now, or about what was found since."""
    early, name = kept.statement(), kept.opened()
    gonogo.refused(kept.close(name, shown_by=early), 3, "it does not show that it is resolved")
    old = kept.statement()
    kept.statement(build=OTHER_BUILD)
    gonogo.refused(kept.close(name, shown_by=old), 3, "and the present one is cccccccccccc")
    kept.later(days=7)
    kept.state.observe(kept.state.subject(), format_utc(kept.now))
    kept.later()
    gonogo.refused(kept.close(name, shown_by=old), 3, "in another week than this one, 2026-W49")
    assert kept.rows()[0]["state"] == "open"


@way("R6")
def test_an_entry_does_not_disappear(gonogo, kept) -> None:
    """Its file, its line of the log, or its place in a review folder."""
    kept.review()
    kept.opened()
    kept.statement()
    judged(kept)
    card = ("scorecard", "build", "--gates", kept.gates, "--build", BUILD, "--out", kept.folder / "card")
    assert gonogo(*card).code == 1
    for name in ("registers.json", "registers.intoto.jsonl"):
        path = kept.folder / "card" / name
        data = path.read_bytes()
        path.write_bytes(b"[]" if name == "registers.json" else b"")
        text = "is not the list of entries that inputs.yaml names" if name == "registers.json" else "does not hold the entry"
        gonogo.refused(gonogo("scorecard", "verify", kept.folder / "card"), 8, text)
        path.write_bytes(data)
    digest = [entry.object for entry in kept.contents().entries(EntryKind.REGISTER)][-1]
    log = kept.home / "evidence" / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(line for line in lines if digest.encode() not in line))
    gonogo.refused(judged(kept), 8, "removed: ")
    log.write_bytes(b"".join(lines))
    kept.state.path_of(digest).unlink()
    gonogo.refused(judged(kept), 8, "is missing")


@way("R7")
def test_an_entry_is_the_persons_whose_it_says_it_is(gonogo, kept) -> None:
    """Whoever has the evidence key lists entries, and makes none."""
    from signing import signer

    kept.opened()
    store, review = kept.state.store, Reviewed(("a report of Monday",))
    log, head = (kept.home / "evidence" / "log.jsonl").read_bytes(), next((kept.folder / "keys").glob("evidence-log-*.head"))
    (digest,) = (entry.object for entry in kept.contents().entries(EntryKind.REGISTER))
    envelope, kept_head = decode_envelope(kept.contents().data[digest], "it"), head.read_bytes()
    again = msgspec.json.encode(signer(GRACE).sign(envelope.payload_type, payload_of(envelope, "it")))

    def without(*found: bytes) -> None:
        (kept.home / "evidence" / "log.jsonl").write_bytes(log)
        head.write_bytes(kept_head)
        for data in found:
            from gates.schema.canonical import sha256_hex

            kept.state.path_of(sha256_hex(data)).unlink()

    store.append(kept.state.signer, EntryKind.REGISTER, again)
    gonogo.refused(judged(kept), 8, "by: ada has not signed it; signed by grace")
    without(again)
    stray = kept.planted(review, STRAY, "ada")
    gonogo.refused(judged(kept), 8, "which the trust root does not hold")
    without(stray)
    waivers = (*document().people[:2], person("Ines", public(INES), roles=[Role.WAIVER]))
    change = document(previous=signers(first(document(at=LONG_AGO))).digest, at=format_utc(kept.now), people=waivers)
    put_signers(kept.home, first(document(at=LONG_AGO)), signed_document(change, ADA, GRACE))
    kept.later()
    kept.planted(review, INES, "ines")
    gonogo.refused(judged(kept), 8, "ines does not hold the role finding")


@way("R8")
def test_a_result_of_a_scanner_is_not_dropped(gonogo, kept) -> None:
    """What is suppressed is counted, equal ones are two, and what comes back is open again."""
    file = write_sarif(kept.folder / "a.sarif", result(), result(line=9), result(suppressions=[{"kind": "inSource"}]))
    words = ("finding", "import", file, "--owner", "backend", "--as", "ada")
    gonogo.refused(gonogo(*words), 0, "3 results of Scanner: 2 new, 0 open again, 0 known, 1 suppressed")
    kept.later()
    assert kept.close(*(row["id"] for row in kept.rows())).code == 0
    kept.later()
    gonogo.refused(gonogo(*words), 0, "3 results of Scanner: 0 new, 2 open again, 0 known, 1 suppressed")
    gonogo.refused(judged(kept), 1, "2, threshold at most 0: F-")


@way("R9")
def test_a_severity_is_never_lowered(gonogo, kept) -> None:
    """Not by another file, and not by another rank of its level."""
    file = write_sarif(kept.folder / "a.sarif", result())
    words = ("finding", "import", file, "--owner", "backend", "--as", "ada")
    gonogo(*words)
    kept.later()
    write_sarif(file, result(level="note"))
    gonogo.refused(gonogo(*words, "--severity", "note=P3"), 0, "0 new, 0 open again, 1 known")
    assert [row["severity"] for row in kept.rows()] == ["P0"]
    gonogo.refused(judged(kept), 1, "1, threshold at most 0: F-")


@way("R10")
def test_what_a_stolen_key_closed_is_open_again(gonogo, kept) -> None:
    """Two others retire it as of the last moment at which it was safe."""
    name, safe = kept.opened(), format_utc(kept.now)
    kept.later()
    assert kept.close(name).code == 0
    kept.later()
    kept.review(by="grace")
    assert judged(kept).code == 0
    base = document(at=LONG_AGO)
    people = (base.people[0], person("Grace", public(GRACE, safe)), base.people[2])
    change = document(previous=signers(first(base)).digest, at=format_utc(kept.now), people=people)
    put_signers(kept.home, first(base), signed_document(change, ADA, INES))
    gonogo.refused(judged(kept), 1, "1, threshold at most 0: F-")
    assert [row["id"] for row in kept.rows() if row["state"] == "open"] == [name]
    gonogo.refused(gonogo("finding", "list"), 0, "never reviewed")


@way("R11")
def test_a_review_is_of_something_and_of_now(gonogo, kept) -> None:
    """A moment to come is no review yet."""
    kept.statement()
    gonogo.refused(gonogo("finding", "review", "--looked-at", " ", "--as", "ada"), 2, "looked_at: '' is too short")
    gonogo.refused(gonogo("finding", "review", *LOOKED_AT, *LOOKED_AT, "--as", "ada"), 2, "a source is there twice")
    ahead = format_utc(kept.now.replace(year=2027))
    kept.planted(Reviewed(("a report of Monday",)), ADA, "ada", at=ahead)
    gonogo.refused(judged(kept), 3, "missing: nobody has reviewed the register security")


@way("R12")
def test_gates_of_ones_own_do_not_make_a_red_run_green(gonogo, kept) -> None:
    """A limit of 999 double settles, in a file that only the closing reads."""
    name, red = kept.opened(), kept.statement(RED)
    kept.gates = kept.state.gate_file(gate(criterion(threshold="999")))
    gonogo.refused(kept.close(name, shown_by=red), 1, "of the shipped gates fails: 2, threshold at most 0")
    assert kept.rows()[0]["state"] == "open"
