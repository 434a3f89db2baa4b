"""Which build is running: one digest over the package's sources, so that evidence can name what it is about."""

import hashlib
from pathlib import Path

VERSION = "0.1.0"


def build_sha256(package: Path) -> str:
    """SHA-256 over the relative path and content of every .py and .sql file below `package`, in path order."""
    digest = hashlib.sha256()
    files = sorted(path for path in package.rglob("*") if path.suffix in {".py", ".sql"})
    for path in files:
        name = path.relative_to(package).as_posix().encode()
        content = path.read_bytes()
        digest.update(b"%d:%b%d:" % (len(name), name, len(content)))
        digest.update(content)
    return digest.hexdigest()
