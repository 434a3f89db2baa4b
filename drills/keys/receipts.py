"""Receipts as a drill sees them: which key signed, of which payment, with which bytes. It does not verify them. Pure."""

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gates.evidence.dsse import Envelope
from gates.schema.durable import write_durably
from gates.schema.errors import UnknownProblem
from gates.schema.printable import printable


class _Subject(msgspec.Struct, frozen=True):
    id: str


class _Operation(msgspec.Struct, frozen=True):
    seq: int


class _Signing(msgspec.Struct, frozen=True):
    key_id: str


class _Payload(msgspec.Struct, frozen=True):
    receipt_id: str
    kind: str
    subject: _Subject
    operation: _Operation
    signing: _Signing


class Signed(msgspec.Struct, frozen=True):
    """One receipt: its envelope, and the members of its payload that a drill compares."""

    envelope: Envelope
    receipt_id: str
    kind: str
    payment_id: str
    seq: int
    keyid: str


def signed(envelope: Envelope, origin: str) -> Signed:
    """The receipt in an envelope; raises UnknownProblem naming `origin` where it holds none."""
    try:
        found = msgspec.json.decode(base64.b64decode(envelope.payload, validate=True), type=_Payload)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise UnknownProblem(f"{origin}: not a receipt of version 2: {printable(str(error))}") from None
    return Signed(envelope, found.receipt_id, found.kind, found.subject.id, found.operation.seq, found.signing.key_id)


def write_receipts(path: Path, envelopes: Iterable[Envelope]) -> None:
    """Write envelopes as JSON lines, which `gonogo receipt verify` reads."""
    write_durably(path, b"".join(msgspec.json.encode(envelope) + b"\n" for envelope in envelopes))


def read_receipts(path: Path) -> tuple[Signed, ...]:
    """Read them again; none where there is no file."""
    if not path.is_file():
        return ()
    return tuple(signed(msgspec.json.decode(line, type=Envelope), path.name) for line in path.read_bytes().splitlines())
