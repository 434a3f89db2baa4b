"""The table of rows, and the order of their measurements for a seed."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from gates.schema.errors import UsageProblem
from loadtests.draws import draw

Workload = Literal["echo", "settle", "random-keys", "half-replays", "reserve", "replay"]
"""A settle's key is numbered, like an order number or a UUIDv7; random-keys have no order, like a UUIDv4."""


class Row(msgspec.Struct, frozen=True):
    """One line of the table: a workload at one station. Its control is measured just before and just after it."""

    name: str
    title: str
    station: str
    workload: Workload
    connections: int
    control: str = "bare"
    control_workload: Workload = "echo"


ROWS = (
    Row("settle-1", "settle, fresh keys", "gateway", "settle", 1),
    Row("settle-64", "settle, fresh keys", "gateway", "settle", 64),
    Row("settle-256", "settle, fresh keys", "gateway", "settle", 256),
    Row("random-keys-64", "settle, fresh keys without an order", "gateway", "random-keys", 64),
    Row("half-replays-64", "settle, every second one a replay", "gateway", "half-replays", 64),
    Row("reserve-64", "reserve with policy and counters", "gateway", "reserve", 64),
    Row("replay-64", "replay of a stored answer", "gateway", "replay", 64),
    Row("fastapi-sqlite", "FastAPI + SQLAlchemy (sync ORM) + SQLite, a transaction a request", "fastapi-sqlite", "settle", 64),
    Row("fastapi-sqlite-single", "the same with a pool of one connection", "fastapi-sqlite-single", "settle", 64),
    Row("litestar-sqlite-1", "Litestar + sqlite3 in the event loop, a transaction a request", "litestar-sqlite", "settle", 1),
    Row("litestar-sqlite-64", "the same", "litestar-sqlite", "settle", 64),
    Row("postgres", "Litestar + asyncpg + PostgreSQL, a transaction a request", "postgres", "settle", 64),
    Row("postgres-group", "Litestar + asyncpg + PostgreSQL, group commit", "postgres-group", "settle", 64),
    Row("postgres-mounted", "the same, past Litestar's router", "postgres-mounted", "settle", 64),
)

GROWTH_BASE = 10_000
"""Payments in the small database that a big one is compared with."""


def growth_row(payments: int) -> Row:
    """Settle with that many payments stored; its control is the same with 10,000."""
    title = f"settle with {payments:,} payments stored, against {GROWTH_BASE:,}"
    return Row(f"growth-{payments}", title, f"stored-{payments}", "settle", 64, f"stored-{GROWTH_BASE}", "settle")


def chosen(names: Sequence[str], growth: Sequence[int] = ()) -> tuple[Row, ...]:
    """The rows of those names, in the table's order, or all; and one for each number of payments of `growth`.

    Raises UsageProblem naming the existing rows.
    """
    grown = tuple(map(growth_row, dict.fromkeys(growth)))
    table = (*ROWS, *grown)
    known = [row.name for row in table]
    for name in names:
        if name not in known:
            raise UsageProblem(f"no row is called {name!r}", next_step=f"use one of {', '.join(known)}; --growth N adds growth-N")
    return tuple(row for row in table if not names or row.name in names or row in grown)


def order(rows: Sequence[Row], rounds: int, seed: int) -> tuple[tuple[int, Row], ...]:
    """Every row once per round, each round in its own order that depends only on the seed."""
    found: list[tuple[int, Row]] = []
    for number in range(1, rounds + 1):
        drawn = {row: draw(seed, "bench", number, row.name) for row in rows}
        found += ((number, row) for row in sorted(rows, key=drawn.__getitem__))
    return tuple(found)
