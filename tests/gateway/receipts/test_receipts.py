"""Receipts: canonical, chained, and verifiable by others than us."""

import base64
import copy
import datetime as dt
import hashlib
import json
import subprocess
import typing
from pathlib import Path

import msgspec
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from gateway_receipts import policy_marks
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from gates.evidence.dsse import Envelope as GateEnvelope
from gates.evidence.dsse import TrustRoot
from gates.receipts.levels import Mark
from gates.receipts.verifier import verify_receipts
from gateway.canonical import canonical
from gateway.commands import ApprovalRule, Approve, PutPolicy, Reject, Reserve, Reverse, Settle
from gateway.errors import StartProblem
from gateway.receipts.receipt import PAYLOAD_TYPE, Receipt, encode_receipt, envelope
from gateway.receipts.signer import ReceiptSigner, load_signer
from gateway.routes import APPROVE, PUT_POLICY, REJECT, RESERVE, REVERSE, SETTLE
from gateway.settings import Settings

GOLDEN = Path(__file__).with_name("golden.jsonl")


@pytest.fixture
def receipts(desk):
    """The receipts of one payment: reserved, settled in part, settled, refunded in part."""
    fields = (desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD")
    answer = desk.ask(RESERVE, Reserve(*fields, purpose="Zürich 東京"), "r1")
    payment_id = msgspec.json.decode(answer.body)["payment"]["payment_id"]
    desk.ask(SETTLE, Settle(amount="400", final=False), "s1", payment_id)
    desk.ask(SETTLE, Settle(amount="500"), "s2", payment_id)
    desk.ask(REVERSE, Reverse(reason="r", amount="100"), "v1", payment_id)
    return desk.receipts(payment_id)


def payloads(receipts):
    """The signed bytes of each."""
    return [base64.b64decode(item.envelope.payload) for item in receipts]


def test_a_payload_is_its_own_canonical_form(one_of_each):
    """A general RFC 8785 writer gives the same bytes, of every kind, so anybody can recompute what was signed."""
    for payload in payloads(one_of_each):
        assert rfc8785.dumps(json.loads(payload)) == payload


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBER = st.integers(0, 2**53 - 1)


@given(st.data(), st.dictionaries(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8), TEXT))
def test_any_receipt_is_written_in_canonical_form(data, policy):
    """Whatever its texts and numbers are: no member of its parts is out of order, and nothing is escaped otherwise."""
    made = data.draw(_any(Receipt, canonical(policy)))
    assert encode_receipt(made) == rfc8785.dumps(json.loads(encode_receipt(made)))


def _any(part, policy):
    """Values of a part of the receipt."""
    kinds = {str: TEXT, int: NUMBER, str | None: st.none() | TEXT, tuple[str, ...]: st.lists(TEXT, max_size=2).map(tuple)}
    kinds[msgspec.Raw | None] = st.none() | st.just(msgspec.Raw(policy))

    def of(kind):
        if isinstance(kind, msgspec.StructMeta):
            return _any(kind, policy)
        return st.sampled_from(typing.get_args(kind)) if typing.get_origin(kind) is typing.Literal else kinds[kind]

    return st.builds(part, **{name: of(kind) for name, kind in typing.get_type_hints(part).items()})


def test_a_fixed_payment_has_the_receipts_that_it_always_had(receipts):
    """Clock, ids and key are given, so the bytes are too: a change to the format shows in golden.jsonl."""
    assert b"".join(payload + b"\n" for payload in payloads(receipts)) == GOLDEN.read_bytes()


def test_no_part_of_a_receipt_has_more_members_than_a_call_names_quickly():
    """Fifteen: beyond, Python makes a dict of them first; and on every level the members stand in alphabetical order."""
    parts, found = [Receipt], []
    while parts:
        part = parts.pop()
        found.append(part)
        parts += [kind for kind in typing.get_type_hints(part).values() if isinstance(kind, msgspec.StructMeta)]
        assert len(part.__struct_fields__) <= 15, part
        assert list(part.__struct_fields__) == sorted(part.__struct_fields__), part
    assert {part.__name__ for part in found} >= {"Receipt", "Money", "Totals", "Subject"}


def test_each_receipt_names_the_hash_of_the_one_before(receipts):
    """The chain of a payment starts at nothing and misses no receipt."""
    before = None
    for seq, payload in enumerate(payloads(receipts), 1):
        receipt = json.loads(payload)
        assert (receipt["operation"]["seq"], receipt["previous_receipt_sha256"]) == (seq, before)
        before = hashlib.sha256(payload).hexdigest()


def test_totals_are_conserved_in_every_receipt(receipts):
    """Authorized is settled plus released plus open, at every step."""
    for payload in payloads(receipts):
        totals = {name: int(value) for name, value in json.loads(payload)["money"]["totals"].items()}
        assert totals["authorized"] == totals["settled"] + totals["released"] + totals["open"]
        assert 0 <= totals["refunded"] + totals["charged_back"] <= totals["settled"]


def test_a_second_library_verifies_the_envelope(receipts, desk):
    """securesystemslib, given only the public key, accepts our envelopes and refuses a changed one."""
    public = base64.urlsafe_b64decode(desk.signer.jwk["x"] + "=")
    key = SSlibKey(desk.signer.keyid, "ed25519", "ed25519", {"public": public.hex()})
    for item in receipts:
        data = json.loads(msgspec.json.encode(item.envelope))
        assert Envelope.from_dict(copy.deepcopy(data)).verify([key], 1)
        data["payload"] = base64.b64encode(base64.b64decode(data["payload"]).replace(b'"USD"', b'"EUR"')).decode()
        with pytest.raises(VerificationError):
            Envelope.from_dict(data).verify([key], 1)


KINDS = typing.get_args(typing.get_type_hints(Receipt)["kind"])


@pytest.fixture
def one_of_each(counter):
    """Receipts of every kind, and one of an outcome that nobody knows."""
    desk = counter.desk
    rule = PutPolicy("USD", approval=ApprovalRule("5000", 1), per_payment_max="9000")
    desk.ask(PUT_POLICY, rule, "policy")

    def reserve(key, amount, **more):
        made = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], amount, "USD", **more), key)
        return msgspec.json.decode(made.body).get("payment", {}).get("payment_id")

    settled, expires = reserve("settled", "100"), reserve("expires", "100", expires_in_s=1)
    reserve("denied", "9001")
    desk.ask(SETTLE, Settle(), "settle", settled)
    desk.ask(REVERSE, Reverse(reason="r"), "reverse", settled)
    desk.ask(APPROVE, Approve(reason="r"), "approve", reserve("approved", "6000"))
    desk.ask(REJECT, Reject(reason="r"), "reject", reserve("rejected", "6001"))
    desk.now += dt.timedelta(seconds=1)
    assert expires
    assert desk.sweep() == 1
    counter.script(charges=[{"action": "lost_reply_after"}], look_ups=[{"action": "bad_gateway", "times": 0}])
    counter.pay()
    counter.round()
    return desk.receipts()


def test_openssl_verifies_the_bare_signature_of_every_kind(one_of_each, tmp_path):
    """A program that shares no code with us agrees on the bytes that were signed, and refuses them with one bit changed."""
    told = {}
    for item, payload in zip(one_of_each, payloads(one_of_each), strict=True):
        told.setdefault((item.kind, json.loads(payload)["money"]["moved"]), (payload, item.envelope.signatures[0].sig))
    assert {kind for kind, _ in told} == set(KINDS)
    assert ("payout", "unknown") in told
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    (tmp_path / "key.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for (kind, _), (payload, sig) in told.items():
        assert openssl_agrees(tmp_path, payload, base64.b64decode(sig)), kind
        changed = payload[:-2] + bytes([payload[-2] ^ 1]) + payload[-1:]
        assert not openssl_agrees(tmp_path, changed, base64.b64decode(sig)), kind


def openssl_agrees(folder, payload, sig):
    """Whether openssl finds the signature good over the DSSE pre-authentication encoding."""
    (folder / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload))
    (folder / "sig").write_bytes(sig)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "pae", "-sigfile", "sig"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_the_independent_verifier_passes_every_kind(one_of_each, counter):
    """The offline verifier shares no code with the writer: signature, key, form, chain, policy and money, kind by kind."""
    trust = TrustRoot.from_jwks(msgspec.json.encode({"keys": [counter.desk.signer.jwk]}), "the desk's key")
    envelopes = [(item.receipt_id, msgspec.convert(to_builtins(item.envelope), GateEnvelope)) for item in one_of_each]
    found = verify_receipts(envelopes, trust)
    assert {item.receipt.kind for item in found} == set(KINDS)
    for item in found:
        assert item.complete, (item.receipt.kind, item.levels)


def to_builtins(value):
    """The envelope as its JSON."""
    return json.loads(msgspec.json.encode(value))


def test_the_same_key_and_payload_give_the_same_envelope():
    """Ed25519 draws no randomness, so receipts are deterministic."""
    signer = ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert envelope(b"{}", signer.sign(b"{}"), signer.keyid) == envelope(b"{}", signer.sign(b"{}"), signer.keyid)


def test_a_broken_key_file_is_named(tmp_path):
    """The operator learns which file is wrong, and nothing is signed with it."""
    settings = Settings(db=tmp_path / "g.db")
    settings.key_file.write_bytes(b"short")
    with pytest.raises(StartProblem, match=r"g\.db\.signing\.key: not a 32 byte"):
        load_signer(settings)


KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_our_quick_canonical_form_is_rfc_8785_for_the_json_we_make(value):
    """No floats, ASCII keys: there the quick writer and the general one agree byte for byte."""
    assert canonical(value) == rfc8785.dumps(value)


def test_a_receipt_after_the_clock_was_set_back_verifies(desk):
    """The settle repeats the decision of the reserve, which was made at a later moment of the wall clock."""
    made = msgspec.json.decode(desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "900", "USD"), "k1").body)
    payment_id = made["payment"]["payment_id"]
    desk.now -= dt.timedelta(seconds=2)
    assert desk.ask(SETTLE, Settle("400"), "k2", payment_id).status == 200
    items = [json.loads(row.payload) for row in desk.reads.receipts(desk.demo.tenant_id, payment_id, 0, 50)]
    assert items[1]["signing"]["issued_at"] < items[0]["signing"]["issued_at"]
    digest = items[0]["policy"]["policy_sha256"]
    assert policy_marks(items, {digest: desk.reads.policy(desk.demo.tenant_id, digest)}) == [Mark.PASS, Mark.PASS]
