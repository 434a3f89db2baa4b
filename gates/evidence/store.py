"""The evidence store: one envelope a file, named by its sha256, with an index that can be rebuilt from the files."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlite_utils import Database

from gates.evidence.dsse import Envelope, Signer, TrustRoot, decode_envelope
from gates.evidence.statement import EvidenceKind, Predicate, Statement, Subject, make_statement, open_statement, sign_statement
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem, UnverifiedProblem

SUFFIX = ".intoto.json"


class Held(msgspec.Struct, frozen=True):
    """One verified piece of evidence: the sha256 of its envelope's bytes, the envelope and the statement inside."""

    digest: str
    envelope: Envelope
    statement: Statement


class EvidenceStore:
    """A folder of envelopes. The files are the truth; `index.db` only makes listing quick and may be deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = folder / "objects"

    def make(self) -> None:
        """Make the folder, for programs that are given its path; adding a statement makes it as well."""
        self.objects.mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, trust: TrustRoot, origin: str) -> Held:
        """Store one envelope whose signature holds; adding the same bytes again changes nothing."""
        held = read_envelope(data, trust, origin)
        path = self._path(held.digest)
        if not path.exists():
            _write_durably(path, data)
        self._index([held])
        return held

    def record(self, signer: Signer, kind: EvidenceKind, subject: Subject, predicate: Predicate) -> Held:
        """Sign and store one statement."""
        envelope = sign_statement(signer, make_statement(kind, subject, predicate))
        return self.add(msgspec.json.encode(envelope), TrustRoot.from_jwks(_jwks(signer), "the signer"), "the new statement")

    def load(self, trust: TrustRoot) -> list[Held]:
        """Every statement, verified, by finishing time and digest; a hidden file, such as macOS leaves, is none.

        Raises UnverifiedProblem naming the first file that is tampered with, misnamed, or signed by an unknown key.
        """
        held = [self._read(path, trust) for path in sorted(self.objects.glob(f"*/[!.]*{SUFFIX}"))]
        return sorted(held, key=lambda item: (item.statement.predicate.finished_at, item.digest))

    def get(self, digest_prefix: str, trust: TrustRoot) -> Held:
        """The one statement whose digest starts so; raises UnverifiedProblem for none or several."""
        found = sorted(self.objects.glob(f"*/{digest_prefix}*{SUFFIX}"))
        if len(found) != 1:
            raise UnverifiedProblem(f"{len(found)} pieces of evidence have a digest that starts with {digest_prefix!r}")
        return self._read(found[0], trust)

    def rebuild(self, trust: TrustRoot) -> int:
        """Make the index again from the files; returns how many statements it lists."""
        self.make()
        (self.folder / "index.db").unlink(missing_ok=True)
        held = self.load(trust)
        self._index(held)
        return len(held)

    def _read(self, path: Path, trust: TrustRoot) -> Held:
        held = read_envelope(path.read_bytes(), trust, str(path))
        if path.name != held.digest + SUFFIX:
            raise UnverifiedProblem(f"{path}: the content's sha256 is {held.digest}, not the file's name: the file was changed")
        return held

    def _path(self, digest: str) -> Path:
        return self.objects / digest[:2] / (digest + SUFFIX)

    def _index(self, held: Iterable[Held]) -> None:
        rows = [
            {
                "digest": item.digest,
                "predicate_type": item.statement.predicate_type,
                "subject": item.statement.subject[0].name,
                "build": item.statement.subject[0].digest.get("build", ""),
                "finished_at": item.statement.predicate.finished_at,
                "status": item.statement.predicate.status,
            }
            for item in held
        ]
        index = self.folder / "index.db"
        try:
            with Database(index) as database:
                database.table("evidence").upsert_all(rows, pk="digest")
        except sqlite3.DatabaseError as error:
            raise UnknownProblem(
                f"{index}: the index cannot be written: {error}",
                next_step="`gonogo evidence rebuild-index` makes it again; the statements themselves are stored",
            ) from None


def read_envelope(data: bytes, trust: TrustRoot, origin: str) -> Held:
    """Decode and verify one envelope; raises UnverifiedProblem naming `origin`."""
    envelope = decode_envelope(data, origin)
    return Held(sha256_hex(data), envelope, open_statement(trust, envelope, origin))


def _jwks(signer: Signer) -> bytes:
    return msgspec.json.encode({"keys": [signer.jwk]})


def _write_durably(path: Path, data: bytes) -> None:
    """Write through a temporary name and fsync, so that after a crash the whole file is there or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
