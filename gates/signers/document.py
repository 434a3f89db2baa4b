"""The Signers document: people and machines, their public keys, and what each may sign."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from gates.evidence.dsse import thumbprint

KIND = "Signers"


class Role(StrEnum):
    """What a key may sign. The first two are for machines, the others for people.

    `cohort` is for a later feature.
    """

    EVIDENCE = "evidence"
    OFFICIAL = "official"
    LATE_REVIEW = "late_review"
    LOOSEN = "loosen"
    WAIVER = "waiver"
    ATTESTATION = "attestation"
    EXPLANATION = "explanation"
    FREEZE_EXCEPTION = "freeze_exception"
    COHORT = "cohort"
    FINDING = "finding"
    CHANGE = "change"


MACHINE_ROLES = (Role.EVIDENCE, Role.OFFICIAL)
PERSON_ROLES = tuple(role for role in Role if role not in MACHINE_ROLES)


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An Ed25519 public key as an RFC 8037 JWK. From `retired_at` (RFC 3339) on it signs nothing; "" while it is in use."""

    kty: str
    crv: str
    x: str
    retired_at: str = ""

    @property
    def keyid(self) -> str:
        """The RFC 7638 thumbprint."""
        return thumbprint({"crv": self.crv, "kty": self.kty, "x": self.x})


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person: `id` is unique and permanent, such as an email address; `name` is shown."""

    name: str
    id: str
    roles: tuple[Role, ...]
    keys: tuple[PublicKey, ...]


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine that signs evidence and scorecards by itself; `id` is unique and permanent, such as a host name."""

    id: str
    roles: tuple[Role, ...]
    keys: tuple[PublicKey, ...]


Holder = Person | Machine


class SignersSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may sign what. `previous` is the sha256 of the document that this one replaces, null in the first; `at` is RFC 3339."""

    previous: str | None
    at: str
    people: tuple[Person, ...]
    machines: tuple[Machine, ...]

    def holders(self) -> Iterator[tuple[str, Holder]]:
        """Every person, then every machine, each with its path in the document."""
        yield from ((f"$.spec.people[{number}]", person) for number, person in enumerate(self.people))
        yield from ((f"$.spec.machines[{number}]", machine) for number, machine in enumerate(self.machines))

    def holder_of(self, keyid: str) -> Holder | None:
        """Whose key this is; None for a key that is not in the document."""
        return next((holder for _, holder in self.holders() if any(key.keyid == keyid for key in holder.keys)), None)

    def find(self, name: str) -> Holder | None:
        """The person or machine with this id, whatever its case."""
        return next((holder for _, holder in self.holders() if same_id(holder.id) == same_id(name)), None)


def same_id(name: str) -> str:
    """An id as ids are compared: without space around it, whatever the case."""
    return name.strip().casefold()


def active_keyids(holder: Holder) -> tuple[str, ...]:
    """The keys of a person or machine that are not retired."""
    return tuple(key.keyid for key in holder.keys if not key.retired_at)
