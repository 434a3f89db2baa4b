"""DSSE envelopes over Ed25519: what is signed, by whom, and who is trusted."""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json

Jwk: TypeAlias = dict[str, str | bool]

REHEARSAL = "gonogo_rehearsal"
"""The member that marks a rehearsal key in a JWKS; a thumbprint does not depend on it."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature: the RFC 7638 thumbprint of the key, and the base64 of 64 bytes."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload_type": "payloadType"}):
    """A DSSE envelope; `payload` is base64."""

    payload_type: str
    payload: str
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: the bytes that the signature covers."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def public_jwk(key: Ed25519PublicKey, *, rehearsal: bool = False) -> Jwk:
    """The public key as an RFC 8037 JWK with its RFC 7638 thumbprint as `kid`, and marked if it is for rehearsals."""
    bare = {"crv": "Ed25519", "kty": "OKP", "x": _b64url(key.public_bytes_raw())}
    return {**bare, "kid": thumbprint(bare), **({REHEARSAL: True} if rehearsal else {})}


def thumbprint(jwk: Mapping[str, str | bool]) -> str:
    """RFC 7638: base64url(SHA-256(canonical JSON of crv, kty, x))."""
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    return _b64url(bytes.fromhex(sha256_hex(canonical_json(required))))


class Signer:
    """Signs payloads with one Ed25519 key; a rehearsal's key is marked in its JWK."""

    def __init__(self, key: Ed25519PrivateKey, *, rehearsal: bool = False) -> None:
        self._key = key
        self.rehearsal = rehearsal
        self.jwk = public_jwk(key.public_key(), rehearsal=rehearsal)
        self.keyid = thumbprint(self.jwk)

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Wrap `payload`; the same key and payload give the same bytes (Ed25519 draws no randomness)."""
        signature = base64.b64encode(self._key.sign(pae(payload_type, payload))).decode()
        return Envelope(payload_type, base64.b64encode(payload).decode(), (Signature(self.keyid, signature),))


class Signed(msgspec.Struct, frozen=True):
    """A payload, and the ids of the trusted keys whose signatures over it hold: one at least."""

    payload: bytes
    keyids: tuple[str, ...]


class TrustRoot:
    """The keys that the verifier trusts; nothing that is being verified can add to them.

    `other_use` are keys in the trust file that are not for signatures, with their `use` (RFC 7517): they verify nothing.
    `rehearsals` are rehearsal keys, which verify nothing outside their rehearsal, and `marked` those that are trusted inside one.
    """

    def __init__(
        self,
        keys: Mapping[str, Ed25519PublicKey],
        other_use: Mapping[str, str],
        rehearsals: Collection[str] = (),
        marked: Collection[str] = (),
    ) -> None:
        self.other_use = other_use
        self.rehearsals = frozenset(rehearsals)
        self.marked = frozenset(marked)
        self._keys = {keyid: key for keyid, key in keys.items() if keyid not in other_use and keyid not in self.rehearsals}

    @classmethod
    def from_jwks(cls, data: bytes, origin: str, *, rehearsal: bool = False) -> "TrustRoot":
        """Read a JWKS document; only with `rehearsal` are keys trusted that are marked as rehearsal keys.

        Raises UnverifiedProblem naming `origin` where it is not one of Ed25519 keys.
        """
        try:
            document = msgspec.convert(read_json(data), _Jwks)
            keys: dict[str, Ed25519PublicKey] = {}
            other_use: dict[str, str] = {}
            marked: set[str] = set()
            for jwk in document.keys:
                bare: Jwk = {"crv": jwk.crv, "kty": jwk.kty, "x": jwk.x}
                if (jwk.kty, jwk.crv) != ("OKP", "Ed25519"):
                    raise ValueError(f"key {jwk.kid or '?'} is {jwk.kty}/{jwk.crv}, not OKP/Ed25519")
                keyid = thumbprint(bare)
                keys[keyid] = Ed25519PublicKey.from_public_bytes(_unb64url(jwk.x))
                if jwk.use != "sig":
                    other_use[keyid] = jwk.use
                if jwk.gonogo_rehearsal:
                    marked.add(keyid)
        except (msgspec.MsgspecError, ValueError) as error:
            raise UnverifiedProblem(f"{origin}: not a usable set of Ed25519 keys: {printable(str(error))}") from None
        return cls(keys, other_use, marked=marked) if rehearsal else cls(keys, other_use, marked)

    def joined(self, other: "TrustRoot") -> "TrustRoot":
        """A root that trusts the keys of both, except those that either refuses."""
        keys = {keyid: root._keys[keyid] for root in (self, other) for keyid in root.keyids}  # noqa: SLF001  # of this class
        other_use = {**self.other_use, **other.other_use}
        return TrustRoot(keys, other_use, self.rehearsals | other.rehearsals, self.marked | other.marked)

    @property
    def keyids(self) -> tuple[str, ...]:
        """The thumbprints that are trusted, sorted."""
        return tuple(sorted(self._keys))

    def verify(self, envelope: Envelope) -> Signed:
        """The payload, if at least one signature is by a trusted key and holds, with the keys of all that do.

        Raises UnverifiedProblem with the reason otherwise. Only the keys in the result signed: any other entry proves nothing.
        """
        try:
            payload = base64.b64decode(envelope.payload, validate=True)
        except ValueError:  # also for what is not ASCII
            raise UnverifiedProblem("the payload is not base64") from None
        return Signed(payload, self.check(envelope.payload_type, payload, envelope.signatures))

    def check(self, payload_type: str, payload: bytes, signatures: Sequence[Signature]) -> tuple[str, ...]:
        """The trusted keys whose signatures over `payload` hold, one at least; raises UnverifiedProblem with the reason."""
        message = pae(payload_type, payload)
        known = [item for item in signatures if item.keyid in self._keys]
        if not known:
            raise UnverifiedProblem(self._unknown(signatures))
        holding = tuple(dict.fromkeys(item.keyid for item in known if _holds(self._keys[item.keyid], item.sig, message)))
        if not holding:
            raise UnverifiedProblem(f"the signature by {known[0].keyid} does not hold: the content was changed after signing")
        return holding

    def _unknown(self, signatures: Sequence[Signature]) -> str:
        for item in signatures:
            if item.keyid in self.rehearsals:
                return f"signed by {item.keyid}, a rehearsal key: it verifies nothing outside its rehearsal"
            if item.keyid in self.other_use:
                use = self.other_use[item.keyid]
                return f"the trust root gives the key {item.keyid} the use {use!r}, not 'sig': it verifies nothing"
        signers = ", ".join(item.keyid for item in signatures) or "no key"
        return f"signed by {printable(signers)}, which the trust root does not hold"


def _holds(key: Ed25519PublicKey, sig: str, message: bytes) -> bool:
    try:
        key.verify(base64.b64decode(sig, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


class _Jwk(msgspec.Struct, frozen=True):
    kty: str
    crv: str
    x: str
    kid: str = ""
    use: str = "sig"
    gonogo_rehearsal: bool = False


class _Jwks(msgspec.Struct, frozen=True):
    keys: tuple[_Jwk, ...]


def jwks_bytes(*keys: Jwk) -> bytes:
    """A JWKS document as canonical bytes, keys in the order of their ids."""
    return canonical_json({"keys": sorted(keys, key=lambda key: str(key["kid"]))})


def decode_envelope(data: bytes, origin: str) -> Envelope:
    """Read an envelope; raises UnverifiedProblem naming `origin` for anything else."""
    try:
        return msgspec.convert(read_json(data), Envelope)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnverifiedProblem(f"{origin}: not a DSSE envelope: {printable(str(error))}") from None


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
