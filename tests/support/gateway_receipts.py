"""Receipts of a test's gateway, held against the offline verifier."""

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.receipts.levels import POLICY
from gates.receipts.receipt import PAYLOAD_TYPE
from gates.receipts.verifier import verify_receipts
from gates.schema.canonical import sha256_hex


def policy_marks(items, documents):
    """What the offline verifier finds at the policy level, after these payloads were chained and signed again by one key."""
    signer, previous, envelopes = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32)))), None, []
    for number, item in enumerate(items):
        item["signing"]["key_id"], item["previous_receipt_sha256"] = signer.keyid, previous
        payload = rfc8785.dumps(item)
        previous = sha256_hex(payload)
        envelopes.append((str(number), signer.sign(PAYLOAD_TYPE, payload)))
    trust = TrustRoot.from_jwks(jwks_bytes(signer.jwk), "the test's key")
    verified = verify_receipts(envelopes, trust, policies=documents)
    return [next(level.mark for level in found.levels if level.name == POLICY) for found in verified]
