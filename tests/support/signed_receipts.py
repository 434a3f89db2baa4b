"""Two receipts of one payment, signed by a key that is trusted, and their verification level by level and by command."""

import json

import msgspec
import rfc8785
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import changed, member

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.probes.corpus import receipt_payloads
from gates.receipts.cli import receipt
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.receipts.verifier import verify_receipts

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
UNKNOWN = Signer(Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))
TRUST = TrustRoot.from_jwks(jwks_bytes(SIGNER.jwk), "the test's key")


def payload(number, **changes):
    """Receipt 1 or 2 of the corpus, with members changed; `totals` are merged."""
    content = json.loads(receipt_payloads()[number - 1])
    totals = member(content, "totals") | changes.pop("totals", {})
    return changed(content, totals=totals, **changes)


def sign(content, signer=SIGNER):
    """A payload, or its members, in an envelope."""
    data = content if isinstance(content, bytes) else rfc8785.dumps(content)
    return signer.sign(PAYLOAD_TYPE, data)


def levels(envelope, *known):
    """What verification says of each level of one receipt, with others known."""
    (found,) = verify_receipts([("it", envelope)], TRUST, [("known", item) for item in known])
    return {level.name: level for level in found.levels}


def marks(envelope, *known):
    """The marks alone."""
    return {name: level.mark for name, level in levels(envelope, *known).items()}


FIRST, SECOND = (sign(payload) for payload in receipt_payloads())


def files(tmp_path, *envelopes):
    """The receipts as JSON lines, and the trusted key: two paths."""
    path, trust = tmp_path / "receipts.jsonl", tmp_path / "trust.json"
    path.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in envelopes))
    trust.write_bytes(jwks_bytes(SIGNER.jwk))
    return str(path), str(trust)


def verify(*arguments):
    """`gonogo receipt verify`: its exit code and its text."""
    done = CliRunner().invoke(receipt, ["verify", *arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value, done.output
