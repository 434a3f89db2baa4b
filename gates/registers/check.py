"""Does an entry of a register count? One signature, by the person whose entry it says it is, with a key that may. Pure."""

import datetime as dt

import msgspec

from gates.evidence.dsse import Envelope
from gates.registers.document import EntrySpec, Opened, Raised
from gates.registers.entry import read_entry
from gates.schema.errors import UnverifiedProblem
from gates.schema.register import PAYLOAD_TYPE
from gates.schema.time import parse_utc
from gates.signers.document import Role, same_id
from gates.signers.envelopes import payload_of, signatures_of
from gates.signers.ring import Signers


class Entered(msgspec.Struct, frozen=True):
    """A verified entry: the sha256 of its envelope, what it states, and why it counts for nothing ("" if it counts)."""

    digest: str
    spec: EntrySpec
    void: str = ""


def check_entry(
    envelope: Envelope, digest: str, signers: Signers, origin: str, recorded_at: dt.datetime | None = None
) -> Entered:
    """The entry, its signature verified; `recorded_at` is when a log took it in, as far as that is known.

    By a key that was retired as of an earlier moment only what it opened or raised counts: nothing that was reported disappears
    because a key was stolen, and nothing is closed or reviewed by whoever stole it.
    Raises UnverifiedProblem naming `origin` for a signature, a key, a role or a field that is not right.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {envelope.payload_type!r} is not {PAYLOAD_TYPE!r}")
    spec = read_entry(payload_of(envelope, origin), origin)
    if spec.signers not in [link.digest for link in signers.chain]:
        raise UnverifiedProblem(f"{origin}: signers: the entry names Signers that are not in force here")
    keyids = signatures_of(envelope, signers.trust_root(), origin).keyids
    if len(keyids) != 1:
        raise UnverifiedProblem(f"{origin}: has {len(keyids)} signatures; an entry is one person's")
    (keyid,) = keyids
    name = signers.person_of(keyid)
    if name is None:
        raise UnverifiedProblem(f"{origin}: the key {keyid} is a machine's; an entry is signed by a person")
    if same_id(name) != same_id(spec.by):
        raise UnverifiedProblem(f"{origin}: by: {spec.by} has not signed it; signed by {name}")
    void = ""
    for moment in (parse_utc(spec.at), recorded_at):
        if moment is None or signers.may(keyid, Role.FINDING, moment):
            continue
        if not signers.is_retired(keyid, moment):
            raise UnverifiedProblem(f"{origin}: {name} does not hold the role {Role.FINDING}")
        void = f"the key {keyid} of {name} is retired"
    return Entered(digest, spec, "" if isinstance(spec.event, Opened | Raised) else void)
