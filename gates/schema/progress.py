"""Progress on stderr where people wait: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click


class Progress(Protocol):
    """Something that can be told how far the work is."""

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
            click.echo(f"{self._label}: {done}/{self._total} {note}".rstrip(), err=True)


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
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, note="")

        class _Bar:
            def step(self, done: int, note: str = "") -> None:
                bar.update(task, completed=done, note=note)

        yield _Bar()
