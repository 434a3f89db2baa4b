"""`python -m loadtests.bench.peers NAME --port N --database X --payments N`: one peer, served like the gateway."""

import sys

import click

from gates.schema.entry import run

PEERS: dict[str, str] = {
    "bare": "loadtests.bench.peers.bare_litestar:create_app",
    "fastapi-sqlite": "loadtests.bench.peers.fastapi_sqlite:create_app",
    "fastapi-sqlite-single": "loadtests.bench.peers.fastapi_sqlite:create_app_with_one_connection",
    "litestar-sqlite": "loadtests.bench.peers.litestar_sqlite:create_app",
    "postgres": "loadtests.bench.peers.litestar_postgres:create_app",
    "postgres-group": "loadtests.bench.peers.litestar_postgres_group:create_app",
    "postgres-mounted": "loadtests.bench.peers.litestar_postgres_mounted:create_app",
}
"""Peer -> the function `(database, payments)` that creates the database and returns the application."""


@click.command()
@click.argument("name", type=click.Choice(sorted(PEERS)))
@click.option("--port", type=click.IntRange(1, 65_535), required=True, help="Port on loopback.")
@click.option("--database", default="", help="A file for SQLite; the folder of a PostgreSQL server's socket.")
@click.option("--payments", type=click.IntRange(0), default=0, help="Reserved payments to prepare.")
def serve(name: str, port: int, database: str, payments: int) -> None:
    """Prepare the peer NAME and serve it until SIGTERM: one process, uvloop, httptools, no access log."""
    import importlib

    import uvicorn

    module, _, function = PEERS[name].partition(":")
    app = getattr(importlib.import_module(module), function)(database, payments)
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", ws="none", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    sys.exit(run(serve))
