"""A proposed Signers document: a file that goes from person to person until all signatures that it needs are on it."""

import datetime as dt
from pathlib import Path

import msgspec

from gates.evidence.dsse import Envelope, Signer, decode_envelope
from gates.schema.durable import write_durably
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.time import format_utc, parse_utc
from gates.signers.chain import PAYLOAD_TYPE, Link, change_faults, document_bytes, read_link
from gates.signers.document import Holder, Machine, Person, PublicKey, SignersSpec, same_id
from gates.signers.envelopes import sign_too, unsigned
from gates.signers.ring import Signers
from gates.signers.soundness import require_sound

PROPOSAL_FILE = "signers.proposal.json"


class Proposal(msgspec.Struct, frozen=True):
    """The document, and the envelope with the signatures so far."""

    path: Path
    envelope: Envelope
    link: Link


def read_proposal(path: Path) -> Proposal:
    """The proposal in a file; raises UsageProblem without one, UnverifiedProblem for anything else."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(
            f"{path}: no such proposal", next_step="gonogo signer init, add or retire writes one; or name the file"
        ) from None
    envelope = decode_envelope(data, str(path))
    return Proposal(path, envelope, read_link(envelope, str(path)))


def write_proposal(path: Path, spec: SignersSpec) -> Proposal:
    """Write a document for its people to sign; signatures over what was there before are gone, since they are about another text.

    Raises UsageProblem for a document that is not sound.
    """
    require_sound(spec, str(path))
    envelope = unsigned(PAYLOAD_TYPE, document_bytes(spec))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, msgspec.json.encode(envelope) + b"\n", mode=0o600)
    return Proposal(path, envelope, read_link(envelope, str(path)))


def sign_proposal(proposal: Proposal, signer: Signer) -> Proposal:
    """Add one signature to the file; a key that has signed signs no second time."""
    envelope = sign_too(proposal.envelope, signer)
    write_durably(proposal.path, msgspec.json.encode(envelope) + b"\n", mode=0o600)
    return msgspec.structs.replace(proposal, envelope=envelope)


def base_of(path: Path, signers: Signers | None) -> SignersSpec | None:
    """What a further change starts from: the proposal that lies there, else the document in force; None without either.

    Raises RefusedProblem for a proposal that does not replace the document in force.
    """
    if not path.exists():
        return None if signers is None else msgspec.structs.replace(signers.spec, previous=signers.digest)
    link = read_proposal(path).link
    if signers is not None and link.spec.previous != signers.digest:
        raise RefusedProblem(
            f"{path}: does not replace the document in force, {signers.digest}", next_step="remove the file, then propose again"
        )
    return link.spec


def dated(spec: SignersSpec, now: dt.datetime, before: SignersSpec | None) -> SignersSpec:
    """The document as of now; raises UsageProblem for a change that is not allowed."""
    spec = msgspec.structs.replace(spec, at=format_utc(now))
    wrong = [] if before is None else list(change_faults(before, spec))
    if wrong:
        raise UsageProblem("\n".join(wrong))
    return spec


def with_person(spec: SignersSpec, person: Person) -> SignersSpec:
    """The document with one more person, or with one more key of a person whose name is in it."""
    known = spec.find(person.id)
    if known is None:
        return msgspec.structs.replace(spec, people=(*spec.people, person))
    if not isinstance(known, Person) or known.name.strip() != person.name.strip():
        raise UsageProblem(f"the id {person.id!r} is in use by {_named(known)}", next_step="give another id, or the same name")
    return _with_key(spec, known, person.keys[0])


def with_machine(spec: SignersSpec, machine: Machine) -> SignersSpec:
    """The document with one more machine, or with one more key of a machine that is in it."""
    known = spec.find(machine.id)
    if known is None:
        return msgspec.structs.replace(spec, machines=(*spec.machines, machine))
    if not isinstance(known, Machine):
        raise UsageProblem(f"the id {machine.id!r} is in use by {_named(known)}", next_step="give the machine another id")
    return _with_key(spec, known, machine.keys[0])


def with_retired(spec: SignersSpec, name: str, since: dt.datetime) -> SignersSpec:
    """The document with a key retired, or with all keys of a person or machine; raises UsageProblem for an unknown name."""
    holder, keyid = spec.find(name), ""
    if holder is None:
        holder, keyid = spec.holder_of(name), name
    if holder is None:
        known = ", ".join(item.id for _, item in spec.holders())
        raise UsageProblem(f"no person, machine or key is called {name!r}", next_step=f"use one of {known}, or a key's id")
    keys = tuple(_retired(key, since) if keyid in ("", key.keyid) else key for key in holder.keys)
    if keys == holder.keys:
        raise UsageProblem(f"{name} is retired already, from that moment or an earlier one")
    return _replaced(spec, msgspec.structs.replace(holder, keys=keys))


def _retired(key: PublicKey, since: dt.datetime) -> PublicKey:
    if key.retired_at and parse_utc(key.retired_at) <= since:
        return key
    return msgspec.structs.replace(key, retired_at=format_utc(since))


def _with_key(spec: SignersSpec, holder: Holder, key: PublicKey) -> SignersSpec:
    return _replaced(spec, msgspec.structs.replace(holder, keys=(*holder.keys, key)))


def _replaced(spec: SignersSpec, holder: Holder) -> SignersSpec:
    name = "people" if isinstance(holder, Person) else "machines"
    new = tuple(holder if same_id(item.id) == same_id(holder.id) else item for item in getattr(spec, name))
    return msgspec.structs.replace(spec, **{name: new})


def _named(holder: Holder) -> str:
    return f"{holder.name} (a person)" if isinstance(holder, Person) else "a machine"
