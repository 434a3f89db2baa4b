"""Keys: one on first use however many processes begin, a new one in place of one that is gone, and rehearsal keys apart."""

import shutil
import stat

import msgspec
import pytest
import statements
from log_heads import forget_head
from log_processes import run_together, start
from signing import CI, STRAY, key, put_signers, signer

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.keys import KEY_FILE, TRUST_FILE, adopt_trust, load_signer, load_trust, own_trust
from gates.evidence.statement import open_statement
from gates.evidence.store import EvidenceStore
from gates.log.chain import LogProblem
from gates.log.entry import EntryKind
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.state import is_rehearsal, make_state
from gates.signers.private import keep_key

AT = "2026-11-27T11:40:00.000Z"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A state folder to come, which is the current one."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _trusted(home):
    return msgspec.json.decode((home / "keys" / TRUST_FILE).read_bytes())["keys"]


def _noted(home):
    contents = EvidenceStore(home / "evidence").contents(own_trust(home))
    return [entry.object for entry in contents.entries(EntryKind.KEY)]


@pytest.mark.process
def test_eight_processes_at_first_use_make_one_key_and_one_trust_file(home):
    """Each of them signs with the key that the trust file lists."""
    ends = run_together([start("key", home) for _ in range(8)])
    assert [code for code, _, _ in ends] == [0] * 8, ends
    (keyid,) = {out.strip() for _, out, _ in ends}
    assert [key["kid"] for key in _trusted(home)] == [keyid]
    assert own_trust(home).keyids == (keyid,)
    assert len(_noted(home)) == 1
    assert not [path.name for path in home.rglob("*.part")]
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_was_moved_away_is_replaced_logged_and_trusted(home, bench, capsys):
    """As the message advises; what the old key signed still verifies."""
    old = load_signer(home)
    store = EvidenceStore(home / "evidence")
    store.append(old, EntryKind.STATEMENT, msgspec.json.encode(bench.held().envelope))
    assert capsys.readouterr().err == ""
    (home / KEY_FILE).rename(home / "keys" / "old.key")
    new = load_signer(home)
    assert new.keyid != old.keyid
    assert f"the new evidence key {new.keyid} is logged and trusted, in addition to {old.keyid}" in capsys.readouterr().err
    assert own_trust(home).keyids == tuple(sorted((old.keyid, new.keyid)))
    assert len(_noted(home)) == 2
    assert load_signer(home).keyid == new.keyid
    store.begin_run(new, step="load", target="local")
    assert store.contents(own_trust(home)).head.seq == 4
    assert capsys.readouterr().err == ""


def test_a_key_file_that_was_put_in_place_is_logged_and_trusted_too(home):
    """Restored from a backup that is older than the trust file, or brought from elsewhere."""
    first = load_signer(home)
    (home / KEY_FILE).write_bytes(bytes(range(32)))
    second = load_signer(home)
    assert own_trust(home).keyids == tuple(sorted((first.keyid, second.keyid)))
    assert len(_noted(home)) == 2


def test_with_signers_a_new_key_is_refused_until_it_is_listed(home):
    """Exit 2 names the key and `gonogo signer add`, and nothing is made."""
    load_signer(home)
    before = _trusted(home)
    put_signers(home)
    (home / KEY_FILE).rename(home / "old.key")
    with pytest.raises(UsageProblem, match=r"evidence-signing\.key: no such key, and signers\.json lists who may sign") as caught:
        load_signer(home)
    assert "gonogo signer add" in caught.value.next_step
    assert not (home / KEY_FILE).exists()
    assert _trusted(home) == before
    (home / KEY_FILE).write_bytes(b"short")
    with pytest.raises(UsageProblem, match="not a 32 byte Ed25519 key") as caught:
        load_signer(home)
    assert "gonogo signer add" in caught.value.next_step


@pytest.mark.parametrize("done", ["trust", "trust and log"])
def test_a_first_use_that_was_interrupted_is_begun_again(home, done):
    """The key file comes last: until it is there, the next call makes another key."""
    first = load_signer(home)
    (home / KEY_FILE).unlink()
    if done == "trust":
        for path in (home / "evidence").rglob("*"):
            if path.is_file():
                path.unlink()
    second = load_signer(home)
    assert own_trust(home).keyids == tuple(sorted((first.keyid, second.keyid)))
    assert EvidenceStore(home / "evidence").load(own_trust(home)) == []


def test_other_members_of_the_trust_file_are_kept(home):
    """A key that was marked as revoked by hand stays so when another one is added."""
    first = load_signer(home)
    path = home / "keys" / TRUST_FILE
    path.write_bytes(msgspec.json.encode({"keys": [{**first.jwk, "use": "revoked"}]}))
    (home / KEY_FILE).unlink()
    second = load_signer(home)
    assert {key["kid"]: key.get("use") for key in _trusted(home)} == {first.keyid: "revoked", second.keyid: None}
    assert own_trust(home).keyids == (second.keyid,)


def test_a_rehearsal_key_is_marked_and_refused_by_every_other_trust_root(home, tmp_path, monkeypatch):
    """By name, also if somebody gives its trust file with --trust; in its own folder it is trusted."""
    make_state(home, rehearsal=True)
    signer = load_signer(home)
    store = EvidenceStore(home / "evidence")
    store.begin_run(signer, step="load", target="local")
    assert is_rehearsal(home)
    assert signer.rehearsal
    assert [key["gonogo_rehearsal"] for key in _trusted(home)] == [True]
    trust = home / "keys" / TRUST_FILE
    assert own_trust(home).keyids == load_trust(trust).keyids == (signer.keyid,)
    assert store.contents(own_trust(home)).head.seq == 2
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "real"))
    real = load_signer(tmp_path / "real")
    for root in (load_trust(trust), own_trust(tmp_path / "real").joined(load_trust(trust))):
        assert signer.keyid not in root.keyids
        with pytest.raises(UnverifiedProblem, match=f"unknown key: .*signed by {signer.keyid}, a rehearsal key"):
            store.contents(root)
    adopt_trust(tmp_path / "real", trust)
    assert own_trust(tmp_path / "real").keyids == (real.keyid,)


def test_a_real_key_does_not_become_one_for_rehearsals(home):
    """The mark is in the trust file: where state.json was changed by hand, nothing is read with its keys."""
    make_state(home, rehearsal=True)
    load_signer(home)
    (home / "state.json").write_bytes(b'{"rehearsal":false,"version":2}')
    with pytest.raises(UnverifiedProblem, match="a rehearsal key"):
        own_trust(home)


def test_a_lost_log_is_not_begun_anew_where_a_machine_s_key_lies_elsewhere(home, tmp_path, monkeypatch):
    """Its folder has no key file; that it trusts the key shows that there was a log. Without both it begins again."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    put_signers(home)
    shutil.rmtree(home / "evidence")
    shutil.rmtree(home / "keys")
    forget_head(home)
    keep_key("ci", key(CI))
    assert load_signer(home).keyid == load_signer(home).keyid == signer(CI).keyid
    assert len(_noted(home)) == 1
    shutil.rmtree(home / "evidence")
    store = EvidenceStore(home / "evidence")
    with pytest.raises(LogProblem, match="no log that lists them"):
        store.begin_run(load_signer(home), step="load", target="local")
    with pytest.raises(LogProblem, match="no log that lists them"):
        store.contents(own_trust(home))


@pytest.mark.parametrize(("was", "says"), [(True, b"false"), (False, b"true")])
def test_a_state_json_that_says_another_than_its_key_is_refused(home, was, says):
    """A real key that signed as a rehearsal's, by a stepped clock, would date weeks; and the other way round: exit 8."""
    make_state(home, rehearsal=was)
    load_signer(home)
    (home / "state.json").write_bytes(b'{"rehearsal":%b,"version":2}' % says)
    for read in (load_signer, own_trust):
        with pytest.raises(UnverifiedProblem, match=r"state\.json: says that the folder is"):
            read(home)
    (home / "keys" / "evidence-signing.key").unlink()
    for read in (load_signer, own_trust):
        with pytest.raises(UnverifiedProblem, match=r"state\.json: says that the folder is"):
            read(home)
    (home / "keys" / "evidence-signing.key").write_bytes(b"short")
    with pytest.raises(UnverifiedProblem, match=r"state\.json: says that the folder is"):
        own_trust(home)


@pytest.mark.parametrize("marked", [True, False])
def test_a_statement_is_a_rehearsal_s_if_and_only_if_its_key_is(marked):
    """Whoever signs: a rehearsal's statement by a real key, and a real one by a rehearsal's, verify nowhere."""
    by = Signer(key(STRAY), rehearsal=marked)
    root = TrustRoot.from_jwks(jwks_bytes(by.jwk), "the test", rehearsal=True)
    for said in (True, False):
        held = statements.hold(
            by, "urn:x:v2", statements.subject("5f" * 32), statements.predicate("urn:x:v2", AT, {}, rehearsal=said)
        )
        if said is marked:
            assert open_statement(root, held.envelope, "it") == held.statement
            continue
        with pytest.raises(UnverifiedProblem, match=r"the statement is (a|no) rehearsal's"):
            open_statement(root, held.envelope, "it")


@pytest.mark.parametrize("mark", ['"true"', "1", "null"])
def test_a_mark_that_is_not_true_or_false_makes_the_trust_file_unusable(home, mark):
    """Never read as no mark."""
    signer = load_signer(home)
    text = jwks_bytes(signer.jwk).decode().replace('"kid"', f'"gonogo_rehearsal":{mark},"kid"')
    with pytest.raises(UnverifiedProblem, match="not a usable set of Ed25519 keys"):
        TrustRoot.from_jwks(text.encode(), "trust.json")


def test_keys_that_are_given_need_no_state_folder(home, tmp_path):
    """Receipts and review folders are verified next to a folder of version 1, too."""
    (home / "keys").mkdir(parents=True)
    (home / KEY_FILE).write_bytes(bytes(range(32)))
    signer = load_signer(tmp_path / "elsewhere")
    assert load_trust(tmp_path / "elsewhere" / "keys" / TRUST_FILE).keyids == (signer.keyid,)
