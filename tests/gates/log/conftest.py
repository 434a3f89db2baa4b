"""Logs to damage: keys that are the same in every run, and lines that are correctly signed and chained."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.store import EvidenceStore
from gates.log.entry import EntryKind, Line, head_of, sign_line

AT = "2026-11-23T10:00:00.000Z"


@pytest.fixture
def signer() -> Signer:
    """The store's key."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def outsider() -> Signer:
    """A key that nobody trusts."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def trust(signer: Signer) -> TrustRoot:
    """Trusts the store's key."""
    return TrustRoot.from_jwks(jwks_bytes(signer.jwk), "trust")


@pytest.fixture
def chain(signer: Signer) -> Callable[..., list[Line]]:
    """Make a correct log of `count` entries; those from `other` on list other objects."""

    def make(count: int, *, other: int | None = None, by: Signer = signer) -> list[Line]:
        lines: list[Line] = []
        for seq in range(1, count + 1):
            digit = "b" if other is not None and seq >= other else "a"
            sha256 = f"{digit}{seq:x}".ljust(64, "0")
            lines.append(sign_line(by, head=head_of(tuple(lines)), kind=EntryKind.STATEMENT, sha256=sha256, at=AT))
        return lines

    return make


@pytest.fixture
def store(tmp_path) -> EvidenceStore:
    """An empty store."""
    return EvidenceStore(tmp_path / "evidence")
