"""Which files hold a secret? Every byte of every file that is named, without ever writing down what was found."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gates.probes.conduct import short_digest
from gates.probes.hidden import hidden_pieces, not_searched
from gates.probes.patterns import SHAPES, Pattern
from gates.probes.sqlite_values import Unreadable
from gates.schema.errors import UsageProblem

ARCHIVES = (".gz", ".zip", ".xz", ".bz2", ".zst", ".tgz", ".whl", ".jar")
_MAGIC = (b"\x1f\x8b\x08", b"PK\x03\x04", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd")
_KEY_NAMES = (".key", ".pem", ".der", ".p8")
RAW_KEY = "private key (32 raw bytes)"
RAW_KEY_BYTES = 32
WINDOW_BYTES = 8 * 1024 * 1024
OVERLAP_BYTES = 8 * 1024


class Hit(msgspec.Struct, frozen=True, order=True):
    """One secret: where, what kind, and the start of its sha256, by which its owner can recognise it."""

    file: str
    line: int
    kind: str
    sha256_prefix: str


class Scan(msgspec.Struct, frozen=True):
    """What was read, each file with the name to report, and what was not, or not all of it, with the reason.

    `digests` are the sha256 of what was searched, by the name to report.
    """

    read: tuple[tuple[Path, str], ...]
    size_bytes: int
    hits: tuple[Hit, ...]
    unread: tuple[tuple[str, str], ...]
    digests: dict[str, str]


def scan(paths: Sequence[Path], exact: Sequence[Pattern]) -> Scan:
    """Scan files and folders for the shapes of secrets and for exact values.

    Raises UsageProblem for a path that does not exist. Files that cannot be read are listed as unread, with the reason.
    """
    hits: set[Hit] = set()
    unread: list[tuple[str, str]] = []
    read: list[tuple[Path, str]] = []
    digests: dict[str, str] = {}
    size = 0
    roots = tuple(path.resolve() for path in paths if path.is_dir() or not path.is_symlink())
    for path, name in _files(paths):
        reason = _elsewhere(path, roots) if path.is_symlink() else _unreadable(path)
        if reason is None and path.is_symlink():
            hits.update(_link_hits(path, name, (*exact, *SHAPES)))
            continue
        if reason:
            unread.append((name, reason))
            continue
        try:
            length, digest, found = _scan_file(path, name, (*exact, *SHAPES))
            hits.update(found)
            hits.update(_hidden_hits(path, name, (*exact, *SHAPES), found))
            reason = not_searched(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except Unreadable as error:
            reason = str(error)
        if reason:
            unread.append((name, reason))
            continue
        read.append((path, name))
        digests[name] = digest
        size += length
    return Scan(tuple(read), size, tuple(sorted(hits)), tuple(unread), digests)


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every file with the name to report: beneath the named folder, never from the root of the disk."""
    for path in paths:
        if not path.exists():
            raise UsageProblem(f"{path}: no such file or folder", next_step="name the folders that hold logs and artifacts")
        if not path.is_dir():
            yield path, path.name
            continue
        base = path.resolve().name
        for found in sorted(item for item in path.rglob("*") if item.is_symlink() or not item.is_dir()):
            yield found, f"{base}/{found.relative_to(path).as_posix()}"


def _elsewhere(path: Path, roots: Sequence[Path]) -> str | None:
    """Why a link hides something from the scan. None where it leads to nothing, or to what is searched under its own name."""
    try:
        target = path.resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # the last one: it leads to itself
        return None
    except OSError as error:
        return None if error.errno == errno.ELOOP else f"a symbolic link: {error.strerror}"
    if any(target == root or root in target.parents for root in roots):
        return None
    return "a symbolic link that leads out of what is searched; name what it leads to"


def _link_hits(path: Path, name: str, patterns: Sequence[Pattern]) -> Iterator[Hit]:
    """Secrets in the path that a link names, which is all that a link holds."""
    data = os.fsencode(path.readlink())
    for pattern in patterns:
        yield from _hits(data, len(data), 1, name, pattern)


def _unreadable(path: Path) -> str | None:
    """Why a file is not opened at all: a pipe would wait without end, an archive hides its content."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return "not a regular file"
    if path.suffix in ARCHIVES or _begins_as_archive(path):
        return "an archive; unpack it first"
    return None


def _begins_as_archive(path: Path) -> bool:
    """A log that was packed may have any name."""
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(_MAGIC)
    except OSError:
        return False


def _scan_file(path: Path, name: str, patterns: Sequence[Pattern]) -> tuple[int, str, set[Hit]]:
    """Read in windows that overlap: a log may be large, and may be cut short while it is read."""
    hits: set[Hit] = set()
    size, line, carried, digest = 0, 1, b"", hashlib.sha256()
    with path.open("rb") as file:
        chunk = file.read(WINDOW_BYTES)
        while chunk:
            size += len(chunk)
            digest.update(chunk)
            after = file.read(WINDOW_BYTES)
            data = carried + chunk
            own = len(data) - (OVERLAP_BYTES if after else 0)
            hits.update(hit for pattern in patterns for hit in _hits(data, own, line, name, pattern))
            line += data.count(b"\n", 0, own)
            carried, chunk = data[own:], after
    if size == RAW_KEY_BYTES and path.suffix in _KEY_NAMES:
        hits.add(Hit(name, 1, RAW_KEY, short_digest(data)))
    return size, digest.hexdigest(), hits


def _hidden_hits(path: Path, name: str, patterns: Sequence[Pattern], found: set[Hit]) -> Iterator[Hit]:
    """Secrets in what the file holds encoded or in pieces, without those that its bytes have shown in the same line."""
    shown = {(hit.kind, hit.line) for hit in found}
    for line, piece in hidden_pieces(path):
        for pattern in patterns:
            for hit in _hits(piece, len(piece), 1, name, pattern):
                if (hit.kind, line) not in shown:
                    yield msgspec.structs.replace(hit, line=line)


def _hits(data: bytes, own: int, first_line: int, name: str, pattern: Pattern) -> Iterator[Hit]:
    """Matches in a window: what begins before `own`; the rest is met again at the start of the next window."""
    if pattern.hints and not any(hint in data for hint in pattern.hints):
        return
    line, counted_to = first_line, 0
    for match in pattern.expression.finditer(data):
        if match.start() >= own:
            return
        line += data.count(b"\n", counted_to, match.start())
        counted_to = match.start()
        secret = match["secret"] if "secret" in pattern.expression.groupindex else match[0]
        yield Hit(name, line, pattern.kind, short_digest(secret))
