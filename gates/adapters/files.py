"""The files of another tool: made now by a command, or found; and when, and about which build, they were made."""

import datetime as dt
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from gates.adapters.program import run_program
from gates.adapters.shape import LIMIT_BYTES, Fetched, FileNote, Notes, Scene, Unanswered
from gates.schema.build import build_sha256
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.program import ended, last_line
from gates.schema.source import FilesSource
from gates.schema.time import format_utc, parse_duration_s, parse_utc

MOST_FILES = 1000
OLDEST_OFFSET, LATEST_OFFSET = "+14:00", "-12:00"
"""The zones of a time that names none: the file is at most as old as in the first, and at least as old as in the second."""
CLOCKS_DIFFER = dt.timedelta(seconds=60)
"""How far the clock of a command may be behind ours: it may run in a container or on another machine."""
_Sign = tuple[int, int, int, int]


def fetch_files(source: FilesSource, patterns: Sequence[str], scene: Scene) -> Fetched:
    """Run the source's command, if it has one, and read every file."""
    before = {path: _sign(path) for path in _paths(patterns)} if source.run else {}
    code = _run(source, scene) if source.run else None
    paths = list(_paths(patterns))
    if not paths:
        raise Unanswered(UnknownReason.MISSING, f"no such file: {', '.join(patterns)}")
    if len(paths) > MOST_FILES:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{len(paths)} files match, more than {MOST_FILES}")
    if source.run:
        _require_new(paths, before)
    read = [_read(path, number) for number, path in enumerate(paths, 1)]
    if sum(len(data) for _, data in read) > LIMIT_BYTES:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"the files hold more than {LIMIT_BYTES} bytes")
    notes = Notes(scene.now, bool(source.run), code, tuple(note for note, _ in read))
    return Fetched(notes, {note.name: data for note, data in read})


def made_at(
    source: FilesSource, fetched: Fetched, own: Sequence[str | None], build: str | None, named: Sequence[str] | None = None
) -> str | None:
    """When the files were made: None for now, else the oldest of their own times, or of their last changes.

    `own` has the time that each file names, None where it names none, and `named` every time that they name (None: those). A file
    that a command made now, and that names an earlier time, was not made by it; one that was found, and names neither a time nor
    the build that it is about, may be from any run: raises Unanswered.
    """
    if fetched.notes.is_live:
        for text in [text for text in own if text] if named is None else named:
            _require_made_now(text, source.utc_offset, fetched)
        return None
    times = [text for text in own if text is not None]
    if times and len(times) == len(own):
        return format_utc(min(moment(text, source.utc_offset) for text in times))
    if build is None:
        first = fetched.notes.files[0].path
        raise Unanswered(UnknownReason.STALE, f"{first} names neither the time nor the build that it is about")
    return min(note.modified for note in fetched.notes.files)


def one_build(named: Iterable[str | None], wanted: str) -> str:
    """The sha256 of the build that all files name; raises Unanswered where one names none, or two name different ones."""
    builds = set(named)
    if None in builds or not builds:
        raise Unanswered(UnknownReason.STALE, f"no build is named at {wanted}")
    if len(builds) > 1:
        raise Unanswered(UnknownReason.STALE, f"different builds are named at {wanted}")
    return build_sha256(str(builds.pop()))


def _require_made_now(text: str, utc_offset: str | None, fetched: Fetched) -> None:
    """Refuse a time before the command was started, in whatever zone it may be meant."""
    latest, asked = moment(text, utc_offset or LATEST_OFFSET), parse_utc(fetched.notes.at)
    if latest < asked - CLOCKS_DIFFER:
        shown = f"{fetched.notes.files[0].path} names the time {printable(text[:60])!r}"
        raise Unanswered(UnknownReason.STALE, f"{shown}: it is from before the command was started, at {fetched.notes.at}")


def moment(text: str, utc_offset: str | None) -> dt.datetime:
    """A moment as a tool writes it: RFC 3339, or seconds or milliseconds since 1970; raises Unanswered for anything else."""
    try:
        whole = text.strip().partition(".")[0]
        if whole.isascii() and whole.isdecimal():
            return dt.datetime.fromtimestamp(int(whole) / (1000 if len(whole) > 11 else 1), dt.UTC)
        found = dt.datetime.fromisoformat(text.strip())
        if found.tzinfo is None:
            found = dt.datetime.fromisoformat(found.isoformat() + (utc_offset or OLDEST_OFFSET))
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise Unanswered(UnknownReason.STALE, f"the time {printable(text[:60])!r} is not a moment") from None


def origin_of(fetched: Fetched, name: str) -> str:
    """How messages name a raw file: by the path that was read."""
    return next((note.path for note in fetched.notes.files if note.name == name), name)


def _run(source: FilesSource, scene: Scene) -> int:
    done = run_program(source.run, scene.environ, timeout_s=parse_duration_s(source.timeout), limit=LIMIT_BYTES)
    if done.code not in source.exit_codes:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{source.run[0]} {ended(done.code)}{last_line(done.stderr)}")
    return done.code


def _paths(patterns: Sequence[str]) -> Iterator[str]:
    found: set[str] = set()
    for pattern in patterns:
        if glob.has_magic(pattern):
            found.update(glob.glob(pattern, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        elif os.path.lexists(pattern):
            found.add(pattern)
    return iter(sorted(found))


def _sign(path: str) -> _Sign:
    status = Path(path).stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _require_new(paths: Sequence[str], before: dict[str, _Sign]) -> None:
    for path in paths:
        if before.get(path) == _sign(path):
            raise Unanswered(UnknownReason.STALE, f"{path} was there before, and the command did not write it")


def _read(path: str, number: int) -> tuple[FileNote, bytes]:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{path} is not a file")
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{path}: {error.strerror}") from None
    if len(data) > LIMIT_BYTES:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{path} holds more than {LIMIT_BYTES} bytes")
    suffix = PurePath(path).suffix.lower()
    name = f"{number:04d}{suffix if suffix[1:].isalnum() and suffix.isascii() else ''}"
    modified = format_utc(dt.datetime.fromtimestamp(status.st_mtime, dt.UTC))
    return FileNote(name, path, modified), data
