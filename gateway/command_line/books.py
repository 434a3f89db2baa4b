"""The rail's own book, read from a file, against the payouts of a database."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.errors import StartProblem
from gateway.payouts.reconcile import BookLine, Reconciliation, reconcile
from gateway.store.reads import SqliteReads


def reconcile_book(db: Path, book: Path) -> Reconciliation:
    """Compare them; a gateway may be running. Raises StartProblem naming the file, and the line, that cannot be read."""
    if not db.is_file():
        raise StartProblem(f"{db}: there is no such database; name it with --db")
    lines = list(_lines(book))
    with contextlib.closing(SqliteReads.open(db)) as reads:
        return reconcile(reads.rows.payouts.every(), lines)


def _lines(book: Path) -> Iterator[BookLine]:
    try:
        data = book.read_bytes()
    except FileNotFoundError:
        raise StartProblem(f"{book}: no such file; save the rail's book there, one JSON line a charge") from None
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=BookLine)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise StartProblem(f"{book}, line {number}: not a line of the rail's book: {error}") from None
