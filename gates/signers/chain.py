"""The chain of Signers documents: the first signed by all its people, each later one by two people of the one before."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from gates.evidence.dsse import Envelope, TrustRoot
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.documents import API_VERSION, Document, Metadata, parse_document
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc
from gates.signers.document import KIND, Person, SignersSpec, active_keyids
from gates.signers.envelopes import payload_of, signatures_of
from gates.signers.soundness import public_key, require_sound

PAYLOAD_TYPE = "application/vnd.gonogo.signers+json"
CHANGE_NEEDS = 2
"""How many people of the document in force sign the one that replaces it."""


class Link(msgspec.Struct, frozen=True):
    """One document of the chain, and the sha256 of its bytes."""

    digest: str
    spec: SignersSpec


def document_bytes(spec: SignersSpec) -> bytes:
    """The document as it is signed: RFC 8785."""
    return canonical_json(Document[SignersSpec](API_VERSION, KIND, Metadata("signers"), spec))


def read_document(payload: bytes, origin: str) -> Link:
    """The document in these bytes; raises UsageProblem naming `origin` and the field for one that is not sound."""
    try:
        read_json(payload)
        text = payload.decode()
    except ValueError as error:
        raise UsageProblem(f"{origin}: not a Signers document: {error}") from None
    spec = parse_document(text, origin, KIND, SignersSpec).spec
    require_sound(spec, origin)
    return Link(sha256_hex(payload), spec)


def trust_in(specs: Iterable[SignersSpec]) -> TrustRoot:
    """All keys of these documents, retired ones too: whether a key may sign something is another question."""
    keys = {key.keyid: public_key(key) for spec in specs for _, holder in spec.holders() for key in holder.keys}
    return TrustRoot(keys, {})


def open_chain(envelopes: Sequence[Envelope], origin: str) -> tuple[Link, ...]:
    """Every document, verified against the one before; raises UnverifiedProblem for the first that is not right."""
    links: tuple[Link, ...] = ()
    for number, envelope in enumerate(envelopes, 1):
        where = f"{origin}: document {number}"
        link = read_link(envelope, where)
        before = links[-1].spec if links else None
        if link.spec.previous != (links[-1].digest if links else None):
            raise UnverifiedProblem(f"{where}: does not follow the document before it")
        wrong = [] if before is None else list(change_faults(before, link.spec))
        if wrong:
            raise UnverifiedProblem(f"{where}: {wrong[0]}")
        lacking = missing(envelope, link.spec, before, where)
        if lacking:
            raise UnverifiedProblem(f"{where}: {lacking}")
        links = (*links, link)
    return links


def read_link(envelope: Envelope, origin: str) -> Link:
    """The document in an envelope, whoever signed it; raises UnverifiedProblem for another payload or a fault in it."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {envelope.payload_type!r} is not {PAYLOAD_TYPE!r}")
    try:
        return read_document(payload_of(envelope, origin), origin)
    except UsageProblem as problem:
        raise UnverifiedProblem(problem.message) from None


def missing(envelope: Envelope, spec: SignersSpec, before: SignersSpec | None, origin: str) -> str:
    """Which signatures a document still needs, in words; "" if none.

    The first needs all its people, a later one two people of the document before it, each by a key that was not retired there.
    """
    keyids: tuple[str, ...] = ()
    if envelope.signatures:
        trust = trust_in([spec] if before is None else [before, spec])
        keyids = signatures_of(envelope, trust, origin).keyids
    people = (before or spec).people
    signed = [person for person in people if set(active_keyids(person)) & set(keyids)]
    names = ", ".join(person.id for person in people if person not in signed and active_keyids(person))
    if before is None:
        without = [person.id for person in people if person not in signed]
        return f"not signed by {', '.join(without)}; the first document needs all its people" if without else ""
    lacking = CHANGE_NEEDS - len(signed)
    if lacking <= 0:
        return ""
    have = f"signed by {', '.join(person.id for person in signed)} alone" if signed else "signed by nobody"
    return f"{have}; a change needs {CHANGE_NEEDS} people of the document in force" + (f": {names}" if names else "")


def change_faults(before: SignersSpec, after: SignersSpec) -> Iterator[str]:
    """What a later document may not do: be older, lose a key or a holder, or put a retired key back into use."""
    if parse_utc(after.at) <= parse_utc(before.at):
        yield f"$.spec.at: {after.at} is not after the document before it, {before.at}"
    for path, holder in before.holders():
        now = after.find(holder.id)
        if now is None or isinstance(now, Person) != isinstance(holder, Person):
            yield f"{holder.id} of {path} is not in it any more; retire the keys instead"
            continue
        kept = {key.keyid: key for key in now.keys}
        for key in holder.keys:
            if key.keyid not in kept:
                yield f"the key {key.keyid} of {holder.id} is not in it any more; retire it instead"
            elif key.retired_at and not _still_retired(key.retired_at, kept[key.keyid].retired_at):
                yield f"the retired key {key.keyid} of {holder.id} is in use again, or retired later than before"


def _still_retired(before: str, after: str) -> bool:
    return bool(after) and parse_utc(after) <= parse_utc(before)
