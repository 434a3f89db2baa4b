"""What gonogo itself notes in the log: a run that begins, a new evidence key, a week of an old release, a restored log."""

from typing import TypeAlias

import msgspec

from gates.evidence.dsse import Envelope, Signer, TrustRoot
from gates.schema.canonical import canonical_json
from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json

PAYLOAD_TYPE = "application/vnd.gonogo.log-note.v1+json"


class RunNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="run"):
    """A run that is about to start: which step on which target, with which profile ("" for none) and seed.

    `nonce` differs between two runs that begin at the same time with the same inputs.
    """

    step: str
    target: str
    profile: str
    seed: int
    at: str
    nonce: str


class KeyNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="key"):
    """A new evidence key, and the keys that the trust file held before."""

    keyid: str
    previous: tuple[str, ...]
    at: str
    rehearsal: bool = False


class LegacyWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="legacy_week"):
    """A scorecard of a release before the log: shown, and never part of a streak. `yaml_sha256` is an artifact of the store."""

    target: str
    week: str
    official: bool
    decision: str
    evaluated_at: str
    yaml_sha256: str


class RestoredNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="restored"):
    """A log that was rebuilt from review folders up to `head`, and the objects beyond it that were listed again after it.

    `known` is the highest head that was known of the log before, "" if none was; `missing` is how many entries could not be
    brought back, and `lost` are those of their objects whose digests are known. A log that began again where another one had been
    has no `head`.
    """

    head: str
    listed_again: tuple[str, ...]
    at: str
    known: str = ""
    missing: int = 0
    lost: tuple[str, ...] = ()


Note: TypeAlias = RunNote | KeyNote | LegacyWeek | RestoredNote


def sign_note(signer: Signer, note: Note) -> bytes:
    """The note in a DSSE envelope, as bytes on one line."""
    return msgspec.json.encode(signer.sign(PAYLOAD_TYPE, canonical_json(note)))


def open_note(trust: TrustRoot, envelope: Envelope, origin: str) -> Note:
    """The note in an envelope, once its signature holds; raises UnverifiedProblem naming `origin`."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {printable(envelope.payload_type)!r} is not {PAYLOAD_TYPE!r}")
    try:
        payload = trust.verify(envelope).payload
        read_json(payload)
        note: Note = msgspec.json.decode(payload, type=Note)
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{origin}: {problem.message}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnverifiedProblem(f"{origin}: not a note of the log: {printable(str(error))}") from None
    return note
