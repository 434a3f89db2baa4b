"""The key whose signature holds must be the key that the payload names; a key that is not for signatures verifies nothing."""

import base64
import json

import msgspec
import pytest
import rfc8785
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import changed

from gates.evidence.dsse import Envelope, Signature, Signer
from gates.probes.corpus import receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.schema.canonical import to_builtins

OLD = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ACTIVE = Signer(Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))


def document(end="retired", *, events=True, keys=(OLD, ACTIVE)):
    """A trust file: OLD ended at position 3, ACTIVE counts from 4 on."""
    shown = [{**key.jwk, "use": "sig"} for key in keys]
    history = [(1, OLD, "active"), (3, OLD, end), (4, ACTIVE, "active")]
    rows = [{"seq": seq, "keyid": key.keyid, "event": event} for seq, key, event in history]
    return {"keys": shown, **({"key_events": rows} if events else {})}


def claim(key, **changes):
    """Receipt 1 of the corpus at position 20, naming `key`."""
    members = {"journal_seq": 20, "key_id": key.keyid} | changes
    return rfc8785.dumps(changed(json.loads(receipt_payloads()[0]), **members))


def forged(*extra, by=OLD):
    """A payload that names the active key, signed by another key, with further signature entries."""
    signed = by.sign(PAYLOAD_TYPE, claim(ACTIVE))
    return Envelope(PAYLOAD_TYPE, signed.payload, (*signed.signatures, *extra))


def verify(tmp_path, envelope, trust):
    """`gonogo receipt verify`: its exit code, and the mark of each level."""
    (tmp_path / "receipt.json").write_bytes(msgspec.json.encode(envelope))
    (tmp_path / "keys.json").write_text(json.dumps(trust))
    words = ["verify", str(tmp_path / "receipt.json"), "--trust", str(tmp_path / "keys.json"), "--format", "json"]
    done = CliRunner().invoke(receipt, words, standalone_mode=False)
    assert done.exception is None, done.exception
    (found,) = json.loads(done.output)["receipts"]
    return done.return_value, {level["level"]: (level["mark"], level["says"]) for level in found["levels"]}


JUNK = [
    pytest.param((Signature(ACTIVE.keyid, "AAAA"),), id="three bytes"),
    pytest.param((Signature(ACTIVE.keyid, base64.b64encode(bytes(64)).decode()),), id="64 zero bytes"),
    pytest.param((Signature(ACTIVE.keyid, ""),), id="nothing"),
    pytest.param((), id="no entry of the active key"),
]


@pytest.mark.parametrize("extra", JUNK)
@pytest.mark.parametrize("end", ["retired", "revoked", None])
def test_a_receipt_that_names_the_active_key_and_was_signed_by_an_ended_one_fails(tmp_path, end, extra):
    """A second entry in the active key's name proves nothing: signature, key and form look at one key, the named one."""
    code, levels = verify(tmp_path, forged(*extra), document(end, events=end is not None))
    assert code == 8
    assert levels["signature"][0] == "FAIL"
    assert levels["key"][0] == "not checked"
    assert ACTIVE.keyid in levels["signature"][1]


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_the_signature_entries_does_not_matter(tmp_path, first):
    """The forged entry before the real one, or after it: exit 8."""
    envelope = forged(Signature(ACTIVE.keyid, "AAAA"))
    signatures = tuple(reversed(envelope.signatures)) if first else envelope.signatures
    assert verify(tmp_path, Envelope(PAYLOAD_TYPE, envelope.payload, signatures), document())[0] == 8


def test_a_receipt_that_names_a_key_outside_the_trust_file_fails(tmp_path):
    """Also where a trusted key signed it as well."""
    assert verify(tmp_path, forged(Signature(ACTIVE.keyid, "AAAA")), document(events=False, keys=(OLD,)))[0] == 8


def test_a_receipt_signed_by_the_key_that_it_names_passes(tmp_path):
    """Alone, and with a signature by a further key, before it or after it."""
    good = ACTIVE.sign(PAYLOAD_TYPE, claim(ACTIVE))
    more = OLD.sign(PAYLOAD_TYPE, claim(ACTIVE)).signatures
    for signatures in (good.signatures, (*more, *good.signatures), (*good.signatures, *more)):
        code, levels = verify(tmp_path, Envelope(PAYLOAD_TYPE, good.payload, signatures), document())
        assert (code, levels["signature"][0]) == (0, "pass")
        assert ACTIVE.keyid in levels["signature"][1]
        assert OLD.keyid not in levels["signature"][1]


@pytest.mark.parametrize("use", ["revoked", "enc", "", "SIG"])
@pytest.mark.parametrize("events", [True, False])
def test_a_key_whose_use_is_not_sig_verifies_nothing(tmp_path, use, events):
    """At no position, with key events or without: RFC 7517 reserves such a key for something else."""
    signed = OLD.sign(PAYLOAD_TYPE, claim(OLD, journal_seq=2))
    trust = document(events=events)
    assert verify(tmp_path, signed, trust)[0] == 0
    code, levels = verify(tmp_path, signed, {**trust, "keys": [{**OLD.jwk, "use": use}, ACTIVE.jwk]})
    assert code == 8
    assert (levels["signature"][0], levels["key"][0]) == ("FAIL", "FAIL")
    assert repr(use) in levels["signature"][1]


@pytest.mark.parametrize("turned", [False, True])
def test_a_key_that_is_listed_twice_is_held_to_the_stricter_use(tmp_path, turned):
    """One entry `revoked`, one `sig`, in either order."""
    keys = [{**OLD.jwk, "use": "revoked"}, {**OLD.jwk, "use": "sig"}]
    trust = {"keys": keys[::-1] if turned else keys}
    assert verify(tmp_path, OLD.sign(PAYLOAD_TYPE, claim(OLD)), trust)[0] == 8


def test_an_envelope_with_a_forged_entry_is_no_link_of_a_chain(tmp_path):
    """Nor a rival: whoever holds an ended key cannot break an honest chain."""
    honest = ACTIVE.sign(PAYLOAD_TYPE, claim(ACTIVE))
    rival = OLD.sign(PAYLOAD_TYPE, claim(ACTIVE, salt="01"))
    rival = Envelope(PAYLOAD_TYPE, rival.payload, (*rival.signatures, Signature(ACTIVE.keyid, "AAAA")))
    (tmp_path / "more.jsonl").write_bytes(msgspec.json.encode(rival))
    (tmp_path / "receipt.json").write_text(json.dumps(to_builtins(honest)))
    (tmp_path / "keys.json").write_text(json.dumps(document()))
    words = ["verify", str(tmp_path / "receipt.json"), "--trust", str(tmp_path / "keys.json"), "--chain"]
    done = CliRunner().invoke(receipt, [*words, str(tmp_path / "more.jsonl")], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0)
