"""The reference payment gateway: idempotent settlement on SQLite, served by Litestar.

Other rooms know it by URL. Drills may also copy it and start it, through the two names below.
"""

from pathlib import Path

__all__ = ["package_dir", "serve_argv"]


def package_dir() -> Path:
    """The folder of this package's sources: a release of the gateway is a copy of it."""
    return Path(__file__).parent


def serve_argv(python: str, db: Path, port: int) -> list[str]:
    """The command that serves `db` on loopback `port` (0: a free one) with the package that `python` finds first."""
    return [python, "-m", "gateway", "serve", "--port", str(port), "--db", str(db)]
