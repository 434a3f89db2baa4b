"""What a verified store holds: its log, and every listed envelope by kind. Pure."""

import base64
from collections.abc import Iterator, Mapping

import msgspec

from gates.evidence.dsse import Envelope, TrustRoot, decode_envelope
from gates.evidence.set_back import set_back
from gates.evidence.statement import EvidenceKind, Statement, open_statement
from gates.log.entry import Entry, EntryKind, Head, Line, head_of
from gates.log.notes import PAYLOAD_TYPE as NOTE_TYPE
from gates.log.notes import LegacyWeek, RestoredNote, RunNote, open_note
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.register import PAYLOAD_TYPE as REGISTER_TYPE

ACTS = "urn:gonogo:act:"
_NOTES = {"run": EntryKind.RUN, "key": EntryKind.KEY}


class Held(msgspec.Struct, frozen=True):
    """One verified piece of evidence: the sha256 of its envelope's bytes, the envelope and the statement inside.

    `not_before` is the moment before which it was not listed, where the clock that dated it had gone backwards; else "". One that
    is `left_out` is of later than a moment that was chosen: nothing passes by it, and what it found in that week counts.
    """

    digest: str
    envelope: Envelope
    statement: Statement
    not_before: str = ""
    left_out: bool = False


class Logged(msgspec.Struct, frozen=True):
    """A verified statement and the entry that lists it."""

    entry: Entry
    held: Held


class Run(msgspec.Struct, frozen=True):
    """A run that was begun, and the digest of the statement that it left; "" if there is none."""

    entry: Entry
    note: RunNote
    statement: str


class Contents(msgspec.Struct, frozen=True):
    """The lines of a log, all checks done, and the bytes of every listed object by digest; `own` verifies the store's own notes.

    `adopted` is an object that an interrupted write left: it counts as listed.
    """

    lines: tuple[Line, ...]
    data: Mapping[str, bytes]
    own: TrustRoot
    origin: str
    adopted: str = ""
    adopted_kind: EntryKind | None = None

    @property
    def head(self) -> Head | None:
        """The head of the log; None for an empty one."""
        return head_of(self.lines)

    def entries(self, *kinds: EntryKind) -> Iterator[Entry]:
        """The entries of these kinds, in the log's order; without kinds all."""
        return (line.entry for line in self.lines if not kinds or line.entry.kind in kinds)

    def statements(self, trust: TrustRoot) -> list[Held]:
        """Every statement, by finishing time and digest; raises UnverifiedProblem naming the first that is not trusted."""
        digests = [entry.object for entry in self.entries(EntryKind.STATEMENT)]
        if self.adopted and self.adopted_kind is EntryKind.STATEMENT:
            digests.append(self.adopted)
        late = {item.object: item.after for item in set_back(self.lines)}
        held = [_not_before(self.held(digest, trust), late.get(digest, "")) for digest in dict.fromkeys(digests)]
        return sorted(held, key=lambda item: (item.statement.predicate.finished_at, item.digest))

    def find(self, digest_prefix: str, trust: TrustRoot) -> Held:
        """The one statement whose digest starts so; raises UsageProblem for none or several."""
        found = [held for held in self.statements(trust) if held.digest.startswith(digest_prefix)]
        if len(found) != 1:
            names = f"{len(found)} pieces of evidence have a digest that starts with {digest_prefix!r}"
            raise UsageProblem(names, next_step="`gonogo evidence list` shows the digests")
        return found[0]

    def logged(self, kind: EntryKind, trust: TrustRoot) -> tuple[Logged, ...]:
        """The statements of one kind of entry, such as cards, in the log's order."""
        return tuple(Logged(entry, self.held(entry.object, trust)) for entry in self.entries(kind))

    def held(self, digest: str, trust: TrustRoot) -> Held:
        """One listed statement, verified."""
        return read_envelope(self.data[digest], trust, f"{self.origin}: {digest}")

    def runs(self) -> tuple[Run, ...]:
        """Every run that was begun, in order, with the statement that it left."""
        left = {entry.run: entry.object for entry in self.entries(EntryKind.STATEMENT) if entry.run}
        notes = ((entry, self._note(entry.object)) for entry in self.entries(EntryKind.RUN))
        return tuple(Run(entry, note, left.get(entry.object, "")) for entry, note in notes if isinstance(note, RunNote))

    def added(self, since_seq: int = 1) -> tuple[str, ...]:
        """The statements, from an entry on, that no run of this log left: `gonogo evidence add` listed them.

        An observation of a build belongs to no run, and neither does the word that a step was not run, which counts for nothing.
        """
        found = [entry for entry in self.entries(EntryKind.STATEMENT) if entry.seq >= since_seq and not entry.run]
        return tuple(entry.object for entry in found if not _needs_no_run(self.data[entry.object], self.origin))

    def legacy_weeks(self) -> tuple[LegacyWeek, ...]:
        """The scorecards of releases before the log, oldest week first: for reading, never for a streak."""
        objects = [entry.object for entry in self.entries(EntryKind.MIGRATION)]
        notes = (self._note(digest) for digest in objects if is_note(self.data[digest]))
        weeks = [note for note in notes if isinstance(note, LegacyWeek)]
        return tuple(sorted(weeks, key=lambda item: (item.target, item.week, item.evaluated_at)))

    def restored(self, since_seq: int = 1) -> tuple[RestoredNote, ...]:
        """What was noted, from an entry on, when a lost log was restored or begun again."""
        objects = [entry.object for entry in self.entries(EntryKind.MIGRATION) if entry.seq >= since_seq]
        notes = (self._note(digest) for digest in objects if is_note(self.data[digest]))
        return tuple(note for note in notes if isinstance(note, RestoredNote))

    def listed_again(self) -> frozenset[str]:
        """The objects that were listed again, at another moment than before, when a lost log was restored."""
        return frozenset(digest for note in self.restored() for digest in note.listed_again)

    def _note(self, digest: str) -> object:
        origin = f"{self.origin}: {digest}"
        return open_note(self.own, decode_envelope(self.data[digest], origin), origin)


def _not_before(held: Held, moment: str) -> Held:
    return msgspec.structs.replace(held, not_before=moment) if moment else held


def read_envelope(data: bytes, trust: TrustRoot, origin: str) -> Held:
    """Decode and verify one envelope; raises UnverifiedProblem naming `origin`."""
    envelope = decode_envelope(data, origin)
    return Held(sha256_hex(data), envelope, open_statement(trust, envelope, origin))


def is_note(data: bytes) -> bool:
    """Whether this is an envelope around a note of the log, by its own word."""
    return decode_envelope(data, "an object").payload_type == NOTE_TYPE


def kind_of(data: bytes, origin: str) -> EntryKind:
    """The kind of entry that lists this envelope, where no line shows it: by its own word, which is verified where it is read.

    Raises UnverifiedProblem naming `origin` for what is no envelope.
    """
    envelope = decode_envelope(data, origin)
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        if envelope.payload_type == NOTE_TYPE:
            return _NOTES.get(msgspec.json.decode(payload, type=_Noted).kind, EntryKind.MIGRATION)
        if envelope.payload_type == REGISTER_TYPE:
            return EntryKind.REGISTER
        statement = msgspec.json.decode(payload, type=_Typed)
    except (ValueError, msgspec.MsgspecError):
        return EntryKind.STATEMENT  # nothing that cannot be read is passed over
    if statement.predicate_type == EvidenceKind.SCORECARD:
        return EntryKind.CARD if statement.predicate.facts.standing == "official" else EntryKind.PREVIEW
    return EntryKind.HUMAN if statement.predicate_type.startswith(ACTS) else EntryKind.STATEMENT


def _needs_no_run(data: bytes, origin: str) -> bool:
    payload = base64.b64decode(decode_envelope(data, origin).payload)
    try:
        statement = msgspec.json.decode(payload, type=_Typed)
    except msgspec.MsgspecError:
        return False
    return statement.predicate_type == EvidenceKind.BUILD_OBSERVATION or statement.predicate.status == UnknownReason.NOT_RUN


class _Noted(msgspec.Struct, frozen=True):
    kind: str


class _Standing(msgspec.Struct, frozen=True):
    standing: str = ""


class _Facts(msgspec.Struct, frozen=True):
    facts: _Standing = _Standing()
    status: str = ""


class _Typed(msgspec.Struct, frozen=True, rename={"predicate_type": "predicateType"}):
    predicate_type: str
    predicate: _Facts = _Facts()
