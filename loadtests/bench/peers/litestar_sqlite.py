"""Litestar with plain statements on SQLite in the event loop, one transaction a request: the least that settles exactly once.

No object mapper, no threads, no pool, one process. For one caller that waits for each response no durable service is much faster;
of many callers each waits for its own commit.
"""

import sqlite3
from contextlib import closing
from typing import Annotated

from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter, JSONBody

from loadtests.bench.peers import settling
from loadtests.bench.peers.litestar_answers import answer, repeat

_TABLES = """
CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE payments (
  payment_id TEXT PRIMARY KEY,
  wallet INTEGER NOT NULL,
  payee INTEGER NOT NULL,
  state TEXT NOT NULL,
  currency TEXT NOT NULL,
  authorized INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  released INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  last_receipt_sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE postings (
  posting_id INTEGER PRIMARY KEY,
  payment_id TEXT NOT NULL,
  account TEXT NOT NULL,
  amount INTEGER NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE TABLE receipts (receipt_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, payload BLOB NOT NULL, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE answers (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
"""
SELECT_ANSWER = "SELECT fingerprint, status, body FROM answers WHERE key = ?"
SELECT_PAYMENT = "SELECT payment_id, wallet, payee, state, authorized, last_receipt_sha256 FROM payments WHERE payment_id = ?"
UPDATE_PAYMENT = """
UPDATE payments SET state = 'settled', settled = ?, released = ?, updated_at = ?, last_receipt_sha256 = ? WHERE payment_id = ?
"""
INSERT_POSTING = "INSERT INTO postings (payment_id, account, amount, at) VALUES (?, ?, ?, ?)"
UPDATE_BALANCE = "UPDATE accounts SET balance = balance + ? WHERE name = ?"
INSERT_RECEIPT = "INSERT INTO receipts (receipt_id, payment_id, payload, sha256) VALUES (?, ?, ?, ?)"
INSERT_ANSWER = "INSERT INTO answers (key, fingerprint, status, body) VALUES (?, ?, 200, ?)"


@post("/payments/{payment_id:str}/settle", status_code=200)
async def settle(
    payment_id: FromPath[str],
    data: JSONBody[settling.Settle],
    key: Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=16, max_length=255)],
    state: State,
) -> Response[bytes]:
    """Settle a payment once; nothing else runs at the same time."""
    connection: sqlite3.Connection = state.connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        answered = _settle(connection, payment_id, data.amount, key)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return answered


@get("/settled")
async def settled(state: State) -> int:
    """How many payments are settled."""
    count: int = state.connection.execute("SELECT count(*) FROM payments WHERE state = 'settled'").fetchone()[0]
    return count


@get("/readyz")
async def readyz() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


def _settle(connection: sqlite3.Connection, payment_id: str, amount: str, key: str) -> Response[bytes]:
    execute, wanted = connection.execute, settling.fingerprint(payment_id, amount)
    stored = execute(SELECT_ANSWER, (key,)).fetchone()
    if stored is not None:
        return repeat(stored, wanted)
    row = execute(SELECT_PAYMENT, (payment_id,)).fetchone()
    done = settling.settle(None if row is None else settling.Payment(*row), amount, wanted)
    if isinstance(done, settling.Refused):
        return answer(done.status, done.body)
    execute(UPDATE_PAYMENT, (done.settled, done.released, done.at, done.receipt_sha256, payment_id))
    for leg in done.postings:
        execute(INSERT_POSTING, (payment_id, leg.account, leg.amount, done.at))
        execute(UPDATE_BALANCE, (leg.amount, leg.account))
    execute(INSERT_RECEIPT, (done.receipt_id, payment_id, done.receipt, done.receipt_sha256))
    execute(INSERT_ANSWER, (key, wanted, done.body))
    return answer(200, done.body)


def create_app(database: str, payments: int) -> Litestar:
    """Create the database at that path with so many reserved payments, and the application on it."""
    with closing(_connect(database)) as connection:
        connection.executescript(_TABLES)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO accounts VALUES (?, 0)", [(name,) for name in settling.account_names()])
        rows = (tuple(settling.reserved(number).values()) for number in range(1, payments + 1))
        connection.executemany("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    state = State({"connection": _connect(database)})
    return Litestar([settle, settled, readyz], state=state, openapi_config=None, logging_config=None)


def _connect(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
