"""`gonogo state restore`: a lost log is rebuilt from review folders; forks and gaps are named."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from log_heads import forget_head

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.keys import TRUST_FILE, load_signer, own_trust
from gates.evidence.statement import sign_statement
from gates.evidence.store import EvidenceStore
from gates.log.chain import LogProblem
from gates.log.entry import EntryKind, Head, sign_line
from gates.schema.canonical import sha256_hex

KEY = bytes(range(32))


@pytest.fixture
def home(gonogo, tmp_path) -> Path:
    """The state folder of this test; nothing has made it yet."""
    return tmp_path / "home"


def _store(home):
    return EvidenceStore(home / "evidence", own=own_trust(home))


def _listed(home):
    return [line.entry.kind.value for line in _store(home).contents(own_trust(home)).lines]


@pytest.fixture
def reviews(gonogo, home, bench, tmp_path):
    """Three weeks of a store, each with a review folder that carries the log since the week before; the last entry is in none."""
    signer = load_signer(home)
    store, folders, since = _store(home), [], 1
    for week in range(3):
        store.append(signer, EntryKind.STATEMENT, msgspec.json.encode(bench.held(bench.measure(str(week))).envelope))
        store.begin_run(signer, step=f"week-{week}", target="local")
        export = store.export(own_trust(home), since)
        folder = tmp_path / f"review-{week}"
        folder.mkdir()
        for name, data in export.files.items():
            (folder / name).write_bytes(data)
        folders.append(folder)
        since = export.head.seq
    store.append(signer, EntryKind.STATEMENT, msgspec.json.encode(bench.held(bench.measure("9")).envelope))
    return folders


def _digests(home, bench):
    return {held.digest for held in _store(home).load(own_trust(home).joined(_bench_trust(bench)))}


def _bench_trust(bench):
    return TrustRoot.from_jwks(jwks_bytes(bench.signer.jwk), "bench")


def _trust_file(bench, home, tmp_path):
    """The keys that somebody kept: the store's own, and the one that signed the statements."""
    keys = json.loads((home / "keys" / TRUST_FILE).read_bytes())["keys"]
    path = tmp_path / "kept.json"
    path.write_bytes(msgspec.json.encode({"keys": [*keys, bench.signer.jwk]}))
    return path


def test_a_lost_log_is_rebuilt_from_review_folders_and_what_is_beyond_is_listed_again(gonogo, home, bench, reviews, tmp_path):
    """In whatever order they are given; a statement that no folder lists is not lost, and cannot be hidden in this way."""
    kept, before = _trust_file(bench, home, tmp_path), _digests(home, bench)
    lines = (home / "evidence" / "log.jsonl").read_bytes().splitlines()
    (home / "evidence" / "log.jsonl").unlink()
    code, out, _ = gonogo("state", "restore", *reversed(reviews), "--trust", kept)
    assert code == 0
    assert f"ok: the log is rebuilt up to the head 7:{sha256_hex(lines[6])}; 1 envelopes beyond it are listed again" in out
    assert (home / "evidence" / "log.jsonl").read_bytes().splitlines()[:7] == lines[:7]
    assert _digests(home, bench) == before
    assert len(before) == 4
    assert _listed(home)[7:] == ["statement", "migration"]
    assert gonogo("evidence", "verify", *[word for folder in reviews for word in ("--head", folder)])[0] == 0


def test_a_lost_state_folder_is_rebuilt_with_the_keys_that_were_kept(gonogo, home, bench, reviews, tmp_path):
    """Without them there is nothing to verify the folders with; a new key joins the old one."""
    kept, old = _trust_file(bench, home, tmp_path), load_signer(home).keyid
    shutil.rmtree(home)
    code, _, err = gonogo("state", "restore", *reviews)
    assert (code, "there is no key to verify the log with" in err, "--trust FILE" in err) == (2, True, True)
    code, out, err = gonogo("state", "restore", *reviews, "--trust", kept)
    assert (code, "the new evidence key" in err) == (0, True)
    assert "not brought back: 1 entries; this machine knew the head 8:" in out
    assert load_signer(home).keyid != old
    assert len(_digests(home, bench)) == 3
    assert _listed(home)[7:] == ["key", "migration"]
    assert gonogo("gate", "run", "--build", "b" * 64)[0] in (1, 3)


def test_review_folders_that_fork_are_refused(gonogo, home, bench, reviews, tmp_path):
    """Two logs of one store: exit 8 names both folders and the entry, and the lost log stays lost."""
    kept, signer = _trust_file(bench, home, tmp_path), load_signer(home)
    lines = _store(home).contents(own_trust(home).joined(_bench_trust(bench))).lines
    fork = sign_line(signer, head=_head(lines[4]), kind=EntryKind.RUN, sha256="f" * 64, at="2026-11-23T10:00:00.000Z")
    other = tmp_path / "other"
    other.mkdir()
    (other / "log.jsonl").write_bytes(lines[4].data + b"\n" + fork.data + b"\n")
    (home / "evidence" / "log.jsonl").unlink()
    code, _, err = gonogo("state", "restore", *reviews, other, "--trust", kept)
    assert (code, f"{other}/log.jsonl: forked: its entry 6 is not that of {reviews[2]}/log.jsonl" in err) == (8, True)
    assert not (home / "evidence" / "log.jsonl").exists()
    code, _, err = gonogo("evidence", "verify", "--trust", kept)
    assert (code, "lost" in err) == (8, True)


def test_a_log_that_forked_from_a_review_folder_is_named(gonogo, home, bench, reviews, tmp_path):
    """Cut to an older head and continued with the true key: whole by itself, and not what the folder carries."""
    kept, signer = _trust_file(bench, home, tmp_path), load_signer(home)
    log = home / "evidence" / "log.jsonl"
    keep = log.read_bytes().splitlines(keepends=True)[:4]
    for line in log.read_bytes().splitlines()[4:]:
        digest = json.loads(line)["object"]
        (home / "evidence" / "objects" / digest[:2] / f"{digest}.intoto.json").unlink(missing_ok=True)
    log.write_bytes(b"".join(keep))
    forget_head(home)
    code, _, err = gonogo("evidence", "verify", "--trust", kept, "--head", reviews[2])
    assert (code, "truncated: it ends with entry 4, before the known head 7" in err) == (8, True)
    for number in range(4):
        _store(home).begin_run(signer, step="again", target="local", seed=number)
    assert gonogo("evidence", "verify", "--trust", kept)[0] == 0
    code, _, err = gonogo("evidence", "verify", "--trust", kept, "--head", reviews[2])
    assert (code, "forked: its entry 5 is not that of" in err) == (8, True)
    code, _, err = gonogo("state", "restore", reviews[2], "--trust", kept)
    assert (code, "forked: its entry 5 is not that of" in err) == (8, True)


def test_a_cut_log_is_extended_from_a_review_folder_that_knows_more(gonogo, home, bench, reviews, tmp_path):
    """What it still holds is a part like the others."""
    kept, before = _trust_file(bench, home, tmp_path), _digests(home, bench)
    log = home / "evidence" / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:5]))
    assert gonogo("evidence", "list", "--trust", kept)[0] == 8
    assert gonogo("state", "restore", reviews[2], "--trust", kept)[0] == 0
    assert _digests(home, bench) == before
    assert (home / "evidence" / "before-1.log.jsonl").exists()


@pytest.mark.parametrize("damage", [b"no log\n", b"", None])
def test_a_damaged_log_is_replaced_and_kept(gonogo, home, bench, reviews, tmp_path, damage):
    """Overwritten, emptied, or with a changed line."""
    kept, before = _trust_file(bench, home, tmp_path), _digests(home, bench)
    log = home / "evidence" / "log.jsonl"
    wrong = log.read_bytes().replace(b'"statement"', b'"preview"') if damage is None else damage
    log.write_bytes(wrong)
    assert gonogo("evidence", "list", "--trust", kept)[0] == 8
    assert gonogo("state", "restore", *reviews, "--trust", kept)[0] == 0
    assert _digests(home, bench) == before
    assert (home / "evidence" / "before-1.log.jsonl").read_bytes() == wrong


def test_what_stands_before_the_damage_is_kept(gonogo, home, bench, reviews, tmp_path):
    """A folder of the last week is enough where the own log still has the weeks before."""
    kept, before = _trust_file(bench, home, tmp_path), _digests(home, bench)
    log = home / "evidence" / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:6], lines[6].replace(b'"run"', b'"card"'), *lines[7:]]))
    code, _, err = gonogo("evidence", "verify", "--trust", kept)
    assert (code, "replaced: line 7, entry 7" in err) == (8, True)
    assert gonogo("state", "restore", reviews[2], "--trust", kept)[0] == 0
    assert log.read_bytes().splitlines(keepends=True)[:7] == lines[:7]
    assert _digests(home, bench) == before


def test_review_folders_with_a_gap_are_refused_naming_the_entries(gonogo, home, bench, reviews, tmp_path):
    """A log without its beginning, or its middle, is not rebuilt."""
    kept = _trust_file(bench, home, tmp_path)
    (home / "evidence" / "log.jsonl").unlink()
    code, _, err = gonogo("state", "restore", reviews[0], reviews[2], "--trust", kept)
    assert (code, "removed: none of the folders has entry 4" in err, "give more review folders" in err) == (8, True, True)
    code, _, err = gonogo("state", "restore", reviews[2], "--trust", kept)
    assert (code, "none of the folders has entry 1, 2, 3, 4" in err) == (8, True)


def test_an_envelope_that_no_folder_has_stays_a_named_gap(gonogo, home, bench, reviews, tmp_path):
    """The log is rebuilt, and every judgement refused until the envelope is there."""
    kept = _trust_file(bench, home, tmp_path)
    shutil.rmtree(home / "evidence")
    bundle = reviews[1] / "log.intoto.jsonl"
    good = bundle.read_bytes()
    bundle.write_bytes(good.splitlines(keepends=True)[0])
    code, _, err = gonogo("state", "restore", *reviews, "--trust", kept)
    assert (code, "of its envelopes are in none of the folders, the first is that of entry 4 (statement" in err) == (8, True)
    code, _, err = gonogo("evidence", "list", "--trust", kept)
    assert (code, "removed: " in err) == (8, True)
    bundle.write_bytes(good)
    assert gonogo("state", "restore", *reviews, "--trust", kept)[0] == 0
    assert len(_digests(home, bench)) == 3


def test_an_envelope_beyond_the_log_that_nobody_trusted_signed_is_refused(gonogo, home, bench, reviews, tmp_path):
    """Restoring is no way around the signatures."""
    kept = _trust_file(bench, home, tmp_path)
    forged = msgspec.json.encode(sign_statement(Signer(Ed25519PrivateKey.from_private_bytes(bytes(32))), bench.held().statement))
    digest = sha256_hex(forged)
    path = home / "evidence" / "objects" / digest[:2] / f"{digest}.intoto.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(forged)
    (home / "evidence" / "log.jsonl").unlink()
    code, _, err = gonogo("state", "restore", *reviews, "--trust", kept)
    assert (code, f"{path}: signed by" in err) == (8, True)
    with pytest.raises(LogProblem, match="unlisted"):
        _store(home).load(own_trust(home))


def test_a_folder_without_a_log_is_refused(gonogo, home, reviews, tmp_path):
    """Exit 2 names the file."""
    (tmp_path / "empty").mkdir()
    code, _, err = gonogo("state", "restore", tmp_path / "empty")
    assert (code, f"{tmp_path / 'empty' / 'log.jsonl'}: no such file" in err) == (2, True)


def _head(line):
    return Head(line.entry.seq, line.sha256)
