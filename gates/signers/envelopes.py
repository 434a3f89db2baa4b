"""Envelopes that several keys sign one after the other, and the check that every signature on one counts."""

import base64
import re

import msgspec

from gates.evidence.dsse import Envelope, Signed, Signer, TrustRoot
from gates.schema.errors import UnverifiedProblem


def unsigned(payload_type: str, payload: bytes) -> Envelope:
    """A payload that nobody has signed yet."""
    return Envelope(payload_type, base64.b64encode(payload).decode(), ())


def sign_too(envelope: Envelope, signer: Signer) -> Envelope:
    """The envelope with one signature more; a key that has signed signs no second time."""
    if any(item.keyid == signer.keyid for item in envelope.signatures):
        return envelope
    more = signer.sign(envelope.payload_type, payload_of(envelope, "the envelope")).signatures
    return msgspec.structs.replace(envelope, signatures=(*envelope.signatures, *more))


def payload_of(envelope: Envelope, origin: str) -> bytes:
    """The payload, whoever signed it; raises UnverifiedProblem where it is not base64."""
    try:
        return base64.b64decode(envelope.payload, validate=True)
    except ValueError:
        raise UnverifiedProblem(f"{origin}: the payload is not base64") from None


def signatures_of(envelope: Envelope, trust: TrustRoot, origin: str) -> Signed:
    """The payload with the keys of all its signatures: each has to be by a known key, to hold, and to be there once.

    Raises UnverifiedProblem naming the first that is not.
    """
    try:
        signed = trust.verify(envelope)
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{origin}: {problem.message}") from None
    for item in envelope.signatures:
        if item.keyid not in signed.keyids:
            raise UnverifiedProblem(f"{origin}: the signature by {_shown(item.keyid)} is by an unknown key, or does not hold")
    if len(envelope.signatures) != len(signed.keyids):
        raise UnverifiedProblem(f"{origin}: a key has signed twice")
    return signed


def _shown(keyid: str) -> str:
    return keyid if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", keyid) else "a key without a usable id"
