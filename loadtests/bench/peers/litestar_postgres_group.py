"""Litestar with asyncpg on PostgreSQL and group commit, behind an ordinary route: the closest alternative."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.types import ControllerRouterHandler

from loadtests.bench.peers import settling
from loadtests.bench.peers.grouped import Wanted, Writer
from loadtests.bench.peers.litestar_answers import answer
from loadtests.bench.peers.postgres_tables import prepare


@post("/payments/{payment_id:str}/settle", status_code=200)
async def settle(
    payment_id: FromPath[str],
    data: JSONBody[settling.Settle],
    key: Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=16, max_length=255)],
    state: State,
) -> Response[bytes]:
    """Settle a payment once."""
    decided = await state.writer.settle(Wanted(payment_id, data.amount, key, settling.fingerprint(payment_id, data.amount)))
    return answer(decided.status, decided.body, replayed=decided.replayed)


@get("/settled")
async def settled(state: State) -> int:
    """How many payments are settled."""
    count: int = await state.reader.fetchval("SELECT count(*) FROM payments WHERE state = 'settled'")
    return count


@get("/readyz")
async def readyz() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


def create_app(database: str, payments: int) -> Litestar:
    """The application with its own database at the server whose socket is in the folder `database`."""
    return grouped_app(settle, database, "grouped", payments)


def grouped_app(route: ControllerRouterHandler, database: str, name: str, payments: int) -> Litestar:
    """An application whose settle route uses one Writer, `app.state.writer`."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await prepare(database, name, payments)
        connection = await asyncpg.connect(host=database, user="bench", database=name)
        app.state.reader = await asyncpg.connect(host=database, user="bench", database=name)
        app.state.writer = Writer(connection)
        task = asyncio.create_task(app.state.writer.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await connection.close()
            await app.state.reader.close()

    return Litestar([route, settled, readyz], lifespan=[lifespan], openapi_config=None, logging_config=None)
