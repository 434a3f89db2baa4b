"""Receipt signing keys: their files, and the signatures that they make."""

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from gateway.canonical import canonical
from gateway.errors import StartProblem
from gateway.receipts.receipt import PAYLOAD_TYPE
from gateway.settings import Settings

SIGNATURE_BYTES = 64
_PAE_HEAD = b"DSSEv1 %d %b " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())


def signing_with(seed: bytes) -> Callable[[bytes], bytes]:
    """What gives the Ed25519 signature of a message, with the private key of these 32 bytes.

    By libsodium, in two thirds of the time that OpenSSL takes; RFC 8032 leaves no choice, so the bytes are the same.
    """
    _, secret = crypto_sign_seed_keypair(seed)
    return lambda message: crypto_sign(message, secret)[:SIGNATURE_BYTES]


class ReceiptSigner:
    """Signs receipts with one Ed25519 key; `keyid` is its RFC 7638 thumbprint."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._sign = signing_with(key.private_bytes_raw())
        x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        bare = {"crv": "Ed25519", "kty": "OKP", "x": x}
        digest = hashlib.sha256(canonical(bare)).digest()
        self.keyid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.jwk = {**bare, "alg": "EdDSA", "kid": self.keyid, "use": "sig"}

    def sign(self, payload: bytes) -> bytes:
        """The 64 byte signature of `payload`."""
        return self._sign(b"%b%d %b" % (_PAE_HEAD, len(payload), payload))  # DSSE's pre-authentication encoding


def load_signer(settings: Settings) -> ReceiptSigner:
    """The signer of a new database; its key is made, for its owner alone, when there is none.

    Raises StartProblem where the key file is not 32 raw bytes.
    """
    if not os.path.lexists(settings.key_file):  # Path.exists raises where the folder cannot be searched
        make_key_file(settings.key_file, Ed25519PrivateKey.generate())
    return read_key_file(settings.key_file)


def make_key_file(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a private key, durably and for its owner alone; a file that is there already stays as it is.

    Raises StartProblem where it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StartProblem(f"{path}: the signing key cannot be written: {error.strerror}") from None
    try:
        _write(handle, key.private_bytes_raw(), path.parent)
    except OSError as error:
        path.unlink()
        raise StartProblem(f"{path}: the signing key cannot be written: {error.strerror}; make room, then try again") from None


def _write(handle: int, raw: bytes, parent: Path) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_key_file(path: Path) -> ReceiptSigner:
    """The signer of a key file; raises StartProblem where it cannot be read, or is not 32 raw bytes."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        text = (
            f"{path}: the signing key cannot be read: {error.strerror}; give it to the user that runs the gateway, with mode 0600"
        )
        raise StartProblem(text) from None
    if len(raw) != 32:
        raise StartProblem(f"{path}: not a 32 byte Ed25519 key; restore it from the backup that holds the database")
    return ReceiptSigner(Ed25519PrivateKey.from_private_bytes(raw))
