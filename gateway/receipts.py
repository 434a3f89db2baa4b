"""Receipts: what was done to a payment, chained to the receipt before it, signed so that anybody can check it offline."""

import base64
import hashlib
import os
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.answers import EnvelopeView, SignatureView
from gateway.canonical import canonical, sha256_hex
from gateway.settings import Settings, StartProblem

PAYLOAD_TYPE = "application/vnd.gonogo.receipt.v1+json"
_PAE_HEAD = b"DSSEv1 %d %b " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())


class Totals(msgspec.Struct, frozen=True):
    """The payment's amounts after this operation."""

    authorized: str
    charged_back: str
    open: str
    refunded: str
    released: str
    settled: str


class Receipt(msgspec.Struct, frozen=True):
    """The signed payload; members in alphabetical order, which makes its encoding canonical."""

    agent_id: str
    amount: str
    currency: str
    entry_ids: tuple[str, ...]
    expires_at: str
    issued_at: str
    key_id: str
    kind: Literal["reserve", "settle", "reverse", "denial", "expire"]
    money_moved: Literal["yes", "no", "unknown"]
    operation_id: str
    payee_id: str
    payment_id: str
    policy: msgspec.Raw
    postings_sha256: str | None
    previous_receipt_sha256: str | None
    receipt_id: str
    request_fingerprint: str
    salt: str
    seq: int
    status: str
    tenant_id: str
    totals: Totals
    version: Literal["1"]
    wallet_id: str


_ENCODER = msgspec.json.Encoder()


def encode_receipt(receipt: Receipt) -> bytes:
    """The payload's canonical bytes: the members stand in order already, so nothing is sorted on the hot path."""
    return _ENCODER.encode(receipt)


class ReceiptSigner:
    """Signs receipts with one Ed25519 key; `keyid` is its RFC 7638 thumbprint."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._sign = key.sign
        x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        bare = {"crv": "Ed25519", "kty": "OKP", "x": x}
        digest = hashlib.sha256(canonical(bare)).digest()
        self.keyid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.jwk = {**bare, "alg": "EdDSA", "kid": self.keyid, "use": "sig"}

    def sign(self, payload: bytes) -> bytes:
        """The 64 byte signature over the DSSE pre-authentication encoding of `payload`."""
        return self._sign(b"%b%d %b" % (_PAE_HEAD, len(payload), payload))

    def jwks(self) -> bytes:
        """The JWKS document that verifiers pin."""
        return canonical({"keys": [self.jwk]})


def envelope(payload: bytes, signature: bytes, keyid: str) -> EnvelopeView:
    """The DSSE envelope of a stored receipt."""
    signed = SignatureView(keyid, base64.b64encode(signature).decode())
    return EnvelopeView(PAYLOAD_TYPE, base64.b64encode(payload).decode(), (signed,))


def payload_sha256(payload: bytes) -> str:
    """How the next receipt of the payment names this one."""
    return sha256_hex(payload)


def load_signer(settings: Settings) -> ReceiptSigner:
    """The signer of this database; a new key is made, for its owner alone, when there is none.

    Raises StartProblem where the key file is not 32 raw bytes.
    """
    path = settings.key_file
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartProblem(f"{path}: the signing key cannot be written: {error.strerror}") from None
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
    raw = path.read_bytes()
    if len(raw) != 32:
        raise StartProblem(f"{path}: not a 32 byte Ed25519 key; restore it from the backup that holds the database")
    return ReceiptSigner(Ed25519PrivateKey.from_private_bytes(raw))
