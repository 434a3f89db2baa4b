"""An entry of a register as it is signed: a document in a DSSE envelope, by exactly one person."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gates.evidence.dsse import Signer
from gates.registers.document import SPECS, Acknowledged, Closed, EntrySpec, Opened, Raised, Reviewed, ids_of
from gates.schema.canonical import canonical_json
from gates.schema.documents import API_VERSION, Document, Metadata
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.register import KINDS, PAYLOAD_TYPE, Register
from gates.schema.strict_json import read_json
from gates.schema.time import format_utc, parse_utc

SHORTEST = 10
"""Characters of a title, a reason or a source: "x" and "fixed" state nothing that a reader could check later."""
LONGEST = 400
_ID = re.compile(r"[FI]-[0-9a-f]{10}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def entry_bytes(spec: EntrySpec) -> bytes:
    """The entry as it is signed: RFC 8785."""
    names = ids_of(spec.event) or (spec.register.value,)
    kind = KINDS[spec.register]
    return canonical_json(Document[EntrySpec](API_VERSION, kind, Metadata(names[0]), spec))


def sign_entry(spec: EntrySpec, signer: Signer) -> bytes:
    """The envelope around an entry, on one line."""
    return msgspec.json.encode(signer.sign(PAYLOAD_TYPE, entry_bytes(spec)))


def read_entry(payload: bytes, origin: str) -> EntrySpec:
    """The entry in these bytes; raises UnverifiedProblem naming `origin` and each field that is not right."""
    try:
        read_json(payload)
        kind = msgspec.json.decode(payload, type=_Kind).kind
        spec_type = SPECS.get(kind)
        if spec_type is None:
            raise UnverifiedProblem(f"{origin}: not an entry of a register: kind {printable(kind)}")
        document = msgspec.json.decode(payload, type=Document[spec_type])  # type: ignore[valid-type]  # a runtime type argument
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnverifiedProblem(f"{origin}: not an entry of a register: {printable(str(error))}") from None
    spec: EntrySpec = document.spec
    wrong = list(entry_faults(spec))
    if KINDS[spec.register] != kind:
        wrong.append(f"kind: {kind} is not that of the register {spec.register.value}")
    if wrong:
        raise UnverifiedProblem("\n".join(f"{origin}: {fault}" for fault in wrong))
    return spec


def require_sound(spec: EntrySpec) -> None:
    """Raise UsageProblem naming each field of a new entry that is not right."""
    wrong = list(entry_faults(spec))
    if wrong:
        raise UsageProblem("\n".join(wrong))


def entry_faults(spec: EntrySpec) -> Iterator[str]:
    """What is wrong with an entry, whoever signed it; each fault names its field."""
    yield from _time_faults(spec.at)
    if not spec.by.strip():
        yield "by: is empty"
    yield from _FAULTS[type(spec.event)](spec.event)
    names = ids_of(spec.event)
    if not names and not isinstance(spec.event, Reviewed):
        yield "ids: are none"
    for name in names:
        if not _ID.fullmatch(name) or (name[0] == "I") != (spec.register is Register.INCIDENTS):
            yield f"id: {printable(name)!r} is no id of the register {spec.register.value}"
    if len(set(names)) != len(names):
        yield "ids: one is there twice"


def _time_faults(at: str, name: str = "at") -> Iterator[str]:
    """Entries are read in the order of their dates as texts."""
    try:
        if format_utc(parse_utc(at)) != at:
            yield f"{name}: {printable(at)!r} is not written as {format_utc(parse_utc(at))}"
    except UsageProblem as problem:
        yield f"{name}: {problem.message}"


def _opened_faults(event: Opened) -> Iterator[str]:
    for item in event.items:
        yield from text_faults("title", item.title)
        if not item.owner.strip() or len(item.owner) > LONGEST:
            yield "owner: is empty, or too long; it is the person or team who has to resolve it"


def _acknowledged_faults(event: Acknowledged) -> Iterator[str]:
    if len(event.note) > LONGEST:
        yield f"note: has more than {LONGEST} characters"


def _raised_faults(event: Raised) -> Iterator[str]:
    yield from text_faults("reason", event.reason)


def _closed_faults(event: Closed) -> Iterator[str]:
    yield from text_faults("reason", event.reason)
    if not _SHA256.fullmatch(event.shown_by.statement):
        yield "shown_by: is not the sha256 of a statement"
    yield from _time_faults(event.shown_by.started_at, "shown_by.started_at")
    if not event.shown_by.passed:
        yield "shown_by: names no criterion that the statement passed"


def _reviewed_faults(event: Reviewed) -> Iterator[str]:
    if not event.looked_at:
        yield "looked_at: is empty; it names what was reviewed, such as a scanner's report"
    for source in event.looked_at:
        yield from text_faults("looked_at", source)
    if len({source.casefold() for source in event.looked_at}) != len(event.looked_at):
        yield "looked_at: a source is there twice, and counts once"


_FAULTS: dict[type, Callable[[Any], Iterator[str]]] = {
    Opened: _opened_faults,
    Acknowledged: _acknowledged_faults,
    Raised: _raised_faults,
    Closed: _closed_faults,
    Reviewed: _reviewed_faults,
}


def text_faults(name: str, text: str) -> Iterator[str]:
    """Why a text says nothing that could be checked later, or cannot be shown."""
    if len(text.strip()) < SHORTEST:
        yield f"{name}: {printable(text)!r} is too short: at least {SHORTEST} characters, so that it can be checked later"
    elif len(text) > LONGEST or printable(text) != text:
        yield f"{name}: has more than {LONGEST} characters, or one that cannot be printed"


class _Kind(msgspec.Struct):
    kind: str
