"""The evidence store: content-addressed, verified as it is read, with an index that may be lost."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlite_utils import Database
from statements import predicate, subject

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.statement import (
    EvidenceKind,
    Measure,
)
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnknownProblem, UnverifiedProblem
from gates.schema.time import format_utc

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


def _record(store, signer, bench, **changes):
    return store.record(signer, EvidenceKind.LOAD_RUN, SUBJECT, _predicate(bench, **changes))


def _only_file(store):
    (path,) = store.objects.glob("*/*.intoto.json")
    return path


def test_what_is_recorded_can_be_loaded_and_found(store, signer, trust, bench):
    """By finishing time, and by the beginning of the digest."""
    late, early = _record(store, signer, bench, hours=1), _record(store, signer, bench, hours=2)
    assert store.load(trust) == [early, late]
    assert store.get(late.digest[:12], trust) == late


def test_recording_the_same_twice_stores_it_once(store, signer, trust, bench):
    """The content is the name."""
    assert _record(store, signer, bench) == _record(store, signer, bench)
    assert len(store.load(trust)) == 1


def test_a_tampered_file_is_named(store, signer, trust, bench):
    """One changed character in the payload: the signature does not hold."""
    _record(store, signer, bench)
    path = _only_file(store)
    path.write_bytes(path.read_bytes().replace(b'"payload":"ey', b'"payload":"eY'))
    with pytest.raises(UnverifiedProblem, match=f"{path.name}: the signature by .* does not hold"):
        store.load(trust)


def test_a_reformatted_file_is_named(store, signer, trust, bench):
    """The same content in other bytes is not what the name says."""
    _record(store, signer, bench)
    path = _only_file(store)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UnverifiedProblem, match="not the file's name: the file was changed"):
        store.load(trust)


def test_a_misnamed_file_is_named(store, signer, trust, bench):
    """A statement under another's name is refused."""
    _record(store, signer, bench)
    path = _only_file(store)
    wrong = path.with_name("0" * 64 + ".intoto.json")
    path.rename(wrong)
    with pytest.raises(UnverifiedProblem, match=f"{wrong.name}: the content's sha256 is {path.name[:64]}"):
        store.load(trust)


def test_a_strangers_statement_is_named(store, signer, trust, bench):
    """Evidence counts only if somebody trusted signed it."""
    stranger = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    held = _record(store, stranger, bench)
    with pytest.raises(UnverifiedProblem, match=f"{held.digest}.intoto.json: signed by {stranger.keyid}"):
        store.load(trust)


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00\xff", b"null"])
def test_a_file_that_is_no_envelope_is_named(store, signer, trust, bench, data):
    """A truncated or overwritten file is refused, not skipped."""
    _record(store, signer, bench)
    _only_file(store).write_bytes(data)
    with pytest.raises(UnverifiedProblem, match="not a DSSE envelope"):
        store.load(trust)


def test_a_deleted_index_is_rebuilt_from_the_files(store, signer, trust, bench):
    """The files are the truth; the index says the same again."""
    for hours in (1, 2, 3):
        _record(store, signer, bench, hours=hours)
    index = store.folder / "index.db"
    with Database(index) as database:
        before = list(database["evidence"].rows)
    index.unlink()
    assert len(store.load(trust)) == 3
    assert store.rebuild(trust) == 3
    with Database(index) as database:
        after = list(database["evidence"].rows)
    assert sorted(before, key=str) == sorted(after, key=str)


def test_a_corrupt_index_is_said_to_be_so_and_loses_nothing(store, signer, trust, bench):
    """The statement is stored before it is listed, and a rebuild lists it."""
    store.make()
    index = store.folder / "index.db"
    index.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(UnknownProblem, match=r"index\.db: the index cannot be written") as caught:
        _record(store, signer, bench)
    assert "rebuild-index" in caught.value.next_step
    assert (len(store.load(trust)), store.rebuild(trust)) == (1, 1)


def test_a_digest_that_none_or_several_have_is_refused(store, signer, trust, bench):
    """How many there are is said."""
    _record(store, signer, bench)
    _record(store, signer, bench, hours=2)
    for prefix, count in (("", 2), ("zz", 0)):
        with pytest.raises(UnverifiedProblem, match=f"{count} pieces of evidence"):
            store.get(prefix, trust)


def test_a_broken_write_leaves_nothing_that_counts(store, signer, trust, bench):
    """A half-written temporary file is not evidence."""
    _record(store, signer, bench)
    _only_file(store).with_suffix(".123.part").write_bytes(b"{")
    assert len(store.load(trust)) == 1


def test_a_hidden_file_in_the_store_is_no_evidence(store, signer, trust, bench):
    """MacOS leaves `._NAME` beside a file on disks of other kinds."""
    held = _record(store, signer, bench)
    path = _only_file(store)
    path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07\x00\xff\xfe")
    assert store.load(trust) == [held]
    assert store.get(held.digest[:12], trust) == held


def test_bytes_that_are_no_text_are_no_envelope(store, signer, trust, bench):
    """Named, as every file that cannot be read as evidence."""
    _record(store, signer, bench)
    path = _only_file(store)
    path.write_bytes(b'{"payloadType":"\xff"}')
    with pytest.raises(UnverifiedProblem, match=f"{path.name}: not a DSSE envelope"):
        store.load(trust)
