"""A database with this release's schema and nothing in it: made once in a process, and copied to where a test begins."""

import tempfile
from functools import cache
from pathlib import Path

from gateway.private_file import make_private
from gateway.store.migrations import migrate


@cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        migrate(path)
        assert not Path(f"{path}-wal").exists(), "the schema is in the database, not in its log"
        return path.read_bytes()


def begin(path: Path) -> Path:
    """Put the database there, unless there is one."""
    if not path.exists():
        make_private(path)
        path.write_bytes(_content())
    return path
