"""One entry of the log, its line, its signature, and the head that names a whole log."""

import re
from enum import StrEnum

import msgspec

from gates.evidence.dsse import Signature, Signer
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc

PAYLOAD_TYPE = "application/vnd.gonogo.log-entry.v1+json"
GENESIS = "0" * 64
"""What the first entry names as the line before it."""

SHA256 = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"([1-9][0-9]{0,8}):([0-9a-f]{64})")


class EntryKind(StrEnum):
    """What an entry lists.

    `run` is written before a run starts. `human` is a signed act of people, `register` a document that findings or changes are
    kept in, `key` a new evidence key. `migration` is what came from a version 1 folder or out of review folders: never part of a
    streak.
    """

    RUN = "run"
    STATEMENT = "statement"
    CARD = "card"
    PREVIEW = "preview"
    HUMAN = "human"
    KEY = "key"
    REGISTER = "register"
    MIGRATION = "migration"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry: its place, the sha256 of the line before, what it lists by sha256, when, and the signature over all of that.

    `run` is the object of the run entry that this statement ends, where there is one.
    """

    seq: int
    previous: str
    kind: EntryKind
    object: str
    at: str
    signature: Signature
    run: str = ""


class Line(msgspec.Struct, frozen=True):
    """A line of the log without its line end, with its sha256 and the entry in it."""

    data: bytes
    sha256: str
    entry: Entry


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last entry of a log and the sha256 of its line: together they name every entry before it too."""

    seq: int
    sha256: str

    def __str__(self) -> str:
        """`SEQ:SHA256`, as `parse_head` reads it."""
        return f"{self.seq}:{self.sha256}"


def parse_head(text: str) -> Head:
    """Read `SEQ:SHA256`; raises UsageProblem."""
    match = _HEAD.fullmatch(text)
    if match is None:
        raise UsageProblem(
            f"{printable(text)!r} is neither the head of a log, such as 12:SHA256, nor a review folder",
            next_step="`gonogo evidence verify` shows the head of a log",
        )
    return Head(int(match[1]), match[2])


def payload(entry: Entry) -> bytes:
    """The canonical bytes that the signature covers: the entry without it. All members are ASCII, so this is RFC 8785."""
    members = msgspec.structs.asdict(entry)
    del members["signature"]
    if not entry.run:
        del members["run"]
    return msgspec.json.encode(members, order="sorted")


def sign_line(signer: Signer, *, head: Head | None, kind: EntryKind, sha256: str, at: str, run: str = "") -> Line:
    """The line that follows `head`, signed; None begins a log."""
    bare = Entry(
        seq=1 if head is None else head.seq + 1,
        previous=GENESIS if head is None else head.sha256,
        kind=kind,
        object=sha256,
        at=at,
        signature=Signature("", ""),
        run=run,
    )
    signature = signer.sign(PAYLOAD_TYPE, payload(bare)).signatures[0]
    return _as_line(msgspec.structs.replace(bare, signature=signature))


def read_line(data: bytes, origin: str) -> Line:
    """Read one line; raises UnverifiedProblem naming `origin` for bytes that are not exactly what `sign_line` writes."""
    try:
        read_json(data)
        entry = msgspec.json.decode(data, type=Entry)
        parse_utc(entry.at)
    except (msgspec.MsgspecError, ValueError, UsageProblem) as error:
        raise UnverifiedProblem(f"{origin}: not an entry of a log: {printable(str(error))}") from None
    digests = (entry.previous, entry.object, *((entry.run,) if entry.run else ()))
    if not all(SHA256.fullmatch(item) for item in digests):
        raise UnverifiedProblem(f"{origin}: not an entry of a log: a sha256 is not 64 lower-case hex digits")
    line = _as_line(entry)
    if line.data != data:
        raise UnverifiedProblem(f"{origin}: the line is not in the canonical form: it was changed")
    return line


def head_of(lines: tuple[Line, ...]) -> Head | None:
    """The head of these lines; None where there are none."""
    return Head(lines[-1].entry.seq, lines[-1].sha256) if lines else None


def _as_line(entry: Entry) -> Line:
    data = msgspec.json.encode(entry, order="sorted")
    return Line(data, sha256_hex(data), entry)
