"""Holding the write lock of a service's SQLite file, so that none of its processes can write meanwhile."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gates.schema.errors import UnknownProblem


@contextlib.contextmanager
def write_lock(db: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock as long as the block runs; nothing is written.

    Raises UnknownProblem where the file is no SQLite database, or the lock cannot be had within `patience_s`.
    """
    try:
        connection = sqlite3.connect(f"{db.absolute().as_uri()}?mode=rw", uri=True, timeout=patience_s, isolation_level=None)
    except sqlite3.Error as error:
        raise UnknownProblem(f"the target's {{db}} is no SQLite file that can be locked: {error}") from None
    with contextlib.closing(connection):
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise UnknownProblem(f"the target's {{db}} is no SQLite file that can be locked: {error}") from None
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
