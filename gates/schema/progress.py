"""Progress on stderr where people wait: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO, cast

from gates.schema.output import show


class Progress(Protocol):
    """A display of how far the work is."""

    def step(self, done: int, note: str = "") -> None:
        """Say that `done` of the total are done, and what happens now."""


class _Lines:
    """Plain lines, one a tenth of the way, for logs and pipes."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total, self._told = label, max(total, 1), -1

    def step(self, done: int, note: str = "") -> None:
        tenth = done * 10 // self._total
        if tenth > self._told:
            self._told = tenth
            show(f"{self._label}: {_counted(done, self._total, note)}".rstrip(), err=True)


def _counted(done: int, total: int, note: str) -> str:
    """How many of how many; work that goes on beyond its plan is no share of it."""
    return f"{done}/{total} {note}" if done <= total else f"{done} {note}, more than the {total} that were planned"


class PatientStream:
    """stderr, of which nothing that cannot be written is missed: the terminal may close while the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def progress(label: str, total: int) -> Iterator[Progress]:
    """Show `label` and how many of `total` are done, for as long as the block runs."""
    if not sys.stderr.isatty():
        yield _Lines(label, total)
        return
    from rich.console import Console  # only on a terminal: it costs start-up time
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with RichProgress(*columns, console=Console(file=cast("TextIO", PatientStream(sys.stderr))), transient=True) as bar:
        task = bar.add_task(label, total=total, note="")

        class _Bar:
            def step(self, done: int, note: str = "") -> None:
                bar.update(task, completed=done, total=max(total, done), note=note)

        yield _Bar()
