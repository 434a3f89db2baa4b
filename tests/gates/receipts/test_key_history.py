"""Which key counts where: the trust file's key events hold every receipt to its place in the journal."""

import base64
import json

import pytest
import rfc8785
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import changed

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.probes.corpus import receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.key_history import KeyEvent, KeyHistory, load_history
from gates.receipts.levels import Mark
from gates.receipts.receipt import PAYLOAD_TYPE, payload_digest
from gates.receipts.verifier import verify_receipts
from gates.schema.canonical import to_builtins
from gates.schema.errors import UnverifiedProblem

OLD = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NEW = Signer(Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))
TRUST = TrustRoot.from_jwks(jwks_bytes(OLD.jwk, NEW.jwk), "the test's keys")
ROTATED = (KeyEvent(3, OLD.keyid, "active"), KeyEvent(10, OLD.keyid, "retired"), KeyEvent(11, NEW.keyid, "active"))
REVOKED = (*ROTATED, KeyEvent(12, OLD.keyid, "revoked"))


def signed(signer, journal_seq, number=1, **changes):
    """Receipt 1 or 2 of the corpus at a place of the journal, signed by a key."""
    members = {"journal_seq": journal_seq, "key_id": signer.keyid} | changes
    content = changed(json.loads(receipt_payloads()[number - 1]), **members)
    return signer.sign(PAYLOAD_TYPE, rfc8785.dumps(content))


def levels(envelope, events, *known):
    """The levels of one receipt under these key events."""
    (found,) = verify_receipts([("it", envelope)], TRUST, [("known", item) for item in known], KeyHistory(events))
    return {level.name: level for level in found.levels}


@pytest.mark.parametrize(
    ("signer", "position", "events", "mark", "says"),
    [
        (OLD, 3, ROTATED, Mark.PASS, "active from 3 until 10"),
        (OLD, 9, ROTATED, Mark.PASS, "it counts at journal position 9"),
        (OLD, 10, ROTATED, Mark.FAIL, "retired at journal position 10, and this receipt is at position 10"),
        (OLD, 4000, ROTATED, Mark.FAIL, "retired at journal position 10, and this receipt is at position 4000"),
        (OLD, 2, ROTATED, Mark.FAIL, "active only from 3 on, and this receipt is at journal position 2"),
        (NEW, 10, ROTATED, Mark.FAIL, "active only from 11 on"),
        (NEW, 11, ROTATED, Mark.PASS, "active from 11 until now"),
        (OLD, 5, REVOKED, Mark.FAIL, "revoked at journal position 12: nothing that it signed counts"),
        (NEW, 12, REVOKED, Mark.PASS, "active from 11 until now"),
        (NEW, 12, ROTATED[:2], Mark.FAIL, "do not list the key"),
        (NEW, 12, (), Mark.FAIL, "do not list the key"),
        (NEW, 12, None, Mark.PASS, "your trust file records no key events"),
    ],
)
def test_a_receipt_counts_by_its_place_in_the_journal(signer, position, events, mark, says):
    """Not by the date that it claims: retired keys sign nothing later, revoked ones nothing at all."""
    level = levels(signed(signer, position, issued_at="2020-01-01T00:00:00.000Z"), events)["key"]
    assert (level.mark, says in level.says) == (mark, True), level.says


def test_a_bad_signature_leaves_the_key_unchecked():
    """Nothing proves the position, so it is not judged."""
    unknown = Signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
    found = levels(signed(unknown, 5), ROTATED)
    assert (found["signature"].mark, found["key"].mark) == (Mark.FAIL, Mark.NOT_CHECKED)


def test_a_receipt_of_a_key_that_does_not_count_is_no_link_of_a_chain():
    """Neither a predecessor nor a rival: a thief with a revoked key cannot break an honest chain."""
    first = signed(NEW, 20)
    digest = payload_digest(base64.b64decode(first.payload))
    second = signed(NEW, 21, 2, previous_receipt_sha256=digest)
    forged = signed(OLD, 20, salt="01")
    assert levels(second, REVOKED, first, forged)["chain"].mark is Mark.PASS
    assert levels(first, REVOKED, forged)["chain"].mark is Mark.PASS
    assert levels(second, REVOKED, forged)["chain"].mark is Mark.NOT_CHECKED


def test_a_chain_goes_forward_in_the_journal():
    """A successor that stands before its predecessor was not written by an append-only journal."""
    first = signed(NEW, 20)
    digest = payload_digest(base64.b64decode(first.payload))
    level = levels(signed(NEW, 19, 2, previous_receipt_sha256=digest), ROTATED, first)["chain"]
    assert level.mark is Mark.FAIL
    assert "journal position 19 is not after 20" in level.says


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([{"seq": 5, "keyid": "a", "event": "active"}, {"seq": 4, "keyid": "b", "event": "active"}], "not in the order"),
        ([{"seq": 5, "keyid": "a", "event": "active"}, {"seq": 5, "keyid": "b", "event": "active"}], "not in the order"),
        ([{"seq": 5, "keyid": "a", "event": "retired"}], "before it the key was not known"),
        (
            [{"seq": 5, "keyid": "a", "event": "active"}, {"seq": 6, "keyid": "a", "event": "active"}],
            "before it the key was active",
        ),
        (
            [
                {"seq": 1, "keyid": "a", "event": "active"},
                {"seq": 2, "keyid": "a", "event": "revoked"},
                {"seq": 3, "keyid": "a", "event": "retired"},
            ],
            "before it the key was active, revoked",
        ),
        ([{"seq": 0, "keyid": "a", "event": "active"}], "cannot be read"),
        ([{"seq": 1, "keyid": "a", "event": "resurrected"}], "cannot be read"),
        ("none", "cannot be read"),
    ],
)
def test_events_that_cannot_be_are_refused_with_the_file(tmp_path, events, says):
    """A trust file that contradicts itself is not trusted at all."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [], "key_events": events}))
    with pytest.raises(UnverifiedProblem, match=says) as caught:
        load_history(path)
    assert "keys.json" in str(caught.value)


def test_the_command_reads_the_events_from_the_trust_file(tmp_path):
    """Exit 8 and a reason for a retired key's later receipt; without the events the same file trusts it."""
    (tmp_path / "receipt.json").write_text(json.dumps(to_builtins(signed(OLD, 17))))
    keys = json.loads(jwks_bytes(OLD.jwk, NEW.jwk))
    for name, document, code in (
        ("limited.json", keys | {"key_events": [to_builtins(event) for event in ROTATED]}, 8),
        ("plain.json", keys, 0),
    ):
        (tmp_path / name).write_text(json.dumps(document))
        words = ["verify", str(tmp_path / "receipt.json"), "--trust", str(tmp_path / name)]
        done = CliRunner().invoke(receipt, words, standalone_mode=False)
        assert done.return_value == code, done.output
        assert ("the key was retired at journal position 10" in done.output) == (code == 8)
