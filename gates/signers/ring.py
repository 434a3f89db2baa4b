"""The Signers in force: whose key is this, and may it sign that, then and now?"""

import datetime as dt

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.schema.time import parse_utc
from gates.signers.chain import Link, trust_in
from gates.signers.document import Person, Role, SignersSpec, active_keyids


class Signers(msgspec.Struct, frozen=True):
    """The verified and pinned chain of documents; the last one is in force."""

    chain: tuple[Link, ...]

    @property
    def digest(self) -> str:
        """The sha256 of the document in force."""
        return self.chain[-1].digest

    @property
    def spec(self) -> SignersSpec:
        """The document in force."""
        return self.chain[-1].spec

    def may(self, keyid: str, role: Role | str, at: dt.datetime | None = None) -> bool:
        """Whether the key may sign in this role: now, or at a moment.

        At a moment the document of that moment decides about the role. Retirement is always the one of the document in force,
        which may date it back: from then on the key signs nothing, whatever an older document had allowed.
        """
        spec = self.spec if at is None else self._at(at)
        holder = None if spec is None else spec.holder_of(keyid)
        return holder is not None and role in holder.roles and not self.is_retired(keyid, at)

    def is_retired(self, keyid: str, at: dt.datetime | None = None) -> bool:
        """Whether a key is retired: now, or already at a moment."""
        ends = [
            key.retired_at for _, holder in self.spec.holders() for key in holder.keys if key.keyid == keyid and key.retired_at
        ]
        return any(at is None or parse_utc(end) <= at for end in ends)

    def person_of(self, keyid: str) -> str | None:
        """The id of the person whose key this is; None for a machine's or an unknown key."""
        holder = self.spec.holder_of(keyid)
        return holder.id if isinstance(holder, Person) else None

    def person(self, name: str) -> Person | None:
        """The person with this id, whatever its case."""
        found = self.spec.find(name)
        return found if isinstance(found, Person) else None

    def people_with(self, role: Role) -> tuple[Person, ...]:
        """The people who can sign in this role now."""
        return tuple(person for person in self.spec.people if role in person.roles and active_keyids(person))

    def trust_root(self, role: Role | None = None) -> TrustRoot:
        """The keys of all holders, or of those with a role, retired ones too: what they signed before stays valid.

        The verifier calls `may` with the moment of the signature as well.
        """
        if role is None:
            return trust_in([self.spec])
        keep = {name: tuple(holder for holder in getattr(self.spec, name) if self._ever(holder.id, role)) for name in _HOLDERS}
        return trust_in([msgspec.structs.replace(self.spec, **keep)])

    def _ever(self, name: str, role: Role) -> bool:
        return any((holder := link.spec.find(name)) is not None and role in holder.roles for link in self.chain)

    def _at(self, moment: dt.datetime) -> SignersSpec | None:
        """The document that was in force at a moment; None before the first."""
        return next((link.spec for link in reversed(self.chain) if parse_utc(link.spec.at) <= moment), None)


_HOLDERS = ("people", "machines")
