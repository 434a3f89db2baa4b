"""The files of a log: one lock, `log.jsonl`, `log.pending` while an entry is being written, and the head, kept elsewhere."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gates.log.chain import check_order
from gates.log.entry import Line, head_of
from gates.log.head import HeadFile
from gates.log.settle import Settled, settle
from gates.schema.durable import FULL, locked, make_folder, named, sync_folder, write_durably
from gates.schema.errors import UnknownProblem
from gates.schema.output import show

LOG = "log.jsonl"
PENDING = "log.pending"
LOCK = "log.lock"


class LogFile:
    """The log in a folder. What changes it is called with the lock held, in `held`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LOG
        self.pending = folder / PENDING
        self.head = HeadFile(folder)
        self._held = ""

    @contextmanager
    def held(self, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock; in itself it can be held again, but not exclusively in a shared one."""
        if self._held:
            assert shared or self._held == "exclusive", "a shared lock does not become an exclusive one"
            yield
            return
        if not shared:
            make_folder(self.folder)
        with locked(self.folder / LOCK, shared=shared):
            self._held = "shared" if shared else "exclusive"
            try:
                yield
            finally:
                self._held = ""

    def exists(self) -> bool:
        """Whether there is a log, or the first entry of one is being written."""
        return self.path.exists() or self.pending.exists()

    def lines(self, stored: Collection[str]) -> tuple[Line, ...]:
        """The lines as they are, none of them verified; none where there is no log."""
        return self.settled(stored).all_lines if self.exists() else ()

    def begin(self) -> None:
        """Begin an empty log, if there is none: only to take over envelopes that no log lists."""
        with self.held():
            if not self.exists():
                write_durably(self.path, b"")

    def replace(self, lines: Sequence[Line]) -> None:
        """Put other lines in the place of the log; the old files are kept as `before-N.log.jsonl`."""
        number = 1
        while (self.folder / f"before-{number}.{LOG}").exists() or (self.folder / f"before-{number}.{PENDING}").exists():
            number += 1
        for path in (self.path, self.pending):
            if path.exists():
                path.rename(path.with_name(f"before-{number}.{path.name}"))
        write_durably(self.path, b"".join(line.data + b"\n" for line in lines))
        self.head.replace(lines)

    def interrupted(self) -> bool:
        """Whether the last write seems to have been interrupted; another process may just be writing."""
        data = _content(self.path) or b"\n"
        return self.pending.exists() or not data.endswith(b"\n")

    def settled(self, stored: Collection[str]) -> Settled:
        """The log as it is, and what follows from an interrupted write; raises LogProblem, also for one without its kept head."""
        settled = settle(_content(self.path) or b"", _content(self.pending), stored, str(self.path))
        if self.exists():
            self.head.check(settled, str(self.path))
        return settled

    def apply(self, settled: Settled) -> None:
        """Put on the disk what follows from an interrupted write, and report it; raises LogProblem for lines out of order."""
        check_order(settled.all_lines, str(self.path))
        self.cut(settled)
        if settled.complete is not None:
            self._extend(settled.complete)
        self.head.write(settled.head)
        self._done()
        if settled.notice:
            show(settled.notice, err=True)

    def cut(self, settled: Settled) -> None:
        """Remove the torn end of the last line."""
        if settled.torn:
            os.truncate(self.path, sum(len(line.data) + 1 for line in settled.lines))

    def append(self, line: Line, store: Callable[[], None]) -> None:
        """Store an object with `store`, and list it with this line.

        Raises UnknownProblem naming the file if the disk takes no more: then nothing is stored, or the object is and the next
        command completes the line.
        """
        if not self.exists():
            self.head.begin()
        try:
            write_durably(self.pending, line.data + b"\n")
            store()
        except OSError as error:
            self._done()
            raise _refused(error) from error
        self._extend(line)
        self.head.write(head_of((line,)))
        self._done()

    def _extend(self, line: Line) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(handle).st_size
            try:
                _write_all(handle, line.data + b"\n")
                os.fsync(handle)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(handle, size)
                entry = line.entry
                what = f"the {entry.kind.value} {entry.object[:12]} is stored, but not its line in the log"
                raise UnknownProblem(
                    f"{self.path}: {error.strerror}: {what}",
                    next_step="free some space; the next gonogo command that uses this folder completes the log",
                ) from error
        finally:
            os.close(handle)
        if not size:
            sync_folder(self.folder)

    def _done(self) -> None:
        if self.pending.exists():
            self.pending.unlink(missing_ok=True)
            sync_folder(self.folder)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _refused(error: OSError) -> Exception:
    if error.errno not in FULL:
        return error
    return UnknownProblem(
        f"{error.filename}: {error.strerror}: nothing was stored", next_step="free some space, then run this step again"
    )


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise named(error, path) from error
