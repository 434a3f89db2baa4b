"""The decision made again: any changed member of it is found, and what cannot be made again is never a pass."""

import json

import pytest
import rfc8785
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import changed, member

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.probes.corpus import policy_document, receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.levels import POLICY, Mark
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.receipts.verifier import verify_receipts
from gates.schema.canonical import sha256_hex, to_builtins

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TRUST = TrustRoot.from_jwks(jwks_bytes(SIGNER.jwk), "the test's key")
DIGEST = sha256_hex(policy_document())
WHOLE = ("agent_id", "currency", "payee_id", "wallet_id")


def payload(number=1, *, rehash=True, **block):
    """Receipt 1 or 2 of the corpus with members of its policy block changed; its inputs are hashed again with `rehash`."""
    content = json.loads(receipt_payloads()[number - 1])
    content["policy"].update(block)
    policy = content["policy"]
    if rehash:
        whole = {name: member(content, name) for name in WHOLE}
        whole |= {"counters": policy["counters_before"], "inputs": policy["inputs"], "policy_sha256": policy["policy_sha256"]}
        policy["inputs_sha256"] = sha256_hex(rfc8785.dumps(whole))
    return content


def level(content, documents=None):
    """The policy level of a receipt, with the corpus' policy unless `documents` are given."""
    envelope = SIGNER.sign(PAYLOAD_TYPE, rfc8785.dumps(content))
    (found,) = verify_receipts(
        [("it", envelope)], TRUST, policies={DIGEST: policy_document()} if documents is None else documents
    )
    return next(item for item in found.levels if item.name == POLICY)


def inputs(**changes):
    """The corpus' policy inputs, changed."""
    return json.loads(receipt_payloads()[0])["policy"]["inputs"] | changes


def test_an_honest_decision_comes_out_the_same():
    """The reserve that was decided, and the settle that carries the decision on."""
    for number in (1, 2):
        found = level(payload(number))
        assert (found.mark, DIGEST in found.says) == (Mark.PASS, True)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"outcome": "escalate"}, "does not follow"),
        ({"reasons": ["velocity"]}, "reasons is []"),
        ({"approvals_needed": 1}, "approvals_needed is 0"),
        ({"counters_after": {"tenant_day": "1250", "tenant_day_count": "0"}}, "counters_after"),
        ({"counters_before": {"tenant_day": "3751", "tenant_day_count": "0"}}, "outcome is deny"),
        ({"counters_before": {"tenant_day": "0", "tenant_day_count": "3"}}, "outcome is deny"),
        ({"inputs": inputs(amount="1249")}, "the payment is of 1250"),
        ({"inputs": inputs(now="2026-11-23T10:00:00.000+00:00")}, "not what clocks in Europe/Zurich show"),
        ({"inputs": inputs(now="2026-11-23T10:59:00.000+01:00")}, "the receipt issued at"),
        ({"inputs": inputs(now="2026-11-23T11:00:00.000")}, "is not a moment"),
        ({"inputs": inputs(now="noon")}, "is not a moment"),
        ({"inputs": inputs(mood="good")}, "not of version 1"),
        ({"inputs": inputs(approvals=["ann", "ann"])}, "different people"),
        ({"inputs": inputs(approvals=["Grüße"])}, "different people"),
        ({"inputs": inputs(approvals=["ann"])}, "counts 1 approvals, the payment's receipts show 0"),
        ({"inputs_sha256": "0" * 64, "rehash": False}, "inputs_sha256"),
    ],
)
def test_a_changed_decision_is_found(block, says):
    """Even under a good signature: whoever signs cannot make the policy decide otherwise."""
    found = level(payload(**block))
    assert found.mark is Mark.FAIL
    assert says in found.says


@pytest.mark.parametrize("name", WHOLE)
def test_a_decision_about_another_payment_is_found(name):
    """The inputs' hash binds the decision to the receipt's own agent, wallet, payee and currency."""
    assert level(changed(payload(), **{name: "another"})).mark is Mark.FAIL


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [("denial", "denied", "allow"), ("escalation", "approval_required", "deny"), ("approve", "reserved", "escalate")],
)
def test_what_was_done_must_follow_from_what_was_decided(kind, status, outcome):
    """A denial denies, an escalation asks people, an approval holds only what is allowed."""
    assert "does not follow" in level({**payload(outcome=outcome), "kind": kind, "status": status}).says


def test_without_its_document_a_decision_is_not_checked():
    """Not given, or given another one: the receipt may be right, but it was not checked."""
    assert level(payload(), {}).mark is Mark.NOT_CHECKED
    other = b'{"currency":"USD","version":"1"}'
    assert level(payload(), {sha256_hex(other): other}).mark is Mark.NOT_CHECKED


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b'{"currency":"USD","mood":"good","version":"1"}', "does not know mood"),
        (b'{"currency":"USD","version":"2"}', "does not know the version"),
        (b"[]", "not a JSON object"),
        (b'{"currency":"USD","time_zone":"Mars/Olympus","version":"1"}', "no time zone"),
    ],
)
def test_a_document_beyond_this_version_is_not_checked(document, says):
    """A limit that the evaluator does not know could have decided otherwise."""
    digest = sha256_hex(document)
    clock = inputs(now="2026-11-23T10:00:00.000+00:00")
    found = level(payload(policy_sha256=digest, inputs=clock), {digest: document})
    assert found.mark is Mark.NOT_CHECKED
    assert says in found.says


@pytest.mark.parametrize(
    "limits",
    [{"budgets": [{"max_amount": "1", "scope": "agent", "window": "day"}]}, {"new_payee_s": 60}, {}],
)
def test_a_receipt_that_lacks_what_its_policy_needs_fails(limits):
    """Leaving a counter or a fact out does not avoid the check."""
    document = rfc8785.dumps({"currency": "USD", "version": "1", **limits})
    digest = sha256_hex(document)
    counters = {"counters_before": {}, "counters_after": {}} if "new_payee_s" in limits else {}
    clock = inputs(now="2026-11-23T10:00:00.000+00:00")
    assert level(payload(policy_sha256=digest, inputs=clock, **counters), {digest: document}).mark is Mark.FAIL


def test_without_any_policy_the_only_decision_is_no():
    """The hash of nothing needs no document; a denial without a policy comes out the same, an allow does not."""
    clock = inputs(now="2026-11-23T10:00:00.000+00:00")
    block = {"policy_sha256": sha256_hex(b""), "counters_before": {}, "counters_after": {}, "inputs": clock}
    zero = dict.fromkeys(("authorized", "settled", "released", "open", "refunded", "charged_back"), "0")
    denied = payload(outcome="deny", reasons=["no_policy"], **block)
    denial = changed(denied, kind="denial", status="denied", totals=zero, money_moved="no")
    assert level(denial, {}).mark is Mark.PASS
    assert "outcome is deny" in level(payload(**block), {}).says


def verify(tmp_path, content, *arguments):
    """`gonogo receipt verify` on one receipt."""
    path, trust, policy = (tmp_path / name for name in ("receipt.json", "trust.json", "policy.json"))
    path.write_text(json.dumps(to_builtins(SIGNER.sign(PAYLOAD_TYPE, rfc8785.dumps(content)))))
    trust.write_bytes(jwks_bytes(SIGNER.jwk))
    policy.write_bytes(policy_document())
    line = ["verify", str(path), "--trust", str(trust), *(argument.format(policy=policy) for argument in arguments)]
    done = CliRunner().invoke(receipt, line, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, " ".join(done.output.split())


def test_the_command_makes_the_decision_again_where_the_document_is_given(tmp_path):
    """Pass, FAIL with exit 8, or not checked in plain words: exit 3 where another document was given, 0 where none was."""
    code, text = verify(tmp_path, payload(), "--policy", "{policy}")
    assert (code, "policy re-run pass made again" in text) == (0, True)
    code, text = verify(tmp_path, payload(reasons=["velocity"]), "--policy", "{policy}")
    assert (code, "policy re-run FAIL" in text) == (8, True)
    assert verify(tmp_path, payload(policy_sha256="0" * 64), "--policy", "{policy}")[0] == 3
    code, text = verify(tmp_path, payload())
    assert (code, "policy re-run not checked" in text) == (0, True)
    assert "because no --policy document was given: policy re-run" in text
