"""Where acts are: complete ones in the log of the evidence store, and those that wait for another person's signature."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gates.acts.act import ActKind, ActStatement
from gates.acts.check import RetiredKey, check_act, require_complete
from gates.evidence.contents import Contents
from gates.evidence.dsse import decode_envelope
from gates.evidence.keys import EVIDENCE, load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.log.entry import Entry, EntryKind
from gates.schema.canonical import sha256_hex
from gates.schema.errors import RefusedProblem
from gates.schema.time import parse_utc
from gates.signers.ring import Signers
from gates.signers.store import NONE_YET

WAITING = "acts-waiting"
SUFFIX = ".intoto.json"


class HeldAct(msgspec.Struct, frozen=True):
    """A verified and complete act: the sha256 of its envelope, the statement, and the ids of the people who signed it."""

    digest: str
    statement: ActStatement
    people: tuple[str, ...]


def keep_act(home: Path, envelope: bytes) -> str:
    """Keep a complete act; returns the sha256 under which it is kept. The same bytes again change nothing."""
    return EvidenceStore(home / EVIDENCE).append(load_signer(home), EntryKind.HUMAN, envelope).object


def waiting_path(home: Path, payload: bytes) -> Path:
    """The file in which an act waits for further signatures: named by what is signed, which does not change."""
    folder = home / WAITING
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / (sha256_hex(payload)[:16] + SUFFIX)


def load_acts(
    home: Path, signers: Signers | None, contents: Contents | None = None, *, strict: bool = False
) -> dict[ActKind, tuple[HeldAct, ...]]:
    """Every kept act by kind, oldest first, each verified; `contents` is the evidence store, if it was read already.

    An act by a key that was retired as of an earlier moment is left out, and with `strict` refused: it stays in the log for ever.
    Raises UnverifiedProblem naming the first that does not verify, RefusedProblem for acts in a folder without Signers.
    """
    held = EvidenceStore(home / EVIDENCE).contents(own_trust(home)) if contents is None else contents
    read = (_read(held.data[entry.object], entry, signers, strict=strict) for entry in held.entries(EntryKind.HUMAN))
    found = [act for act in read if act is not None]
    found.sort(key=lambda held: (held.statement.predicate.at, held.digest))
    return {kind: tuple(held for held in found if held.statement.predicate.act is kind) for kind in ActKind}


def explained_by(acts: Iterable[HeldAct]) -> tuple[str, ...]:
    """The digests of the red runs that these explanations are about."""
    return tuple(sorted({act.statement.about.digest.sha256 for act in acts}))


def read_complete(data: bytes, signers: Signers, origin: str, recorded_at: dt.datetime | None = None) -> HeldAct:
    """One act from its envelope's bytes, verified and complete; `recorded_at` is when the log took it in."""
    checked = require_complete(check_act(decode_envelope(data, origin), signers, origin, recorded_at), signers, origin)
    return HeldAct(sha256_hex(data), checked.statement, checked.people)


def _read(data: bytes, entry: Entry, signers: Signers | None, *, strict: bool) -> HeldAct | None:
    origin = f"entry {entry.seq} of the log"
    if signers is None:
        raise RefusedProblem(f"{origin}: is an act, and there are no Signers who could have signed it", next_step=NONE_YET)
    try:
        return read_complete(data, signers, origin, parse_utc(entry.at))
    except RetiredKey:
        if strict:
            raise
        return None
