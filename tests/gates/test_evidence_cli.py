"""`gonogo evidence`: what is stored can be listed, read, verified and added to."""

import json
import resource
import shutil

import msgspec
import pytest
import signing
import statements
import yaml
from log_heads import forget_head
from signing import CI, put_signers, signer

from gates.evidence.dsse import jwks_bytes
from gates.evidence.keys import adopt_trust, load_signer
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore


def test_evidence_list_show_and_verify(gonogo, stored):
    """What is stored can be listed, read and verified."""
    code, out, _ = gonogo("evidence", "list")
    assert code == 0
    listed = [line.split()[:3] for line in out.splitlines()[1:]]
    assert sorted(words[1] for words in listed) == ["build-observation", "load-run"]
    assert [stored.digest[:12], "load-run", "local"] in listed
    code, out, _ = gonogo("evidence", "show", stored.digest[:8])
    assert (code, yaml.safe_load(out)["predicateType"]) == (0, "urn:gonogo:evidence:load-run:v2")
    code, out, _ = gonogo("evidence", "verify")
    assert (code, out.startswith("ok: 2 statements verified against ")) == (0, True)
    assert json.loads(gonogo("evidence", "list", "--kind", "drill", "--format", "json")[1]) == []


def test_a_kind_that_does_not_exist_is_refused(gonogo, stored):
    """An empty list would say that nothing was measured: exit 2 names the kinds."""
    code, out, err = gonogo("evidence", "list", "--kind", "nosuch")
    assert (code, out) == (2, "")
    assert "no kind of evidence has 'nosuch' in its name" in err
    assert "load-run:v" in err


def test_evidence_verify_of_nothing_is_unknown(gonogo):
    """An empty store is not a green one."""
    code, out, err = gonogo("evidence", "verify")
    assert (code, out) == (3, "")
    assert "there is no evidence to verify" in err


@pytest.mark.parametrize(("digest", "code"), [("*", 2), ("abc", 2), ("../..", 2), ("ffffff", 2)])
def test_evidence_show_refuses_what_is_no_digest_or_not_there(gonogo, stored, digest, code):
    """A pattern is not a digest, and an absent statement is said to be absent."""
    assert gonogo("evidence", "show", digest)[0] == code


def test_evidence_add_takes_envelopes_and_bundles_that_verify(gonogo, bench, tmp_path):
    """Of those whom the given trust file trusts; a stranger's is refused and nothing of its file is stored."""
    trust = tmp_path / "trust.json"
    trust.write_bytes(jwks_bytes(bench.signer.jwk))
    held = [bench.held(), bench.held(bench.measure("1"))]
    single, bundle = tmp_path / "one.intoto.json", tmp_path / "all.intoto.jsonl"
    single.write_bytes(msgspec.json.encode(held[0].envelope))
    bundle.write_bytes(b"\n".join(msgspec.json.encode(item.envelope) for item in held) + b"\n")
    code, out, err = gonogo("evidence", "add", bundle)
    assert (code, out) == (8, "")
    assert "all.intoto.jsonl: line 1: signed by" in err
    (tmp_path / "apart").mkdir()
    apart = ("--trust", trust, "--evidence", tmp_path / "apart")
    assert gonogo("evidence", "add", single, *apart)[:2] == (0, held[0].digest + "\n")
    code, out, _ = gonogo("evidence", "add", bundle, *apart)
    assert (code, out.split()) == (0, [item.digest for item in held])
    assert gonogo("evidence", "verify", *apart)[1].startswith("ok: 2 statements")


def test_what_the_state_folder_does_not_trust_is_not_stored_in_it(gonogo, bench, stored, tmp_path):
    """Whatever --trust says: no later command could read the store, and nothing is ever removed from it."""
    trust, single = tmp_path / "trust.json", tmp_path / "one.intoto.json"
    trust.write_bytes(jwks_bytes(bench.signer.jwk))
    single.write_bytes(msgspec.json.encode(bench.held().envelope))
    code, out, err = gonogo("evidence", "add", single, "--trust", trust)
    assert (code, out) == (8, "")
    assert "this state folder could not be read any more with it" in err
    assert gonogo("evidence", "verify")[0] == 0


def test_a_listed_machine_s_statements_are_taken_and_read(gonogo, stored, bench, tmp_path):
    """The Signers list its key; no trust file is needed."""
    put_signers(tmp_path / "home")
    held = statements.hold(signer(CI), bench.kind, statements.subject(bench.build), bench.held().statement.predicate)
    (tmp_path / "one.intoto.json").write_bytes(msgspec.json.encode(held.envelope))
    assert gonogo("evidence", "add", tmp_path / "one.intoto.json")[:2] == (0, held.digest + "\n")
    assert gonogo("evidence", "verify")[1].startswith("ok: 3 statements")


def test_evidence_of_a_listed_machine_needs_no_trust_file(gonogo, bench, tmp_path):
    """The Signers name its key."""
    home, file = tmp_path / "home", tmp_path / "one.intoto.json"
    said = statements.predicate(bench.kind, "2026-11-23T09:00:00.000Z", {"double_settles": bench.measure()})
    by_ci = statements.hold(signing.signer(signing.CI), bench.kind, statements.subject(bench.build), said)
    file.write_bytes(msgspec.json.encode(by_ci.envelope))
    gonogo("state", "init")
    assert gonogo("evidence", "add", file)[0] == 8
    signing.put_signers(home)
    assert gonogo("evidence", "add", file)[0] == 0
    assert by_ci.digest[:12] in gonogo("evidence", "list")[1]


def test_evidence_verify_names_the_head_and_holds_the_log_against_known_ones(gonogo, stored, tmp_path):
    """A head that was written down, or the part of the log in a review folder: truncated and forked are named."""
    log = tmp_path / "home" / "evidence" / "log.jsonl"
    review = tmp_path / "review"
    review.mkdir()
    head = gonogo("evidence", "verify")[1].split()[-1]
    assert head.startswith("3:")
    assert gonogo("evidence", "verify", "--head", head, "--head", head)[0] == 0
    code, _, err = gonogo("evidence", "verify", "--head", "3:" + "0" * 64)
    assert (code, "forked: its entry 3 is not the known one" in err) == (8, True)
    code, _, err = gonogo("evidence", "verify", "--head", "4:" + "0" * 64)
    assert (code, "truncated: it ends with entry 3, before the known head 4" in err) == (8, True)
    code, _, err = gonogo("evidence", "verify", "--head", review)
    assert (code, "give a review folder that carries the log" in err) == (2, True)
    assert gonogo("evidence", "verify", "--head", "two")[0] == 2
    (review / "log.jsonl").write_bytes(log.read_bytes())
    assert gonogo("evidence", "verify", "--head", review)[0] == 0
    first = log.read_bytes().splitlines(keepends=True)[0]
    for path in (log.parent / "objects").glob("*/*"):
        if path.name.partition(".")[0] != json.loads(first)["object"]:
            path.unlink()
    log.write_bytes(first)
    code, _, err = gonogo("evidence", "verify")
    assert (code, "truncated: it ends with entry 1, before the known head 3" in err, "kept in" in err) == (8, True, True)
    forget_head(tmp_path / "home")
    code, _, err = gonogo("evidence", "verify")
    assert (code, "there is no evidence to verify" in err) == (3, True)
    code, _, err = gonogo("evidence", "verify", "--head", review)
    assert (code, "truncated: it ends with entry 1, before the known head 3" in err) == (8, True)


def test_evidence_verify_checks_the_artifacts_that_statements_name(gonogo, stored, tmp_path):
    """By digest: what a measure was computed from is still what it was."""
    home = tmp_path / "home"
    store = EvidenceStore(home / "evidence")
    artifact = store.keep_artifact("history.jsonl", b"{}")
    predicate = msgspec.structs.replace(stored.statement.predicate, artifacts=(artifact,))
    store.record(load_signer(home), EvidenceKind.LOAD_RUN, stored.statement.subject[0], predicate)
    assert gonogo("evidence", "verify")[0] == 0
    store.artifact_path(artifact.sha256).write_bytes(b"[]")
    code, out, err = gonogo("evidence", "verify")
    assert (code, out) == (8, "")
    assert "an artifact is not what the statement names: history.jsonl: " in err


def test_evidence_list_and_show_name_runs_without_a_statement(gonogo, stored, tmp_path):
    """A run that was begun and left nothing is seen."""
    home = tmp_path / "home"
    run = EvidenceStore(home / "evidence").begin_run(load_signer(home), step="load", target="local", profile="smoke", seed=7)
    last = gonogo("evidence", "list")[1].splitlines()[-1]
    assert (last.split()[0], "run load" in last, "no statement" in last) == (run[:12], True, True)
    assert json.loads(gonogo("evidence", "list", "--format", "json")[1])[-1]["status"] == "no statement"
    assert json.loads(gonogo("evidence", "show", run[:8], "--format", "json")[1])["seed"] == 7


def test_a_lost_log_stops_every_command_that_judges(gonogo, stored, tmp_path):
    """With 8 and the next step; also if the whole store is gone: it is not begun again in silence."""
    evidence = tmp_path / "home" / "evidence"
    (evidence / "log.jsonl").unlink()
    for command in (("gate", "run", "--build", "b" * 64), ("evidence", "list"), ("evidence", "verify")):
        code, out, err = gonogo(*command)
        assert (code, out) == (8, "")
        assert "log.jsonl: lost: there are 3 envelopes" in err
        assert "gonogo state restore" in err
    shutil.rmtree(evidence)
    code, _, err = gonogo("gate", "run", "--build", "b" * 64)
    assert (code, "log.jsonl: lost: there are 0 envelopes" in err) == (8, True)


@pytest.mark.parametrize(("room", "text"), [(100, "nothing was stored"), (6000, "is stored, but not its line in the log")])
def test_a_full_disk_ends_with_3_and_loses_nothing(gonogo, bench, stored, tmp_path, room, text):
    """The path, what was stored, and the next step; with space again the same command, or any other, completes it."""
    trust, file = tmp_path / "trust.json", tmp_path / "one.intoto.json"
    trust.write_bytes(jwks_bytes(bench.signer.jwk))
    file.write_bytes(msgspec.json.encode(bench.held().envelope))
    adopt_trust(tmp_path / "home", trust)
    log = tmp_path / "home" / "evidence" / "log.jsonl"
    run = EvidenceStore(log.parent).begin_run
    while log.stat().st_size < 6000 - 300:
        run(load_signer(tmp_path / "home"), step="load", target="local", seed=log.stat().st_size)
    adopt_trust(tmp_path / "home", trust)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        code, out, err = gonogo("evidence", "add", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out) == (3, "")
    assert f"{log.parent}/log." in err
    assert text in err
    assert "free some space" in err
    assert gonogo("evidence", "add", file)[0] == 0
    assert gonogo("evidence", "list")[0] == 0
