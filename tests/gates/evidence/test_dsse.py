"""Envelopes: the same bytes each time, read by others' tools, and verified only against keys that the verifier brings."""

import base64
import hashlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import SSlibKey

from gates.evidence.dsse import Envelope, Signature, Signed, Signer, TrustRoot, decode_envelope, jwks_bytes, pae, thumbprint
from gates.schema.errors import UnverifiedProblem

KIND = "application/vnd.in-toto+json"


@pytest.fixture
def signer():
    """A key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def stranger():
    """Somebody else's key."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))


def _trust(*signers):
    return TrustRoot.from_jwks(jwks_bytes(*(item.jwk for item in signers)), "trust.json")


def test_the_thumbprint_is_that_of_rfc_8037():
    """The example of RFC 8037, appendix A.3."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert thumbprint({**jwk, "kid": "anything", "use": "sig"}) == thumbprint(jwk)


def test_the_encoding_that_is_signed_is_that_of_the_dsse_protocol():
    """The protocol's own example."""
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_same_key_and_payload_give_the_same_bytes(signer):
    """Ed25519 draws no randomness, so evidence can be made again byte for byte."""
    assert msgspec.json.encode(signer.sign(KIND, b"{}")) == msgspec.json.encode(signer.sign(KIND, b"{}"))


def test_another_implementation_verifies_our_envelopes(signer):
    """securesystemslib, the library of in-toto and TUF, accepts what we sign, and reads the same payload."""
    envelope = signer.sign(KIND, b'{"a":1}')
    other = OtherEnvelope.from_dict(msgspec.to_builtins(envelope))
    public = base64.urlsafe_b64decode(signer.jwk["x"] + "=").hex()
    key = SSlibKey(signer.keyid, "ed25519", "ed25519", {"public": public})
    assert set(other.verify([key], 1)) == {signer.keyid}
    assert (other.payload, other.payload_type) == (b'{"a":1}', KIND)
    assert other.pae() == pae(KIND, b'{"a":1}')


def test_we_verify_the_envelopes_of_another_implementation(signer):
    """And the other way round."""
    from securesystemslib.signer import CryptoSigner

    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = SSlibKey(signer.keyid, "ed25519", "ed25519", {"public": private.public_key().public_bytes_raw().hex()})
    other = OtherEnvelope(b"{}", KIND, {})
    other.sign(CryptoSigner(private, key))
    envelope = decode_envelope(msgspec.json.encode(other.to_dict()), "theirs")
    assert _trust(signer).verify(envelope).payload == b"{}"


def test_a_strangers_signature_is_refused(signer, stranger):
    """However well it verifies: who is trusted is the verifier's to say."""
    with pytest.raises(UnverifiedProblem, match=f"signed by {stranger.keyid}, which the trust root does not hold"):
        _trust(signer).verify(stranger.sign(KIND, b"{}"))


def test_a_strangers_signature_under_a_trusted_name_is_refused(signer, stranger):
    """The name beside a signature proves nothing."""
    forged = stranger.sign(KIND, b"{}")
    forged = Envelope(forged.payload_type, forged.payload, (Signature(signer.keyid, forged.signatures[0].sig),))
    with pytest.raises(UnverifiedProblem, match="does not hold"):
        _trust(signer).verify(forged)


@pytest.mark.parametrize("change", ["payload", "type", "signature", "no signature", "not base64"])
def test_any_change_after_signing_is_refused(signer, change):
    """Of the payload, its type or the signature."""
    good = signer.sign(KIND, b'{"a":1}')
    zeros = base64.b64encode(bytes(64)).decode()
    changed = {
        "payload": Envelope(KIND, base64.b64encode(b'{"a":2}').decode(), good.signatures),
        "type": Envelope("text/plain", good.payload, good.signatures),
        "signature": Envelope(KIND, good.payload, (Signature(signer.keyid, zeros),)),
        "no signature": Envelope(KIND, good.payload, ()),
        "not base64": Envelope(KIND, "?", good.signatures),
    }
    with pytest.raises(UnverifiedProblem):
        _trust(signer).verify(changed[change])


def test_one_good_signature_among_others_is_enough(signer, stranger):
    """A second signer does not make the first one's word worse."""
    good, other = signer.sign(KIND, b"{}"), stranger.sign(KIND, b"{}")
    both = Envelope(KIND, good.payload, (*other.signatures, *good.signatures))
    assert _trust(signer).verify(both) == Signed(b"{}", (signer.keyid,))


def test_only_the_keys_whose_signatures_hold_are_reported(signer, stranger):
    """Two trusted keys, one of them with a forged entry, before the real one or after it: the other one signed."""
    good = signer.sign(KIND, b"{}")
    forged = Signature(stranger.keyid, "AAAA")
    for signatures in ((forged, *good.signatures), (*good.signatures, forged), (forged, forged, *good.signatures * 2)):
        found = _trust(signer, stranger).verify(Envelope(KIND, good.payload, signatures))
        assert found.keyids == (signer.keyid,)
    with pytest.raises(UnverifiedProblem, match="does not hold"):
        _trust(stranger).verify(Envelope(KIND, good.payload, (forged, *good.signatures)))


@pytest.mark.parametrize("use", ["revoked", "enc", "", "SIG"])
def test_a_key_that_is_not_for_signatures_verifies_nothing(signer, use):
    """RFC 7517 `use`: absent or `sig` verifies; listed twice, the stricter entry counts."""
    envelope = signer.sign(KIND, b"{}")
    other, sig = {**signer.jwk, "use": use}, {**signer.jwk, "use": "sig"}
    assert TrustRoot.from_jwks(msgspec.json.encode({"keys": [sig]}), "trust.json").verify(envelope).payload == b"{}"
    for keys in ([other], [other, sig], [sig, other]):
        trust = TrustRoot.from_jwks(msgspec.json.encode({"keys": keys}), "trust.json")
        assert trust.keyids == ()
        with pytest.raises(UnverifiedProblem, match="it verifies nothing"):
            trust.verify(envelope)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"keys":[{"kty":"RSA","crv":"x","x":"AA"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\xc3\xa9"}]}',
    ],
)
def test_a_trust_file_that_is_not_one_is_refused_by_name(data):
    """Not JSON, another kind of key, or no key at all in it."""
    with pytest.raises(UnverifiedProblem, match=r"trust\.json: not a usable set of Ed25519 keys"):
        TrustRoot.from_jwks(data, "trust.json")


def test_a_key_id_in_a_trust_file_is_worked_out_not_believed(signer):
    """A `kid` that names another key does not lend it that name."""
    data = msgspec.json.encode({"keys": [{**signer.jwk, "kid": "somebody"}]})
    assert TrustRoot.from_jwks(data, "trust.json").keyids == (signer.keyid,)


def test_what_is_no_envelope_is_refused_by_name():
    """An unknown key in it is refused too."""
    for data in (b"{", b"{}", b'{"payload":"","payloadType":"","signatures":[],"extra":1}'):
        with pytest.raises(UnverifiedProblem, match=r"e\.json: not a DSSE envelope"):
            decode_envelope(data, "e.json")


def test_the_set_of_keys_does_not_depend_on_their_order(signer, stranger):
    """A JWKS is sorted by key id, so its digest can be compared."""
    one, other = jwks_bytes(signer.jwk, stranger.jwk), jwks_bytes(stranger.jwk, signer.jwk)
    assert hashlib.sha256(one).digest() == hashlib.sha256(other).digest()
