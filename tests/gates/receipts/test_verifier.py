"""`gonogo receipt verify`: offline, level by level, and never ok where something was not checked."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signed_receipts import FIRST, SECOND, SIGNER, UNKNOWN, files, levels, marks, payload, sign, verify

from gates.evidence.dsse import Envelope
from gates.probes.corpus import receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.levels import Mark
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.schema.canonical import sha256_hex, to_builtins
from gates.schema.entry import run
from gates.schema.errors import UsageProblem


def test_a_whole_chain_passes_every_level_that_can_be_checked():
    """Signature, form, chain and conservation pass; the policy re-run is reported as not checked."""
    found = marks(SECOND, FIRST)
    assert found.pop("policy re-run") is Mark.NOT_CHECKED
    assert set(found.values()) == {Mark.PASS}


def test_a_receipt_without_its_predecessor_has_an_unchecked_chain():
    """Its totals add up alone, but where it comes from is not checked."""
    found = marks(SECOND)
    assert (found["chain"], found["conservation"]) == (Mark.NOT_CHECKED, Mark.PASS)


@given(st.integers(min_value=0, max_value=len(receipt_payloads()[0]) * 8 - 1))
def test_any_changed_bit_breaks_the_signature(bit):
    """Flip one bit of the signed bytes: the signature level fails, always."""
    payload = bytearray(receipt_payloads()[0])
    payload[bit // 8] ^= 1 << bit % 8
    changed = Envelope(PAYLOAD_TYPE, base64.b64encode(bytes(payload)).decode(), FIRST.signatures)
    assert marks(changed)["signature"] is Mark.FAIL


def test_an_unknown_key_is_not_trusted_whatever_the_receipt_states():
    """A perfect receipt signed by a key outside the trust root fails."""
    envelope = sign(payload(1, key_id=UNKNOWN.keyid), UNKNOWN)
    level = levels(envelope)["signature"]
    assert level.mark is Mark.FAIL
    assert "trust root does not hold" in level.says


def test_a_receipt_under_another_payload_type_is_no_receipt():
    """The type is signed; an evidence statement cannot pass for a receipt."""
    assert marks(SIGNER.sign("application/vnd.in-toto+json", receipt_payloads()[0]))["signature"] is Mark.FAIL


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(payload(1)).encode(), "not RFC 8785"),
        (receipt_payloads()[0].replace(b'"seq":1', b'"seq":1,"seq":1'), "'seq' occurs twice"),
        (b"{", "not JSON"),
        (receipt_payloads()[0].replace(b'"seq":1', b'"seq":1.0'), "not an integer"),
        (payload(1, amount=1250), "amount"),
        (payload(1, amount="12.50"), "amount '12.50'"),
        (payload(1, amount="01250"), "amount '01250'"),
        (payload(1, bonus="1"), "bonus"),
        (payload(1, signing={"issued_at": "2026-11-23T10:00:00.000Z", "key_id": SIGNER.keyid}), "salt"),
        ({k: v for k, v in payload(1).items() if k != "cohort_sha256"}, "cohort_sha256"),
        (payload(1, cohort_sha256="a cohort"), "cohort_sha256"),
        (payload(1, subject={"id": "pay_1", "kind": "payout"}), "a receipt of kind reserve whose subject is a payout"),
        (payload(1, subject={"id": "pay_1", "kind": "planet"}), "planet"),
        (payload(1, parties={**payload(1)["parties"], "bonus": "1"}), "bonus"),
        (payload(1, postings_sha256="A" * 64), "postings_sha256"),
        (payload(1, issued_at="2026-11-23 10:00"), "issued_at"),
        (payload(1, seq=0), "seq 0"),
        (payload(1, version="1"), "version"),
    ],
)
def test_a_payload_of_another_form_fails_the_form_level(content, says):
    """Bytes, members, types and digests are held to the format, even under a good signature."""
    level = levels(sign(content))["form"]
    assert level.mark is Mark.FAIL
    assert says in level.says


@pytest.mark.parametrize(
    "changes",
    [
        {"previous_receipt_sha256": sha256_hex(b"another")},
        {"previous_receipt_sha256": None},
        {"payee_id": "pye_2"},
        {"wallet_id": "wal_2"},
        {"policy": {**payload(2)["policy"], "policy_sha256": sha256_hex(b"another policy")}},
    ],
)
def test_a_link_to_another_payment_fails_the_chain(changes):
    """The hash of the predecessor, and what must stay the same within a payment."""
    assert marks(sign(payload(2, **changes)), FIRST)["chain"] is Mark.FAIL


def test_a_first_receipt_that_names_a_predecessor_fails_the_chain():
    """Receipt 1 has nothing before it."""
    assert marks(sign(payload(1, previous_receipt_sha256="0" * 64)))["chain"] is Mark.FAIL


def test_two_different_receipts_of_one_place_fail_the_chain():
    """A fork is shown at once; the same receipt read twice is no fork, and an unsigned rival does not count."""
    rival = sign(payload(2, salt="01"))
    assert marks(SECOND, FIRST, rival)["chain"] is Mark.FAIL
    assert marks(SECOND, FIRST, SECOND)["chain"] is Mark.PASS
    assert marks(SECOND, FIRST, sign(payload(2, salt="01"), UNKNOWN))["chain"] is Mark.PASS


@pytest.mark.parametrize(
    "totals",
    [
        {"settled": "1251"},
        {"settled": "1249"},
        {"open": "1"},
        {"refunded": "1251"},
        {"charged_back": "1251"},
        {"settled": "0", "released": "1250"},
        {"settled": "1250", "refunded": "1"},
        {"authorized": "2500", "open": "1250"},
    ],
)
def test_totals_that_do_not_follow_fail_conservation(totals):
    """Within the receipt, or from the receipt before it: money neither appears nor vanishes."""
    assert marks(sign(payload(2, totals=totals)), FIRST)["conservation"] is Mark.FAIL


@pytest.mark.parametrize(
    ("kind", "status", "amount", "totals"),
    [
        ("settle", "settled", "1000", {"settled": "1000", "released": "250", "open": "0"}),
        ("settle", "partially_settled", "1000", {"settled": "1000", "open": "250"}),
        ("reverse", "released", "1250", {"settled": "0", "released": "1250", "open": "0"}),
        ("expire", "expired", "1250", {"settled": "0", "released": "1250", "open": "0"}),
    ],
)
def test_every_way_to_close_a_hold_conserves_money(kind, status, amount, totals):
    """Final settle, part settle, release and expiry of a hold all pass."""
    later = {"issued_at": "2026-11-24T10:00:00.000Z"} if kind == "expire" else {}
    envelope = sign(payload(2, kind=kind, status=status, amount=amount, totals=totals, **later))
    assert marks(envelope, FIRST)["conservation"] is Mark.PASS


def test_a_file_of_whole_chains_ends_with_0(tmp_path):
    """JSON lines in any order; the summary reports that the policy was not re-run."""
    path, trust = files(tmp_path, SECOND, FIRST)
    code, text = verify(path, "--trust", trust)
    assert code == 0
    assert "verified: 2 receipts, 2 pass" in text
    assert "policy re-run not checked" in " ".join(text.split())


def test_a_receipt_alone_ends_with_3_and_with_its_chain_with_0(tmp_path):
    """--chain brings what is missing; the receipts in it are not themselves reported."""
    (tmp_path / "one").mkdir()
    path, trust = files(tmp_path / "one", SECOND)
    more, _ = files(tmp_path, FIRST)
    assert verify(path, "--trust", trust)[0] == 3
    code, text = verify(path, "--trust", trust, "--chain", more, "--format", "json")
    assert code == 0
    assert [item["receipt_id"] for item in json.loads(text)["receipts"]] == ["rcp_2"]


def test_a_tampered_receipt_ends_with_8_and_says_why(tmp_path):
    """The failing level is shown with its reason."""
    path, trust = files(tmp_path, sign(payload(1, salt="01"), UNKNOWN))
    code, text = verify(path, "--trust", trust)
    assert code == 8
    assert "NOT VERIFIED" in text
    assert "FAIL" in text


def test_a_listing_and_a_pretty_printed_envelope_can_be_read(tmp_path):
    """Items of the service's listing, and one envelope over several lines."""
    path, trust = files(tmp_path, FIRST)
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(to_builtins(FIRST), indent=2))
    listing = tmp_path / "listing.jsonl"
    listing.write_text(json.dumps({"receipt_id": "rcp_1", "envelope": to_builtins(FIRST)}))
    assert [verify(str(item), "--trust", trust)[0] for item in (path, pretty, listing)] == [0, 0, 0]


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"payload": "x"}', b"\xff\xfe"])
def test_a_file_that_is_no_receipt_is_a_usage_problem(tmp_path, content):
    """Exit 2, naming the file, for anything that cannot be read as receipts."""
    path, trust = files(tmp_path, FIRST)
    (tmp_path / "receipts.jsonl").write_bytes(content)
    with pytest.raises(UsageProblem, match=r"receipts\.jsonl"):
        verify(path, "--trust", trust)


def test_absent_files_are_named(tmp_path):
    """An absent receipt or trust file is a wrong argument: it ends with 2, and is named."""
    path, trust = files(tmp_path, FIRST)
    with pytest.raises(UsageProblem, match="absent"):
        verify(str(tmp_path / "absent"), "--trust", trust)
    with pytest.raises(UsageProblem, match="absent"):
        verify(path, "--trust", str(tmp_path / "absent"))


@pytest.mark.parametrize("item", [False, True], ids=["envelope", "listing"])
def test_a_receipt_of_an_earlier_build_is_refused_with_the_next_step(tmp_path, capsys, item):
    """Exit 8: version 1 is not read, and the page says by what it is."""
    first = {**to_builtins(FIRST), "payloadType": "application/vnd.gonogo.receipt.v1+json"}
    path, trust = files(tmp_path, FIRST)
    (tmp_path / "receipts.jsonl").write_text(json.dumps({"receipt_id": "rcp_1", "envelope": first} if item else first))
    assert run(receipt, ["verify", path, "--trust", trust]) == 8
    said = capsys.readouterr().err
    assert "a receipt of version 1, written by an earlier build; this one reads version 2" in said
    assert "verify it with the build that wrote it" in said


def test_a_payout_is_not_the_payment_that_has_its_id():
    """The chain is that of the subject, kind and id: the payout's first receipt is no rival of the payment's."""
    payout = payload(
        1,
        kind="payout",
        status="accepted",
        subject={"id": "pay_1", "kind": "payout"},
        wallet_id=None,
        policy=None,
        expires_at=None,
        receipt_id="rcp_9",
        operation_id="op_9",
        entry_ids=["ent_9"],
        journal_seq=9,
    )
    found = marks(FIRST, sign(payout))
    assert (found["chain"], found["conservation"]) == (Mark.PASS, Mark.PASS)
    assert marks(sign(payout), FIRST)["chain"] is Mark.PASS
