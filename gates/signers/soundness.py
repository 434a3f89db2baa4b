"""Is a Signers document sound? Everybody and every key once, keys of the one type, roles that fit; each fault names its field."""

import base64
import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.time import parse_utc
from gates.signers.document import MACHINE_ROLES, Holder, Person, PublicKey, Role, SignersSpec, same_id

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def require_sound(spec: SignersSpec, origin: str) -> None:
    """Raise UsageProblem with every fault of the document, one a line, each naming `origin` and the field."""
    found = [f"{origin}: {printable(fault)}" for fault in faults(spec)]
    if found:
        raise UsageProblem("\n".join(found))


def faults(spec: SignersSpec) -> Iterator[str]:
    """What is wrong with the document by itself."""
    if spec.previous is not None and not _SHA256.fullmatch(spec.previous):
        yield f"$.spec.previous: {spec.previous!r} is not a sha256"
    yield from _moment_faults("$.spec.at", spec.at)
    if not spec.people:
        yield "$.spec.people: names nobody"
    for path, holder in spec.holders():
        yield from _holder_faults(path, holder)
        for number, key in enumerate(holder.keys):
            yield from _key_faults(f"{path}.keys[{number}]", key, spec.at)
    yield from _doubled_ids(spec)
    yield from _doubled_keys(spec)


def _holder_faults(path: str, holder: Holder) -> Iterator[str]:
    if not _ID.fullmatch(holder.id.strip()):
        yield f"{path}.id: {holder.id!r} is not an id: up to 64 letters, digits and ._@+-, such as ada@example.org"
    if isinstance(holder, Person) and not holder.name.strip():
        yield f"{path}.name: is empty"
    for name in ("roles", "keys"):
        if not getattr(holder, name):
            yield f"{path}.{name}: is empty"
    what = "a person" if isinstance(holder, Person) else "a machine"
    for number, role in enumerate(holder.roles):
        if (role in MACHINE_ROLES) == isinstance(holder, Person):
            yield f"{path}.roles[{number}]: {what} cannot hold the role {role}; {_allowed(holder)}"
        if role in holder.roles[:number]:
            yield f"{path}.roles[{number}]: {role} is there twice"


def _allowed(holder: Holder) -> str:
    roles = [role for role in Role if (role in MACHINE_ROLES) != isinstance(holder, Person)]
    return f"it can hold {', '.join(roles)}"


def _key_faults(path: str, key: PublicKey, at: str) -> Iterator[str]:
    if key.kty != "OKP":
        yield f"{path}.kty: {key.kty!r} is not 'OKP': only Ed25519 keys are used"
    if key.crv != "Ed25519":
        yield f"{path}.crv: {key.crv!r} is not 'Ed25519'"
    try:
        public_key(key)
    except ValueError:
        yield f"{path}.x: is not the base64url of 32 bytes"
    if key.retired_at:
        moments = list(_moment_faults(f"{path}.retired_at", key.retired_at))
        yield from moments
        if not moments and not list(_moment_faults("", at)) and parse_utc(key.retired_at) > parse_utc(at):
            yield f"{path}.retired_at: {key.retired_at} is after the document's own moment, {at}"


def public_key(key: PublicKey) -> Ed25519PublicKey:
    """The key itself; raises ValueError for another text than the one base64url text of 32 bytes.

    A second text for the same bytes would have another thumbprint, and one key would pass for two.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", key.x):
        raise ValueError("not 43 characters of base64url")
    raw = base64.urlsafe_b64decode(key.x + "=")
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != key.x:
        raise ValueError("not the canonical text of these bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def _moment_faults(path: str, text: str) -> Iterator[str]:
    try:
        parse_utc(text)
    except UsageProblem as problem:
        yield f"{path}: {problem.message}"


def _doubled_ids(spec: SignersSpec) -> Iterator[str]:
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for path, holder in spec.holders():
        first = ids.setdefault(same_id(holder.id), path)
        if first != path:
            yield f"{path}.id: {holder.id!r} is also the id of {first}"
        elif isinstance(holder, Person) and holder.name.strip():
            first = names.setdefault(" ".join(holder.name.casefold().split()), path)
            if first != path:
                yield f"{path}.name: {holder.name!r} is also the name of {first}; nobody is listed twice"


def _doubled_keys(spec: SignersSpec) -> Iterator[str]:
    seen: dict[str, tuple[str, Holder]] = {}
    for path, holder in spec.holders():
        for number, key in enumerate(holder.keys):
            here = f"{path}.keys[{number}]"
            first, owner = seen.setdefault(key.x, (here, holder))
            if first == here:
                continue
            mixed = isinstance(owner, Person) != isinstance(holder, Person)
            yield f"{here}.x: is also the key {first}" + ("; a person and a machine never share a key" if mixed else "")
