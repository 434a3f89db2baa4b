"""People and machines with keys for tests: Signers documents, their chain, acts and waivers, signed as the commands sign them."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.acts.act import Act, ActKind, make_act, statement_bytes
from gates.acts.store import keep_act
from gates.evidence.dsse import Envelope, Signer
from gates.evidence.keys import load_signer
from gates.evidence.statement import PAYLOAD_TYPE as ACT_TYPE
from gates.schema.time import format_utc
from gates.signers.candidates import USUAL, jwk_of
from gates.signers.chain import PAYLOAD_TYPE, document_bytes, open_chain
from gates.signers.document import MACHINE_ROLES, Machine, Person, PublicKey, Role, SignersSpec
from gates.signers.envelopes import sign_too, unsigned
from gates.signers.private import keep_key
from gates.signers.ring import Signers
from gates.signers.store import PIN_FILE, SIGNERS_FILE

BEGAN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DIGEST = "d" * 64
PLAN = "a second host by Friday"


def key(number: int) -> Ed25519PrivateKey:
    """The private key of a number; the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def signer(number: int) -> Signer:
    """The signer with that key."""
    return Signer(key(number))


def public(number: int, retired_at: str = "") -> PublicKey:
    """The public half of the key of a number."""
    return msgspec.structs.replace(jwk_of(signer(number)), retired_at=retired_at)


ADA, GRACE, INES, CI, STRAY = 1, 2, 3, 4, 9
"""The numbers of the keys: three people, a machine, and somebody who is in no document."""


def person(name: str, *keys: PublicKey, roles: Iterable[Role] = USUAL) -> Person:
    """A person whose id is the name in lower case."""
    return Person(name=name, id=name.lower(), roles=tuple(roles), keys=keys)


def machine(name: str = "ci", *keys: PublicKey, roles: Iterable[Role] = MACHINE_ROLES) -> Machine:
    """A machine that signs evidence and official scorecards."""
    return Machine(id=name, roles=tuple(roles), keys=keys or (public(CI),))


def document(**changes: object) -> SignersSpec:
    """Ada, Grace and Ines, each with every role, and one machine."""
    people = (person("Ada", public(ADA)), person("Grace", public(GRACE)), person("Ines", public(INES)))
    spec = SignersSpec(None, format_utc(BEGAN), people, (machine(),))
    return msgspec.structs.replace(spec, **changes)


def signed_document(spec: SignersSpec, *numbers: int) -> Envelope:
    """The document with the signatures of these keys."""
    return signed(PAYLOAD_TYPE, document_bytes(spec), *numbers)


def signed(payload_type: str, payload: bytes, *numbers: int) -> Envelope:
    """Any payload with the signatures of these keys, in their order."""
    envelope = unsigned(payload_type, payload)
    for number in numbers:
        envelope = sign_too(envelope, signer(number))
    return envelope


def first(spec: SignersSpec | None = None) -> Envelope:
    """The first document, signed by Ada, Grace and Ines."""
    return signed_document(spec or document(), ADA, GRACE, INES)


def signers(*envelopes: Envelope) -> Signers:
    """The Signers of a chain; without envelopes those of the first document."""
    return Signers(open_chain(envelopes or (first(),), "signers.json"))


def put_signers(home: Path, *envelopes: Envelope, keys: Path | None = None) -> Signers:
    """Put a chain into a state folder, pinned; and the private keys of Ada and Grace into a folder of keys."""
    load_signer(home)  # the evidence key, from before there were Signers
    found = signers(*envelopes)
    (home / SIGNERS_FILE).write_bytes(msgspec.json.encode(list(envelopes or (first(),))))
    (home / PIN_FILE).write_text(found.digest + "\n")
    if keys is not None:
        for name, number in (("ada", ADA), ("grace", GRACE)):
            keep_key(name, key(number))
    return found


def act(kind: ActKind, *numbers: int, name: str = DIGEST, sha256: str = DIGEST, by: str = "ada", **changes: object) -> Envelope:
    """An act of a kind, complete in its fields, signed by these keys."""
    at = BEGAN + dt.timedelta(days=22)
    fields: dict[str, object] = {"reason": "known and small", "at": format_utc(at), "signers": signers().digest}
    if kind in (ActKind.WAIVER, ActKind.ATTESTATION):
        fields["expires_at"] = format_utc(at + dt.timedelta(days=14))
    if kind is ActKind.WAIVER:
        fields |= {"ticket": "OPS-412", "owner": "bob", "mitigation": PLAN}
    made = Act(act=kind, by=by, **{**fields, **changes})  # type: ignore[arg-type]  # the fields of an Act
    return signed(ACT_TYPE, statement_bytes(make_act(name, sha256, made)), *numbers)


def waiver_act(gate: str, *numbers: int, **changes: object) -> Envelope:
    """A waiver of a gate, by default signed by Ada alone."""
    return act(ActKind.WAIVER, *(numbers or (ADA,)), name=gate, **changes)  # type: ignore[arg-type]  # the fields of an Act


def put_act(home: Path, envelope: Envelope) -> str:
    """Keep an act in a state folder as the commands do."""
    return keep_act(home, msgspec.json.encode(envelope))
