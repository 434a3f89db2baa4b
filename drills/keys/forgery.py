"""What can a thief do who has the private key? Sign the receipts of a payment that never was, chained to each other."""

import base64
import re
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gates.evidence.dsse import Envelope, Signer
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnknownProblem
from gates.schema.strict_json import read_json

_RAW_BYTES = 32
_ID = re.compile("[A-Za-z]+_")


class _Journal(msgspec.Struct, frozen=True):
    entry_ids: tuple[str, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Payload(msgspec.Struct, frozen=True):
    receipt_id: str
    subject: _Named
    operation: _Named
    journal: _Journal = _Journal()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that a receipt has to itself, or its payment."""
        return (self.receipt_id, self.subject.id, self.operation.id, *self.journal.entry_ids)


def signer_of(data: bytes, origin: str) -> Signer:
    """The signer of a private key file: 32 raw bytes of Ed25519, or PEM; raises UnknownProblem naming `origin` for others."""
    try:
        key = Ed25519PrivateKey.from_private_bytes(data) if len(data) == _RAW_BYTES else load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnknownProblem(
            f"{origin}: not a private key of Ed25519", next_step="copy its 32 raw bytes, or PEM without a password"
        )
    return Signer(key)


def forge(signer: Signer, honest: Sequence[Envelope]) -> list[Envelope]:
    """The receipts of one payment again, in the same words and with other ids: of a payment that never was."""
    texts = [base64.b64decode(envelope.payload) for envelope in honest]
    ids = sorted({name for text in texts for name in msgspec.json.decode(text, type=_Payload).ids})
    forged, previous = [], None
    for envelope, text in zip(honest, texts, strict=True):
        payload = read_json(_with_other_ids(text, ids))
        assert isinstance(payload, dict), "a receipt is an object"
        payload["previous_receipt_sha256"] = previous
        data = canonical_json(payload)
        previous = sha256_hex(data)
        forged.append(signer.sign(envelope.payload_type, data))
    return forged


def _with_other_ids(text: bytes, ids: Sequence[str]) -> bytes:
    for name in ids:
        prefix = found[0] if (found := _ID.match(name)) else ""
        other = prefix + sha256_hex(f"forged {name}".encode())[:32]
        text = text.replace(f'"{name}"'.encode(), f'"{other}"'.encode())
    return text
