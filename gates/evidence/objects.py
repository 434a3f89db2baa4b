"""The files of an evidence store: envelopes and raw artifacts, each named by the sha256 of its bytes."""

import hashlib
import os
from pathlib import Path

from gates.evidence.statement import Artifact
from gates.log.chain import Damage, LogProblem
from gates.schema.canonical import sha256_hex
from gates.schema.durable import FULL, make_folder, named, sync_folder, write_durably
from gates.schema.errors import UnknownProblem
from gates.schema.special import refuse_special

SUFFIX = ".intoto.json"
_BLOCK = 1 << 20


class Objects:
    """The envelopes in `objects/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the envelope of this digest is."""
        return self.folder / digest[:2] / (digest + SUFFIX)

    def stored(self) -> frozenset[str]:
        """The names of all envelopes, without looking into them; a hidden file, such as macOS leaves, is none."""
        return frozenset(path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*/[!.]*{SUFFIX}"))

    def read(self, digest: str, origin: str) -> bytes:
        """The bytes of an envelope; raises LogProblem naming `origin`, which lists it, where they are missing or others."""
        path = self.path(digest)
        refuse_special([path])
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise LogProblem(Damage.REMOVED, origin, f"{path} is missing") from None
        found = sha256_hex(data)
        if found != digest:
            text = f"{path}: the content's sha256 is {found}, not the file's name: the file was changed"
            raise LogProblem(Damage.REPLACED, origin, text)
        return data

    def write(self, digest: str, data: bytes) -> None:
        """Store an envelope durably; one that is there already is written again, so that it is whole."""
        write_durably(self.path(digest), data)


class Artifacts:
    """The raw files in `artifacts/` that measures were computed from; one that no statement names proves nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the artifact of this digest is."""
        return self.folder / digest[:2] / digest

    def keep(self, name: str, source: Path | bytes) -> Artifact:
        """Store a file, or bytes, durably by digest; returns what a statement says of it.

        Raises UnknownProblem if the disk takes no more: then nothing is stored.
        """
        digest, size = sha256_of(source)
        path = self.path(digest)
        if not (path.exists() and path.stat().st_size == size):
            try:
                _copy(source, path, digest)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                text = f"{error.filename}: {error.strerror}: the artifact {name} was not stored"
                raise UnknownProblem(text, next_step="free some space, then run this step again") from error
        return Artifact(name, digest, size)

    def check(self, artifact: Artifact) -> str:
        """What is wrong with a stored artifact; "" if nothing is."""
        path = self.path(artifact.sha256)
        if not path.is_file():
            return f"{artifact.name}: {path} is missing"
        found, size = sha256_of(path)
        if (found, size) != (artifact.sha256, artifact.size):
            return f"{artifact.name}: {path} has {size} bytes with the sha256 {found}, not {artifact.size} with {artifact.sha256}"
        return ""


def sha256_of(source: Path | bytes) -> tuple[str, int]:
    """The sha256 and the size of a file or of bytes, without holding a file in memory."""
    if isinstance(source, bytes):
        return sha256_hex(source), len(source)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _copy(source: Path | bytes, path: Path, digest: str) -> None:
    if isinstance(source, bytes):
        write_durably(path, source)
        return
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        written = hashlib.sha256()
        with source.open("rb") as read, part.open("wb") as file:
            while block := read.read(_BLOCK):
                written.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if written.hexdigest() != digest:
            raise UnknownProblem(f"{source}: the file changed while it was stored", next_step="run this step again")
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise named(error, path) from error
    finally:
        part.unlink(missing_ok=True)
