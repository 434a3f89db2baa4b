"""Litestar with asyncpg on PostgreSQL: a pool, and one transaction of plain statements for each request.

Every statement is prepared once per connection (by asyncpg), postings and balances are one statement each, and
the balances come last, so that rows that many payments share are locked as shortly as they can be.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter, JSONBody

from loadtests.bench.peers import settling
from loadtests.bench.peers.litestar_answers import answer, repeat
from loadtests.bench.peers.postgres_tables import prepare

POOL = 16
"""Connections; more of them were slower, because all work on few cores."""

SELECT_ANSWER = "SELECT fingerprint, status, body FROM answers WHERE key = $1"
SELECT_PAYMENT = """
SELECT payment_id, wallet, payee, state, authorized, last_receipt_sha256 FROM payments WHERE payment_id = $1 FOR UPDATE
"""
UPDATE_PAYMENT = """
UPDATE payments SET state = 'settled', settled = $2, released = $3, updated_at = $4, last_receipt_sha256 = $5
WHERE payment_id = $1
"""
INSERT_RECEIPT = "INSERT INTO receipts (receipt_id, payment_id, payload, sha256) VALUES ($1, $2, $3, $4)"
INSERT_ANSWER = "INSERT INTO answers (key, fingerprint, status, body) VALUES ($1, $2, $3, $4)"
INSERT_POSTINGS = """
INSERT INTO postings (payment_id, account, amount, at)
SELECT $1, leg.account, leg.amount, $2 FROM unnest($3::text[], $4::bigint[]) AS leg (account, amount)
"""
UPDATE_BALANCES = """
UPDATE accounts SET balance = balance + leg.amount FROM unnest($1::text[], $2::bigint[]) AS leg (account, amount)
WHERE accounts.name = leg.account
"""


@post("/payments/{payment_id:str}/settle", status_code=200)
async def settle(
    payment_id: FromPath[str],
    data: JSONBody[settling.Settle],
    key: Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=16, max_length=255)],
    state: State,
) -> Response[bytes]:
    """Settle a payment once."""
    pool: asyncpg.Pool = state.pool
    wanted = settling.fingerprint(payment_id, data.amount)
    try:
        async with pool.acquire() as connection, connection.transaction():
            return await _settle(connection, payment_id, data.amount, key, wanted)
    except asyncpg.UniqueViolationError:  # the same key twice at once: the other transaction has decided
        async with pool.acquire() as connection:
            stored = await connection.fetchrow(SELECT_ANSWER, key)
            assert stored is not None, "its insert conflicted with ours"
            return repeat(stored, wanted)


@get("/settled")
async def settled(state: State) -> int:
    """How many payments are settled."""
    count: int = await state.pool.fetchval("SELECT count(*) FROM payments WHERE state = 'settled'")
    return count


@get("/readyz")
async def readyz() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


async def _settle(connection: asyncpg.Connection, payment_id: str, amount: str, key: str, wanted: str) -> Response[bytes]:
    stored = await connection.fetchrow(SELECT_ANSWER, key)
    if stored is not None:
        return repeat(stored, wanted)
    row = await connection.fetchrow(SELECT_PAYMENT, payment_id)
    done = settling.settle(None if row is None else settling.Payment(*row), amount, wanted)
    if isinstance(done, settling.Refused):
        return answer(done.status, done.body)
    legs = sorted(done.postings, key=lambda leg: leg.account)  # one order for every transaction: no deadlocks
    accounts, amounts = [leg.account for leg in legs], [leg.amount for leg in legs]
    await connection.execute(UPDATE_PAYMENT, payment_id, done.settled, done.released, done.at, done.receipt_sha256)
    await connection.execute(INSERT_POSTINGS, payment_id, done.at, accounts, amounts)
    await connection.execute(INSERT_RECEIPT, done.receipt_id, payment_id, done.receipt, done.receipt_sha256)
    await connection.execute(INSERT_ANSWER, key, wanted, 200, done.body)
    await connection.execute(UPDATE_BALANCES, accounts, amounts)
    return answer(200, done.body)


def create_app(database: str, payments: int) -> Litestar:
    """The application with its own database at the server whose socket is in the folder `database`."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await prepare(database, "single", payments)
        async with asyncpg.create_pool(
            host=database, user="bench", database="single", min_size=POOL, max_size=POOL
        ) as app.state.pool:
            yield

    return Litestar([settle, settled, readyz], lifespan=[lifespan], openapi_config=None, logging_config=None)
