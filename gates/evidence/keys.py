"""The key that signs evidence, made on first use and kept in the state folder for its owner alone."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.schema.errors import UnverifiedProblem, UsageProblem

KEY_FILE = "evidence-signing.key"
TRUST_FILE = "evidence-trust.json"


def load_signer(home: Path) -> Signer:
    """The state folder's evidence signer; a new key on first use, its public half in the same folder as a JWKS.

    Raises UsageProblem where the key file is not 32 raw bytes.
    """
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
    raw = path.read_bytes()
    if len(raw) != 32:
        raise UsageProblem(f"{path}: not a 32 byte Ed25519 key", next_step="move it away; the next run makes a new one")
    signer = Signer(Ed25519PrivateKey.from_private_bytes(raw))
    trust = folder / TRUST_FILE
    if not trust.exists():
        trust.write_bytes(jwks_bytes(signer.jwk))
    return signer


def load_trust(path: Path) -> TrustRoot:
    """The trust root in a JWKS file; raises UnverifiedProblem where it is absent or unusable."""
    try:
        return TrustRoot.from_jwks(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise UnverifiedProblem(f"{path}: no such trust file", next_step="give one with --trust") from None
    except OSError as error:
        raise UnverifiedProblem(f"{path}: the trust file cannot be read: {error.strerror}") from None


def own_trust(home: Path) -> TrustRoot:
    """The trust root of this state folder; nobody is trusted where it has no key yet."""
    path = home / "keys" / TRUST_FILE
    return load_trust(path) if path.exists() else TrustRoot({}, {})
