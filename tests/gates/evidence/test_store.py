"""The evidence store: content-addressed, listed in a signed log, and verified as it is read."""

import datetime as dt

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from statements import predicate, subject

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.statement import (
    EvidenceKind,
    Measure,
    sign_statement,
)
from gates.evidence.store import EvidenceStore
from gates.evidence.unfinished import unfinished
from gates.log.entry import EntryKind
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.time import fixed_clock, format_utc, parse_utc

SUBJECT = subject("b" * 64)


@pytest.fixture
def signer():
    """A key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def trust(signer):
    """Trusts that key."""
    return TrustRoot.from_jwks(jwks_bytes(signer.jwk), "trust")


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return EvidenceStore(tmp_path / "evidence")


def _predicate(bench, hours=1, value="0"):
    finished = format_utc(bench.now - dt.timedelta(hours=hours))
    return predicate(EvidenceKind.LOAD_RUN, finished, {"double_settles": Measure(value, "count", samples=9)})


def _record(store, signer, bench, run="", **changes):
    return store.record(signer, EvidenceKind.LOAD_RUN, SUBJECT, _predicate(bench, **changes), run=run)


def _file_of(store, seq=1):
    """The envelope that entry `seq` lists."""
    line = (store.folder / "log.jsonl").read_bytes().splitlines()[seq - 1]
    digest = msgspec.json.decode(line)["object"]
    return store.objects / digest[:2] / f"{digest}.intoto.json"


def test_what_is_recorded_can_be_loaded_and_found(store, signer, trust, bench):
    """By finishing time, and by the beginning of the digest."""
    late, early = _record(store, signer, bench, hours=1), _record(store, signer, bench, hours=2)
    assert store.load(trust) == [early, late]
    assert store.get(late.digest[:12], trust) == late


def test_recording_the_same_twice_stores_it_once(store, signer, trust, bench):
    """The content is the name."""
    assert _record(store, signer, bench) == _record(store, signer, bench)
    assert len(store.load(trust)) == 1


def _refused(store, trust, text):
    with pytest.raises(UnverifiedProblem, match=text) as caught:
        store.load(trust)
    assert caught.value.exit_code == 8
    assert "gonogo state restore" in caught.value.next_step


def test_a_changed_file_is_named_with_its_entry(store, signer, trust, bench):
    """One changed character, other bytes with the same content, another file, or none of it any more."""
    _record(store, signer, bench, hours=2)
    _record(store, signer, bench)
    path = _file_of(store, 2)
    good = path.read_bytes()
    for wrong in (good.replace(b'"payload":"ey', b'"payload":"eY'), good + b"\n", good[:-9], b"", b"{}", b"\x00\xff"):
        path.write_bytes(wrong)
        _refused(store, trust, rf"replaced: .*{path.name}: the content's sha256 is .*, not the file's name: the file was changed")
    path.write_bytes(good)
    assert len(store.load(trust)) == 2


def test_a_removed_file_is_named_with_its_entry(store, signer, trust, bench):
    """A red statement cannot be made not to exist: the log lists it."""
    _record(store, signer, bench, hours=2)
    _record(store, signer, bench, value="1")
    path = _file_of(store, 2)
    path.unlink()
    _refused(store, trust, rf"removed: .*{path.name} is missing")


def test_a_file_that_no_entry_lists_is_named(store, signer, trust, bench, tmp_path):
    """Copied from another store of the same key, or left when the log was cut."""
    _record(store, signer, bench)
    other = EvidenceStore(tmp_path / "other")
    held = _record(other, signer, bench, value="1")
    source = other.objects / held.digest[:2] / f"{held.digest}.intoto.json"
    copy = store.objects / held.digest[:2] / source.name
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(source.read_bytes())
    _refused(store, trust, rf"unlisted: .*{copy.name} in no entry: added by hand, or the log was truncated")
    renamed = copy.with_name("0" * 64 + ".intoto.json")
    copy.rename(renamed)
    _refused(store, trust, rf"unlisted: .*{renamed.name} in no entry")


def test_a_store_with_envelopes_and_no_log_is_refused_and_not_begun_again(store, signer, trust, bench):
    """Neither reading nor adding begins a new log; what was to be added is kept, for `state restore` to list."""
    held = _record(store, signer, bench)
    (store.folder / "log.jsonl").unlink()
    _refused(store, trust, r"log\.jsonl: lost: there are 1 envelopes")
    with pytest.raises(UnverifiedProblem, match=r"what was to be listed is kept: .*intoto\.json"):
        _record(store, signer, bench, value="1")
    assert not (store.folder / "log.jsonl").exists()
    assert len(list(store.objects.glob("*/*.intoto.json"))) == 2
    assert (store.objects / held.digest[:2] / f"{held.digest}.intoto.json").exists()


def test_a_log_cut_after_an_entry_leaves_an_envelope_that_no_entry_lists(store, signer, trust, bench):
    """Whoever hides a red statement by cutting the log has to remove its file too, and a known head names that."""
    _record(store, signer, bench)
    _record(store, signer, bench, value="1")
    log = store.folder / "log.jsonl"
    log.write_bytes(log.read_bytes().split(b"\n")[0] + b"\n")
    _refused(store, trust, "unlisted: ")


def test_a_statement_of_another_key_is_named(store, signer, trust, bench):
    """Evidence counts only if somebody trusted signed it; that we listed it is another matter."""
    outsider = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    theirs = TrustRoot.from_jwks(jwks_bytes(outsider.jwk), "theirs")
    elsewhere = sign_statement(outsider, bench.held().statement)
    held = store.add(msgspec.json.encode(elsewhere), theirs, "e.json", signer)
    with pytest.raises(UnverifiedProblem, match=f"{held.digest}: signed by {outsider.keyid}"):
        store.load(trust)
    assert EvidenceStore(store.folder, own=trust).load(theirs) == [held]
    with pytest.raises(UnverifiedProblem, match=r"log\.jsonl: unknown key"):
        store.load(theirs)


def test_an_envelope_is_stored_on_one_line_and_listed_once(store, signer, trust, bench):
    """However it was laid out where it came from."""
    held = bench.held()
    pretty = msgspec.json.format(msgspec.json.encode(held.envelope), indent=2)
    assert store.add(pretty, trust, "e.json", signer) == store.add(msgspec.json.encode(held.envelope), trust, "e", signer) == held
    assert len(store.contents(trust).lines) == 1


def test_runs_are_listed_before_they_start_and_named_if_they_leave_no_statement(store, signer, trust, bench):
    """A run whose result was not wanted cannot be made not to have been."""
    first = store.begin_run(signer, step="load", target="local", profile="smoke", seed=1)
    second = store.begin_run(signer, step="load", target="local", profile="smoke", seed=2)
    held = _record(store, signer, bench, run=second)
    runs = store.contents(trust).runs()
    assert [(run.entry.object, run.note.seed, run.statement) for run in runs] == [(first, 1, ""), (second, 2, held.digest)]
    (left,) = unfinished(store.contents(trust), parse_utc(runs[0].note.at))
    assert (left.run, left.step, left.target, left.profile, left.seed) == (first, "load", "local", "smoke", 1)
    assert unfinished(store.contents(trust), parse_utc(left.begun_at) + dt.timedelta(milliseconds=1)) == ()


def test_two_runs_that_begin_at_the_same_time_with_the_same_inputs_are_two(tmp_path, signer, trust, bench):
    """A clock that stands still does not let the statement of one stand for the other."""
    store = EvidenceStore(tmp_path / "still", clock=fixed_clock(parse_utc("2026-11-23T10:00:00Z")))
    first, second = (store.begin_run(signer, step="load", target="local") for _ in range(2))
    _record(store, signer, bench, run=second)
    assert [item.run for item in unfinished(store.contents(trust), parse_utc("2026-11-23T00:00:00Z"))] == [first]


def test_artifacts_are_kept_by_digest_and_checked(store, tmp_path):
    """From bytes or a file; one that is missing or changed is named."""
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"{}\n" * 9)
    kept = store.keep_artifact("history.jsonl", path)
    assert kept == store.keep_artifact("history.jsonl", path.read_bytes())
    assert (kept.size, store.check_artifact(kept)) == (27, "")
    where = store.artifact_path(kept.sha256)
    where.write_bytes(b"{}\n" * 8 + b"{ }")
    assert f"{where} has 27 bytes with the sha256" in store.check_artifact(kept)
    where.unlink()
    assert store.check_artifact(kept) == f"history.jsonl: {where} is missing"


def test_what_is_read_inside_the_lock_is_still_true_when_something_is_added(store, signer, trust, bench):
    """A program decides by what is listed, and adds, before any other one can."""
    with store.held():
        before = store.contents(trust)
        entry = store.append(signer, EntryKind.CARD, msgspec.json.encode(bench.held().envelope))
        assert (before.head, entry.seq) == (None, 1)
    (card,) = store.contents(trust).logged(EntryKind.CARD, trust)
    assert card.held == bench.held()
    assert store.load(trust) == []


def test_an_export_holds_the_lines_from_an_entry_on_and_their_envelopes(store, signer, trust, bench):
    """For a review folder."""
    assert store.export(trust) is None
    late = [_record(store, signer, bench, hours=hours) for hours in (3, 2, 1)][1:]
    export = store.export(trust, since_seq=2)
    assert export.head == store.contents(trust).head
    assert export.log == b"".join((store.folder / "log.jsonl").read_bytes().splitlines(keepends=True)[1:])
    assert [sha256_hex(line) for line in export.envelopes.splitlines()] == [item.digest for item in late]


def test_a_digest_that_none_or_several_have_is_refused(store, signer, trust, bench):
    """How many there are is said."""
    _record(store, signer, bench)
    _record(store, signer, bench, hours=2)
    for prefix, count in (("", 2), ("zz", 0)):
        with pytest.raises(UsageProblem, match=f"{count} pieces of evidence"):
            store.get(prefix, trust)


def test_a_broken_write_leaves_nothing_that_counts(store, signer, trust, bench):
    """A half-written temporary file is not evidence."""
    _record(store, signer, bench)
    _file_of(store).with_suffix(".123.part").write_bytes(b"{")
    assert len(store.load(trust)) == 1


def test_a_hidden_file_in_the_store_is_no_evidence(store, signer, trust, bench):
    """MacOS leaves `._NAME` beside a file on disks of other kinds."""
    held = _record(store, signer, bench)
    path = _file_of(store)
    path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07\x00\xff\xfe")
    assert store.load(trust) == [held]
    assert store.get(held.digest[:12], trust) == held
