"""`gonogo evidence`: what is stored can be listed, read, verified and added to."""

import json

import msgspec
import pytest
import yaml

from gates.evidence.dsse import jwks_bytes


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


def test_evidence_verify_of_nothing_is_unknown(gonogo):
    """An empty store is not a green one."""
    code, out, err = gonogo("evidence", "verify")
    assert (code, out) == (3, "")
    assert "there is no evidence to verify" in err


@pytest.mark.parametrize(("digest", "code"), [("*", 2), ("abc", 2), ("../..", 2), ("ffffff", 8)])
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
    assert gonogo("evidence", "add", single, "--trust", trust)[:2] == (0, held[0].digest + "\n")
    code, out, _ = gonogo("evidence", "add", bundle, "--trust", trust)
    assert (code, out.split()) == (0, [item.digest for item in held])
    assert gonogo("evidence", "verify", "--trust", trust)[1].startswith("ok: 2 statements")


def test_evidence_rebuild_index_makes_it_anew(gonogo, stored, tmp_path):
    """The files are the truth, so the index may be deleted."""
    index = tmp_path / "home" / "evidence" / "index.db"
    index.unlink()
    assert gonogo("evidence", "rebuild-index")[:2] == (0, "ok: the index lists 2 statements\n")
    assert index.exists()
