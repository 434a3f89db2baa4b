"""What the peers of the comparison, and the load generator, need beyond the gateway's own dependencies."""

import importlib.util
from collections.abc import Sequence

from gates.schema.errors import UnknownProblem

SERVER = ("uvicorn", "httptools")
"""What serves every peer, and reads answers in our own load generator."""

NEEDS = {
    "bare": SERVER,
    "fastapi-sqlite": (*SERVER, "fastapi", "sqlalchemy"),
    "fastapi-sqlite-single": (*SERVER, "fastapi", "sqlalchemy"),
    "litestar-sqlite": SERVER,
    "postgres": (*SERVER, "asyncpg"),
    "postgres-group": (*SERVER, "asyncpg"),
    "postgres-mounted": (*SERVER, "asyncpg"),
}
"""What each peer imports beyond the gateway's own dependencies: the extra `bench`."""


def require(packages: Sequence[str]) -> None:
    """Raises UnknownProblem naming the packages that are not installed."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise UnknownProblem(f"not run: {' and '.join(missing)} not installed (the extra `bench`)")
