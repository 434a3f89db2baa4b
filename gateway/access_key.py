"""The access key: what codes, tokens and hashes of addresses are derived from, so that none of them needs to be stored.

One file next to the database, 32 random bytes. A backup holds both: without the key no address is recognised any more.
"""

import base64
import hashlib
import hmac
from pathlib import Path

from gateway.errors import StartProblem
from gateway.private_file import write_private

DIGITS = 8
"""Digits of a login code: 26.6 bits, against 20 that OWASP ASVS 5.0 requires."""

_BYTES = 32
_UNIT = b"\x1f"


class AccessKey:
    """Derives everything secret about access. Each purpose is a domain of its own, so no value can stand for another."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def mac(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 of the parts, each with its length, for one purpose."""
        told = [part.encode() for part in (purpose, *parts)]
        return hmac.digest(self._raw, _UNIT.join(len(part).to_bytes(4) + part for part in told), hashlib.sha256)

    def address_hash(self, address: str) -> str:
        """The keyed hash of a normalised address: all that append-only rows know of it."""
        return self.mac("address", address).hex()[:32]

    def hidden(self, member: str, value: str) -> str:
        """What is stored of a private member of a request: equal for equal values, and nothing else."""
        return f"mac:{self.mac('member', member, value).hex()[:32]}"

    def sign_in_id(self, key: str, whom: str) -> str:
        """The id of the challenge that a request with this idempotency key makes; `whom` is an address's hash or a session."""
        return f"sgn_{self.mac('sign-in', key, whom).hex()[:32]}"

    def code(self, sign_in_id: str) -> str:
        """The eight digits that belong to a challenge; a resend has the same ones."""
        number = int.from_bytes(self.mac("code", sign_in_id)) % 10**DIGITS
        return f"{number:0{DIGITS}d}"

    def is_code(self, sign_in_id: str, code: str) -> bool:
        """Whether this is the challenge's code, compared in constant time."""
        return hmac.compare_digest(self.code(sign_in_id).encode(), code.encode())

    def session_token(self, session_id: str) -> str:
        """The token of a session: 256 bits."""
        return f"gns_{self._token('session', session_id)}"

    def api_key(self, role: str, key_id: str) -> str:
        """The API key with this id."""
        return f"gng_{role}_{self._token('api-key', key_id)}"

    def bootstrap_key(self, bootstrap_key_id: str) -> str:
        """The bootstrap key with this id."""
        return f"gnb_{self._token('bootstrap-key', bootstrap_key_id)}"

    def _token(self, purpose: str, name: str) -> str:
        return base64.urlsafe_b64encode(self.mac(purpose, name)).rstrip(b"=").decode()

    @property
    def check(self) -> bytes:
        """What the database keeps to recognise its key; it says nothing about the key."""
        return self.mac("check")


def token_sha256(token: str) -> bytes:
    """What is stored of a token. It holds 256 random bits, so one SHA-256 is as good as a slow hash here."""
    return hashlib.sha256(token.encode()).digest()


def read_access_key(path: Path) -> AccessKey | None:
    """The key in this file; None where there is no file. Raises StartProblem for one that cannot be used."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StartProblem(f"{path}: the access key cannot be read: {error.strerror}; check its owner and mode") from None
    if len(raw) != _BYTES:
        raise StartProblem(f"{path}: not an access key: {len(raw)} bytes, not {_BYTES}; restore it from the database's backup")
    return AccessKey(raw)


def make_access_key(path: Path, secret: str) -> AccessKey:
    """A new key in a new file for its owner alone, durable before it is used; `secret` holds 256 random bits."""
    raw = hashlib.sha256(secret.encode()).digest()
    write_private(path, raw)
    return AccessKey(raw)
