"""New people and machines as the command line names them, with keys that are made here or brought in a file."""

import datetime as dt
import re
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer
from gates.schema.errors import UsageProblem
from gates.schema.strict_json import read_json
from gates.schema.time import format_utc
from gates.signers.document import MACHINE_ROLES, Machine, Person, PublicKey, Role, SignersSpec, same_id
from gates.signers.proposal import with_machine, with_person

PERSON = re.compile(r"\s*(?P<name>[^<>]*[^<>\s])\s*<(?P<id>[^<>]+)>\s*")
USUAL = (
    Role.LATE_REVIEW,
    Role.LOOSEN,
    Role.WAIVER,
    Role.ATTESTATION,
    Role.EXPLANATION,
    Role.FREEZE_EXCEPTION,
    Role.FINDING,
    Role.CHANGE,
)
"""What a person may sign unless --role names it: every human act that there is today."""


class Candidates(msgspec.Struct, frozen=True):
    """Who is to be added; `key` is None where a private key is to be made here."""

    people: tuple[tuple[str, str], ...]
    machines: tuple[str, ...]
    roles: tuple[Role, ...]
    key: PublicKey | None

    @classmethod
    def read(
        cls, people: tuple[str, ...], machines: tuple[str, ...], roles: tuple[str, ...], public_key: Path | None
    ) -> "Candidates":
        """From the options of a command; raises UsageProblem for what cannot be read."""
        if not people and not machines:
            raise UsageProblem("nobody is named", next_step="give --person 'NAME <ID>' or --machine NAME")
        if public_key is not None and len(people) + len(machines) != 1:
            raise UsageProblem("--public-key is the key of one person or one machine", next_step="add them one by one")
        key = None if public_key is None else read_public_key(public_key)
        names = tuple(name.strip() for name in machines)
        found = cls(tuple(_person(text) for text in people), names, tuple(_role(text) for text in roles), key)
        _require_distinct([*(identity for _, identity in found.people), *names])
        return found


class NewKey(msgspec.Struct, frozen=True):
    """A private key that is not on disk yet, and whose it will be."""

    name: str
    key: Ed25519PrivateKey


def with_candidates(base: SignersSpec | None, candidates: Candidates, now: dt.datetime) -> tuple[SignersSpec, list[NewKey]]:
    """The document with the candidates in it, and the private keys to write once the document is found to be sound."""
    spec = base or SignersSpec(None, format_utc(now), (), ())
    made: list[NewKey] = []
    for name, identity in candidates.people:
        key = _key(identity, candidates, made)
        spec = with_person(spec, Person(name=name, id=identity, roles=candidates.roles or USUAL, keys=(key,)))
    for identity in candidates.machines:
        key = _key(identity, candidates, made)
        spec = with_machine(spec, Machine(id=identity, roles=candidates.roles or MACHINE_ROLES, keys=(key,)))
    return spec, made


def _key(name: str, candidates: Candidates, made: list[NewKey]) -> PublicKey:
    """The key that was brought, or the public half of a new one."""
    if candidates.key is not None:
        return candidates.key
    new = NewKey(name, Ed25519PrivateKey.generate())
    made.append(new)
    return jwk_of(Signer(new.key))


def jwk_of(signer: Signer) -> PublicKey:
    """The public half of a private key."""
    kty, crv, x = (str(signer.jwk[name]) for name in ("kty", "crv", "x"))
    return PublicKey(kty, crv, x)


def read_public_key(path: Path) -> PublicKey:
    """The key in a JWK file; raises UsageProblem for a private or another key."""
    try:
        members = msgspec.convert(read_json(path.read_bytes()), dict[str, str])
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageProblem(f"{path}: not a JWK: {error}") from None
    if "d" in members:
        raise UsageProblem(f"{path}: $.d: this is a private key", next_step="give the public one alone: kty, crv and x")
    return PublicKey(members.get("kty", ""), members.get("crv", ""), members.get("x", ""))


def _require_distinct(ids: list[str]) -> None:
    doubled = next((name for number, name in enumerate(ids) if same_id(name) in map(same_id, ids[:number])), None)
    if doubled is not None:
        raise UsageProblem(f"the id {doubled!r} is given twice", next_step="give each person and machine once")


def _person(text: str) -> tuple[str, str]:
    found = PERSON.fullmatch(text)
    if found is None:
        raise UsageProblem(f"{text!r} is not a name with an id", next_step="write it as 'Ada Lovelace <ada@example.org>'")
    return found["name"].strip(), found["id"].strip()


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise UsageProblem(f"no role is called {text!r}", next_step=f"use one of {', '.join(Role)}") from None
