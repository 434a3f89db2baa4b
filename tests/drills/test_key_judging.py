"""What the receipts of a rotation or a theft show: pure, over a few receipts."""

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from drills.keys.forgery import forge, signer_of
from drills.keys.history import Acknowledged, acknowledged
from drills.keys.judging import Case, Forgeries, judge
from drills.keys.published import KeyEvent, KeySet, contradictions, read_key_set
from drills.keys.receipts import Signed, signed
from drills.keys.verifying import Verified, verified
from drills.measures import measures_of
from drills.objectives import NONE
from drills.observations import Count
from drills.record import Record
from gates.evidence.dsse import Envelope, Signer, jwks_bytes
from gates.evidence.statement import EvidenceKind
from gates.probes.corpus import receipt_payloads
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import UnknownReason

OLD, NEW = (Signer(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2))
GOOD, BAD = Verified("", cut=False), Verified("key: it was revoked", cut=False)


def _keys(*signers, usable=None, events=()):
    ids = frozenset(signer.keyid for signer in signers)
    return KeySet(ids, ids if usable is None else frozenset(signer.keyid for signer in usable), events)


def _receipt(number, kind="settle", signer=OLD):
    envelope = Envelope("type", base64.b64encode(f"{number} {kind}".encode()).decode(), ())
    return Signed(envelope, f"rcp_{number}_{kind}", kind, f"pay_{number}", 1, signer.keyid)


def _case(receipts, found=None, **changes):
    given = {
        "old": OLD.keyid,
        "cut_ns": 100,
        "revoked": False,
        "pinned": _keys(OLD),
        "published_before": _keys(OLD),
        "published": _keys(OLD, NEW),
        "acknowledged": (),
        "early": receipts[:1],
        "receipts": receipts,
        "found": found or (GOOD,) * len(receipts),
    }
    return Case(**{**given, **changes})


def test_what_was_first_sent_before_the_cut_off_may_have_either_key():
    """A settle that was on its way at the cut-off is not late; one that was sent after it is."""
    receipts = (_receipt(1), _receipt(2), _receipt(3, signer=NEW))
    sent = tuple(Acknowledged(f"pay_{number}", "settle", at_ns) for number, at_ns in ((1, 99), (2, 100), (3, 101)))
    judged = judge(_case(receipts, acknowledged=sent), None)
    assert judged.counts["signed_late"] == (1, 2)
    what = f"receipts of operations sent after the cut-off are signed by the old key {OLD.keyid}"
    assert judged.deviations == (f"1 {what}, the first: rcp_2_settle",)


def test_nothing_sent_after_the_cut_off_is_unknown_and_not_zero():
    """Zero opportunities show nothing."""
    counts = {name: Count(*pair) for name, pair in judge(_case((_receipt(1),)), None).counts.items()}
    lives = msgspec.structs.replace(NONE, counts=counts)
    measures = measures_of(EvidenceKind.KEY_ROTATION_DRILL, Record(), True, UnknownReason.MISSING, lives)
    for name in ("signed_late", "receipts_by_new_key", "without_receipt"):
        assert (measures[name].value, measures[name].unknown) == (None, "too_few_samples"), name
    assert measures["receipts_by_old_key"].value == "1"


def test_a_receipt_that_the_service_changed_or_lost_is_named():
    """Its bytes are what shows that it is the service's own."""
    other = msgspec.structs.replace(_receipt(1), envelope=Envelope("type", "b3RoZXI=", ()))
    early = (_receipt(1), _receipt(2))
    judged = judge(_case((other,), early=early), None)
    assert judged.counts["receipts_changed"] == (2, 2)


def test_honest_receipts_of_a_revoked_key_are_refused_and_a_chain_over_it_is_cut():
    """One that still verified would let a forgery through as well."""
    receipts = (_receipt(1, "reserve"), _receipt(1, "settle", NEW))
    found = (BAD, Verified("", cut=True))
    judged = judge(_case(receipts, found, revoked=True, published=_keys(NEW)), None)
    assert (judged.counts["genuine_refused"], judged.counts["chains_cut"], judged.deviations) == ((1, 1), (1, 1), ())
    standing = judge(_case(receipts, (GOOD, GOOD), revoked=True), None)
    assert any("1 receipts of the revoked key still verify" in text for text in standing.deviations)


def test_a_forgery_that_verifies_after_the_revocation_or_is_listed_is_named():
    """Each is a deviation of its own."""
    thief = (_receipt(9), _receipt(8))
    judged = judge(_case((_receipt(9),), (BAD,), revoked=True), Forgeries(thief, (GOOD, GOOD), (GOOD, BAD)))
    names = ("forged_accepted_before", "forged_accepted", "forged_in_books")
    assert [judged.counts[name] for name in names] == [(2, 2), (1, 2), (1, 2)]
    assert sum("forged receipts" in text for text in judged.deviations) == 2


def test_a_cut_chain_is_a_finding_where_nothing_was_revoked():
    """After a rotation every predecessor counts."""
    judged = judge(_case((_receipt(1, signer=NEW),), (Verified("", cut=True),)), None)
    assert judged.counts["unverified_receipts"] == (1, 1)


def test_a_later_key_set_keeps_every_key_and_begins_with_the_same_events():
    """Only a key that was revoked may be gone."""
    first, other = KeyEvent(1, OLD.keyid, "active"), KeyEvent(1, NEW.keyid, "active")
    before = _keys(OLD, events=(first,))
    assert list(contradictions(before, _keys(OLD, NEW, events=(first, other)))) == []
    assert list(contradictions(before, _keys(NEW, events=(first,)), OLD.keyid)) == []
    assert list(contradictions(before, _keys(NEW, events=(other,)))) == [
        f"the key {OLD.keyid} is no longer published",
        "the key events do not begin with those that were published before",
    ]


def test_a_key_for_another_use_or_with_a_revocation_is_not_usable():
    """As the verification has it."""
    document = json.loads(jwks_bytes(OLD.jwk, NEW.jwk))
    document["key_events"] = [{"seq": 1, "keyid": OLD.keyid, "event": "revoked"}]
    found = read_key_set(json.dumps(document).encode(), "keys")
    assert (found.keys, found.usable) == ({OLD.keyid, NEW.keyid}, {NEW.keyid})
    document["keys"][0]["use"] = document["keys"][1]["use"] = "enc"
    assert read_key_set(json.dumps(document).encode(), "keys").usable == frozenset()
    with pytest.raises(UnknownProblem, match=r"spec\.audit\.trust: not a JWKS"):
        read_key_set(b"<html>", "spec.audit.trust")


def test_forgeries_have_the_words_of_honest_receipts_and_none_of_their_ids():
    """Chained to each other, signed by the thief's key."""
    honest = [OLD.sign("type", payload) for payload in receipt_payloads()]
    forged = forge(OLD, honest)
    ids = {(item.receipt_id, item.payment_id) for item in (signed(envelope, "it") for envelope in honest)}
    others = [signed(envelope, "it") for envelope in forged]
    assert len({item.payment_id for item in others}) == 1
    assert not ids & {(item.receipt_id, item.payment_id) for item in others}
    assert [item.kind for item in others] == ["reserve", "settle"]


def test_a_private_key_is_read_raw_or_as_pem_and_nothing_else():
    """What is refused says what to copy."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert signer_of(bytes([1]) * 32, "it").keyid == signer_of(pem, "it").keyid == OLD.keyid
    with pytest.raises(UnknownProblem, match="it: not a private key of Ed25519"):
        signer_of(b"ssh-ed25519 AAAA", "it")


def test_what_verification_could_not_read_is_unknown_with_its_words():
    """The published keys may be no keys."""
    with pytest.raises(UnknownProblem, match=r"ended with 8: after\.json: not a usable set"):
        verified(b"", "error: after.json: not a usable set of Ed25519 keys: x\n  next: y\n", 8)


def test_an_operation_counts_from_its_first_attempt(tmp_path):
    """A repeat is answered as before, whichever key signs by then; a line cut short is left out."""
    line = {"process": 1, "operation": "settle", "payment": 7, "start_ns": 5, "type": "invoke"}
    lines = [line, {**line, "start_ns": 9}, {**line, "start_ns": 9, "type": "ok", "payment_id": "pay_7"}]
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in lines) + '{"process": 1')
    assert acknowledged(path) == (Acknowledged("pay_7", "settle", 5),)
