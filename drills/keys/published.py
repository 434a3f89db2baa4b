"""Which keys does a service publish, which of them may be used, and does it keep to what it published before? Pure."""

from collections.abc import Iterator

import msgspec

from gates.evidence.dsse import thumbprint
from gates.schema.errors import UnknownProblem
from gates.schema.printable import printable


class _Jwk(msgspec.Struct, frozen=True):
    kty: str
    crv: str
    x: str
    use: str = "sig"


class KeyEvent(msgspec.Struct, frozen=True):
    """What happened to a key, and where in the service's journal."""

    seq: int
    keyid: str
    event: str


class _Document(msgspec.Struct, frozen=True):
    keys: tuple[_Jwk, ...]
    key_events: tuple[KeyEvent, ...] = ()


class KeySet(msgspec.Struct, frozen=True):
    """A published key set: its keys by RFC 7638 thumbprint, those that may be used among them, and the events that it lists."""

    keys: frozenset[str]
    usable: frozenset[str]
    events: tuple[KeyEvent, ...]


def read_key_set(data: bytes, origin: str) -> KeySet:
    """Read a JWKS; raises UnknownProblem naming `origin` for anything else.

    A key may be used unless its `use` is another than signatures, or an event revoked it: as `gonogo receipt verify` has it.
    """
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnknownProblem(f"{origin}: not a JWKS: {printable(str(error))}") from None
    uses = {thumbprint({"crv": key.crv, "kty": key.kty, "x": key.x}): key.use for key in document.keys}
    revoked = {event.keyid for event in document.key_events if event.event == "revoked"}
    usable = frozenset(keyid for keyid, use in uses.items() if use == "sig" and keyid not in revoked)
    return KeySet(frozenset(uses), usable, document.key_events)


def contradictions(before: KeySet, after: KeySet, revoked: str = "") -> Iterator[str]:
    """What the later key set takes back of the earlier one; `revoked` is a key that may be gone.

    A verifier who pinned the earlier one has nothing else by which to recognise the later one: no key signs for another.
    """
    for keyid in sorted(before.keys - after.keys - {revoked}):
        yield f"the key {keyid} is no longer published"
    if before.events and after.events[: len(before.events)] != before.events:
        yield "the key events do not begin with those that were published before"
