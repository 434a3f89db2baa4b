"""The tables of the PostgreSQL peers, created with their prepared payments."""

import asyncpg

from loadtests.bench.peers import settling

_TABLES = """
CREATE TABLE accounts (name text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE payments (
  payment_id text PRIMARY KEY,
  wallet integer NOT NULL,
  payee integer NOT NULL,
  state text NOT NULL,
  currency text NOT NULL,
  authorized bigint NOT NULL,
  settled bigint NOT NULL,
  released bigint NOT NULL,
  updated_at text NOT NULL,
  last_receipt_sha256 text NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE postings (
  posting_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id text NOT NULL,
  account text NOT NULL,
  amount bigint NOT NULL,
  at text NOT NULL
);
CREATE TABLE receipts (receipt_id text PRIMARY KEY, payment_id text NOT NULL, payload bytea NOT NULL, sha256 text NOT NULL);
CREATE TABLE answers (key text PRIMARY KEY, fingerprint text NOT NULL, status integer NOT NULL, body bytea NOT NULL);
"""
_SLICE = 50_000


async def prepare(folder: str, database: str, payments: int) -> None:
    """Create `database` at the server whose socket is in `folder`, with so many reserved payments."""
    server = await asyncpg.connect(host=folder, user="bench", database="postgres")
    try:
        await server.execute(f'CREATE DATABASE "{database}"')
    finally:
        await server.close()
    connection = await asyncpg.connect(host=folder, user="bench", database=database)
    try:
        await connection.execute(_TABLES)
        await connection.executemany("INSERT INTO accounts VALUES ($1, 0)", [(name,) for name in settling.account_names()])
        for first in range(1, payments + 1, _SLICE):
            rows = [tuple(settling.reserved(number).values()) for number in range(first, min(first + _SLICE, payments + 1))]
            await connection.copy_records_to_table("payments", records=rows)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
