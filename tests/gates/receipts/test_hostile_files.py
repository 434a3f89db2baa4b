"""Receipt files made to break the verifier: each ends with a documented code, in bounded memory, and prints escaped text."""

import json
import sys
import tracemalloc

import msgspec
import pytest
import rfc8785
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receipt_members import changed, member

from gates.evidence.dsse import Signature, Signer, jwks_bytes
from gates.probes.corpus import policy_document, receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.schema.canonical import sha256_hex
from gates.schema.entry import run
from gates.schema.outcome import ExitCode

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
GOOD = SIGNER.sign(PAYLOAD_TYPE, receipt_payloads()[0])
LARGEST = 2**53 - 1
DEEP = b"[" * 200_000


def content(**changes):
    """Receipt 1 of the corpus, with members changed."""
    return changed(json.loads(receipt_payloads()[0]), **changes)


def sign(payload):
    """The bytes of an envelope around a payload, signed by the trusted key."""
    data = payload if isinstance(payload, bytes) else rfc8785.dumps(payload)
    return msgspec.json.encode(SIGNER.sign(PAYLOAD_TYPE, data))


def good(**changes):
    """The bytes of a good envelope with members changed."""
    return msgspec.json.encode(msgspec.structs.replace(GOOD, **changes))


def verify(folder, data, *options, trust=None):
    """`gonogo receipt verify` as the console script runs it: exit code, and what it printed."""
    (folder / "receipt.json").write_bytes(data)
    (folder / "keys.json").write_bytes(jwks_bytes(SIGNER.jwk) if trust is None else trust)
    words = ["verify", str(folder / "receipt.json"), "--trust", str(folder / "keys.json"), *options]
    with CliRunner().isolation() as streams:
        code = run(receipt, words)
        return code, (streams[0].getvalue() + streams[1].getvalue()).decode()


@pytest.fixture
def folder(tmp_path):
    """A folder with the corpus' policy document."""
    (tmp_path / "policy.json").write_bytes(policy_document())
    return tmp_path


NESTED = content()
NESTED["policy"]["inputs"]["note"] = None
DEEP_INPUTS = rfc8785.dumps(NESTED).replace(b'"note":null', b'"note":' + b"[" * 500 + b"]" * 500)
DOUBLED = msgspec.json.encode(GOOD)
FILES = {
    "a seq of 2^53-1": sign(content(seq=LARGEST, journal_seq=LARGEST, previous_receipt_sha256="0" * 64)),
    "a seq that no payment reaches": sign(content(seq=1_000_001, journal_seq=LARGEST, previous_receipt_sha256="0" * 64)),
    "a deep file": DEEP,
    "a deep file that ends": DEEP + b"]" * len(DEEP),
    "a deep member of an item": b'{"x":' + b"[" * 900 + b"]" * 900 + b',"envelope":' + DOUBLED + b"}",
    "a deep payload": sign(DEEP),
    "deep policy inputs": sign(DEEP_INPUTS),
    "a doubled payload": DOUBLED.replace(b'"payload":', b'"payload":"","payload":'),
    "a doubled signature": DOUBLED.replace(b'"sig":', b'"sig":"AAAA","sig":'),
    "doubled signatures": DOUBLED.replace(b'"signatures":', b'"signatures":[],"signatures":'),
    "a doubled envelope": b'{"envelope":' + DOUBLED + b',"envelope":' + DOUBLED + b"}",
    "a doubled member of the payload": sign(receipt_payloads()[0].replace(b'"seq":1', b'"seq":1,"seq":1')),
    "a payload that is not ASCII": good(payload="é"),
    "a signature that is not ASCII": good(signatures=(Signature(SIGNER.keyid, "é"),)),
    "a control character in an id": sign(content(receipt_id="rcp_1\r\x1b[2Kverified")),
    "a line end in an id": sign(content(payment_id="pay_1\nverified: 1 receipts, 1 pass, 0 fail")),
    "a space in an id": sign(content(receipt_id="rcp_1" + " " * 60 + "verified")),
    "a right-to-left override in a name": sign(content(agent_id="a\u202eb")),
    "a C1 control in a name": sign(content(agent_id="a\x9b2Kb")),
    "a control character in a member's name": sign(content(**{"\x1b[2K\nverified": 1})),
    "a control character in the payload type": good(payload_type="\x1b[2K\nverified"),
    "a control character in a key id": good(signatures=(Signature("\x1b[2K\nverified", "AAAA"),)),
    "a date that is none": sign(content(issued_at="2026-99-99T10:00:00.000Z")),
    "another script's digits in a date": sign(content(issued_at="٢٠٢٦-11-23T10:00:00.000Z")),
    "an id of a megabyte": sign(content(receipt_id="r" * 1_000_000)),
    "an envelope of eight megabytes": good(payload="A" * 8_000_000),
}


@pytest.mark.parametrize("name", FILES)
def test_a_receipt_file_made_to_break_the_verifier_ends_with_8(folder, name):
    """Not 70, not a pass, and no printed line that begins as a verdict does."""
    for output in ("text", "json"):
        code, text = verify(folder, FILES[name], "--policy", str(folder / "policy.json"), "--format", output)
        assert code == ExitCode.UNVERIFIED, text
        assert not [line for line in text.splitlines() if line.startswith("verified")]
        assert all(letter == "\n" or letter.isprintable() for letter in text)


@pytest.mark.parametrize("name", ["a seq of 2^53-1", "a deep file that ends", "an envelope of eight megabytes"])
def test_memory_is_bounded_by_the_limit_on_one_receipt(folder, name):
    """Whatever numbers and brackets a file holds."""
    tracemalloc.start()
    try:
        verify(folder, FILES[name])
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "trust",
    [
        DEEP,
        b'{"keys":[],"x":' + b"[" * 900 + b"]" * 900 + b"}",
        jwks_bytes(SIGNER.jwk).replace(b'"keys"', b'"keys":[],"keys"'),
        jwks_bytes({**SIGNER.jwk, "use": "revoked"}).replace(b'"x"', b'"use":"sig","x"'),
        b'{"key_events":[{"event":"active","keyid":"\x1b[2K\\nverified","seq":0}],"keys":[]}',
        b'{"key_events":[{"event":"retired","keyid":"\\u001b[2K\\nverified","seq":1}],"keys":[]}',
        b'{"key_events":null,"key_events":[],"keys":[]}',
    ],
)
def test_a_trust_file_that_can_be_read_in_two_ways_ends_with_8(folder, trust):
    """Deep, with a doubled member, with control characters: nothing is trusted."""
    code, text = verify(folder, msgspec.json.encode(GOOD), trust=trust)
    assert code == ExitCode.UNVERIFIED
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert not [line for line in text.splitlines() if line.startswith("verified")]


def test_a_folder_in_place_of_a_file_ends_with_2(folder):
    """Each OSError has its code and names the file."""
    assert verify(folder, msgspec.json.encode(GOOD))[0] == ExitCode.GREEN
    for file, trust, code, named in (("receipt.json", ".", 2, folder), (".", "keys.json", 2, folder)):
        with CliRunner().isolation() as streams:
            assert run(receipt, ["verify", str(folder / file), "--trust", str(folder / trust)]) == code
            assert f"error: {named}: " in streams[1].getvalue().decode()


BAD_POLICIES = [
    DEEP,
    b'{"currency":"USD","version":"1","version":"1"}',
    b'{"version":"1"}',
    b'{"currency":7,"version":"1"}',
    b'{"currency":"USD","new_payee_s":"soon","version":"1"}',
    b'{"currency":"USD","new_payee_s":' + b"9" * 400 + b',"version":"1"}',
    b'{"currency":"USD","per_payment_max":"lots","version":"1"}',
    b'{"currency":"USD","per_payment_max":[],"version":"1"}',
    b'{"currency":"USD","hours":{},"version":"1"}',
    b'{"currency":"USD","hours":"all","version":"1"}',
    b'{"currency":"USD","duplicate":{"within_s":"1"},"version":"1"}',
    b'{"currency":"USD","budgets":[1],"version":"1"}',
    b'{"currency":"USD","budgets":[{}],"version":"1"}',
    b'{"currency":"USD","budgets":[{"scope":"tenant","window":"age","max_amount":"1"}],"version":"1"}',
    b'{"currency":"USD","approval":{"above":"1","quorum":"many"},"version":"1"}',
    b'{"currency":"USD","time_zone":"../../etc/passwd","version":"1"}',
    b'{"currency":"USD","time_zone":"\\u0000","version":"1"}',
    b'{"currency":"USD","\\u001b[2K":1,"version":"1"}',
]


@pytest.mark.parametrize("document", BAD_POLICIES)
def test_a_policy_document_of_another_form_is_not_checked(folder, document):
    """Exit 3: the decision cannot be made again from it; its text is printed without control characters."""
    (folder / "policy.json").write_bytes(document)
    block = content()["policy"] | {
        "policy_sha256": sha256_hex(document),
        "inputs": {"amount": "1250", "now": "2026-11-23T10:00:00.000+00:00"},
    }
    whole = {name: member(content(), name) for name in ("agent_id", "currency", "payee_id", "wallet_id")}
    whole |= {"counters": block["counters_before"], "inputs": block["inputs"], "policy_sha256": block["policy_sha256"]}
    block["inputs_sha256"] = sha256_hex(rfc8785.dumps(whole))
    code, text = verify(folder, sign(content(policy=block)), "--policy", str(folder / "policy.json"))
    assert code == ExitCode.UNKNOWN, text
    assert all(letter == "\n" or letter.isprintable() for letter in text)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(max_size=8)
    | st.sampled_from(["", "0", "-1", "9" * 5000, "2026-02-30T00:00:00.000Z", "9999-12-31T23:59:59.999-23:59", "USD", "٣"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@st.composite
def bent(draw):
    """Receipt 1 of the corpus with up to three members, anywhere in it, replaced, removed or added."""
    whole = content()
    for _ in range(draw(st.integers(1, 3))):
        places = [whole, *whole.values(), member(whole, "totals")]
        places = [place for place in places if isinstance(place, dict)]
        inner = [value for place in places for value in place.values() if isinstance(value, dict)]
        place = draw(st.sampled_from([*places, *inner]))
        known = sorted(place) or ["x"]
        name = draw(st.sampled_from([*known, "payee_created_at", "duplicate_at", "approvals"]) | st.text(max_size=4))
        if draw(st.booleans()) and name in place and place is not whole:
            del place[name]
        else:
            place[name] = draw(VALUES)
    return whole


def rehashed(whole):
    """The inputs' hash made to fit, so that the decision is really made again."""
    block = whole.get("policy")
    if isinstance(block, dict):
        seen = {name: member(whole, name) for name in ("agent_id", "currency", "payee_id", "wallet_id")}
        seen |= {
            "counters": block.get("counters_before"),
            "inputs": block.get("inputs"),
            "policy_sha256": block.get("policy_sha256"),
        }
        block["inputs_sha256"] = sha256_hex(rfc8785.dumps(seen))
    return whole


LIMITS = {
    "approval": {"above": "1000", "quorum": 2},
    "budgets": [{"max_amount": "5000", "max_payments": 3, "scope": "tenant", "window": "day"}],
    "currency": "USD",
    "duplicate": {"outcome": "challenge", "within_s": 60},
    "hours": {"closes": "18:00", "opens": "08:00"},
    "new_payee_s": 3600,
    "time_zone": "Europe/Zurich",
    "version": "1",
}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bent(), st.booleans())
def test_no_receipt_however_bent_ends_with_a_defect(tmp_path, whole, strict):
    """Signed by the trusted key, under a policy with every kind of limit: 0, 3 or 8, and printable text."""
    document = rfc8785.dumps(LIMITS) if strict else policy_document()
    (tmp_path / "policy.json").write_bytes(document)
    if strict and isinstance(whole.get("policy"), dict):
        whole["policy"]["policy_sha256"] = sha256_hex(document)
    code, text = verify(tmp_path, sign(rehashed(whole)), "--policy", str(tmp_path / "policy.json"))
    assert code in (ExitCode.GREEN, ExitCode.UNKNOWN, ExitCode.UNVERIFIED), text
    assert all(letter == "\n" or letter.isprintable() for letter in text)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=64), st.integers(0, len(DOUBLED)), st.integers(0, 40))
def test_no_file_however_damaged_ends_with_a_defect_or_a_pass(tmp_path, junk, start, length):
    """Bytes of an envelope cut out and replaced: 2 or 8, unless nothing changed."""
    data = DOUBLED[:start] + junk + DOUBLED[start + length :]
    code, text = verify(tmp_path, data)
    same = code == ExitCode.GREEN and json.loads(data) == json.loads(DOUBLED)
    assert same or code in (ExitCode.USAGE, ExitCode.UNVERIFIED), text
    assert all(letter == "\n" or letter.isprintable() for letter in text)


def test_a_long_chain_is_walked_once_not_once_for_each_receipt():
    """Work is linear in the receipts of a payment: twice as many receipts take twice as many steps."""
    assert _steps(200) < 2.5 * _steps(100)


def _chain(length):
    first = content()
    payloads = [rfc8785.dumps(first)]
    held = member(first, "totals")
    for seq in range(2, length + 1):
        held = {**held, "settled": str(int(held["settled"]) + 1), "open": str(int(held["open"]) - 1)}
        previous = sha256_hex(payloads[-1])
        step = {"seq": seq, "journal_seq": seq, "kind": "settle", "amount": "1", "totals": held, "receipt_id": f"rcp_{seq}"}
        step.update(status="partially_settled", operation_id=f"op_{seq}", entry_ids=[f"ent_{seq}"])
        payloads.append(rfc8785.dumps(changed(first, **step, previous_receipt_sha256=previous)))
    return [(str(number), SIGNER.sign(PAYLOAD_TYPE, payload)) for number, payload in enumerate(payloads, 1)]


def _steps(length):
    """How many Python functions one verification of a chain enters."""
    from gates.evidence.dsse import TrustRoot
    from gates.receipts.levels import Mark
    from gates.receipts.verifier import verify_receipts

    envelopes, trust = _chain(length), TrustRoot.from_jwks(jwks_bytes(SIGNER.jwk), "the test")
    entered = 0

    def count(_frame, event, _argument):
        nonlocal entered
        entered += event == "call"

    sys.setprofile(count)
    try:
        found = verify_receipts(envelopes, trust)
    finally:
        sys.setprofile(None)
    assert {level.mark for item in found for level in item.levels} == {Mark.PASS, Mark.NOT_CHECKED}
    assert all(
        "from the payment's first receipt" in level.says
        for item in found
        for level in item.levels
        if level.name == "conservation"
    )
    return entered


def test_an_envelope_is_read_whatever_its_line_ends(folder):
    """JSON lines with CR LF, empty lines between them, and one envelope over several lines."""
    lines = msgspec.json.encode(GOOD) + b"\r\n\r\n" + sign(receipt_payloads()[1]) + b"\r\n"
    assert verify(folder, lines)[0] == ExitCode.GREEN
    assert verify(folder, msgspec.json.format(msgspec.json.encode(GOOD), indent=2))[0] == ExitCode.GREEN
