"""Where acts are: complete ones in the state folder by their sha256, and those that wait for another person's signature."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gates.acts.act import ActKind, ActStatement
from gates.acts.check import check_act, require_complete
from gates.evidence.dsse import decode_envelope
from gates.schema.canonical import sha256_hex
from gates.schema.errors import RefusedProblem, UnverifiedProblem
from gates.signers.files import write_whole
from gates.signers.ring import Signers
from gates.signers.store import NONE_YET

ACTS = "acts"
WAITING = "acts-waiting"
SUFFIX = ".intoto.json"


class HeldAct(msgspec.Struct, frozen=True):
    """A verified and complete act: the sha256 of its envelope, the statement, and the ids of the people who signed it."""

    digest: str
    statement: ActStatement
    people: tuple[str, ...]


def keep_act(home: Path, envelope: bytes) -> str:
    """Keep a complete act; returns the sha256 under which it is kept. The same bytes again change nothing."""
    digest = sha256_hex(envelope)
    path = home / ACTS / (digest + SUFFIX)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, envelope)
    return digest


def waiting_path(home: Path, payload: bytes) -> Path:
    """The file in which an act waits for further signatures: named by what is signed, which does not change."""
    folder = home / WAITING
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / (sha256_hex(payload)[:16] + SUFFIX)


def load_acts(home: Path, signers: Signers | None) -> dict[ActKind, tuple[HeldAct, ...]]:
    """Every kept act by kind, oldest first, each verified.

    Raises UnverifiedProblem naming the first that does not verify, RefusedProblem for acts in a folder without Signers.
    """
    found = [_read(path, signers) for path in _files(home / ACTS)]
    found.sort(key=lambda held: (held.statement.predicate.at, held.digest))
    return {kind: tuple(held for held in found if held.statement.predicate.act is kind) for kind in ActKind}


def read_complete(data: bytes, signers: Signers, origin: str) -> HeldAct:
    """One act from its envelope's bytes, verified and complete."""
    checked = require_complete(check_act(decode_envelope(data, origin), signers, origin), signers, origin)
    return HeldAct(sha256_hex(data), checked.statement, checked.people)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if not path.name.endswith(SUFFIX) or not path.is_file():
            raise UnverifiedProblem(f"{path}: is no act (*{SUFFIX})", next_step="move it elsewhere")
        yield path


def _read(path: Path, signers: Signers | None) -> HeldAct:
    if signers is None:
        raise RefusedProblem(f"{path}: is an act, and there are no Signers who could have signed it", next_step=NONE_YET)
    held = read_complete(path.read_bytes(), signers, str(path))
    if path.name != held.digest + SUFFIX:
        raise UnverifiedProblem(f"{path}: the content's sha256 is {held.digest}, not the file's name: the file was changed")
    return held
