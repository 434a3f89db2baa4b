"""Group commit on PostgreSQL: settles that queued while the last transaction ran share the next one.

One connection, one transaction a batch, and a handful of statements for all of its settles together, however many they are.
"""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec

from loadtests.bench.peers import settling
from loadtests.bench.peers.settling import Posting, Refused, Settled

MAX_BATCH = 256

_ANSWERS = "SELECT key, fingerprint, status, body FROM answers WHERE key = ANY($1::text[])"
_PAYMENTS = """
SELECT payment_id, wallet, payee, state, authorized, last_receipt_sha256 FROM payments
WHERE payment_id = ANY($1::text[]) ORDER BY payment_id FOR UPDATE
"""
_UPDATE_PAYMENTS = """
UPDATE payments SET state = 'settled', settled = new.settled, released = new.released, updated_at = new.at,
  last_receipt_sha256 = new.digest
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS new (payment_id, settled, released, at, digest)
WHERE payments.payment_id = new.payment_id
"""
_POSTINGS = """
INSERT INTO postings (payment_id, account, amount, at)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
"""
_RECEIPTS = """
INSERT INTO receipts (receipt_id, payment_id, payload, sha256)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
"""
_STORE_ANSWERS = """
INSERT INTO answers (key, fingerprint, status, body) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::bytea[])
"""
_BALANCES = """
UPDATE accounts SET balance = balance + leg.amount FROM unnest($1::text[], $2::bigint[]) AS leg (account, amount)
WHERE accounts.name = leg.account
"""


class Wanted(msgspec.Struct, frozen=True):
    """One request."""

    payment_id: str
    amount: str
    key: str
    fingerprint: str


class Decided(msgspec.Struct, frozen=True):
    """One response."""

    status: int
    body: bytes
    replayed: bool = False


class Writer:
    """Decides settles in batches; each is answered after the commit that holds it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._queue: list[tuple[Wanted, asyncio.Future[Decided]]] = []
        self._wakeup = asyncio.Event()

    async def settle(self, wanted: Wanted) -> Decided:
        """Settle once; returns when it is durable."""
        future: asyncio.Future[Decided] = asyncio.get_running_loop().create_future()
        self._queue.append((wanted, future))
        self._wakeup.set()
        return await future

    async def run(self) -> None:
        """Process the queue until cancelled."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            while self._queue:
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
                await self._answer(batch)

    async def _answer(self, batch: "list[tuple[Wanted, asyncio.Future[Decided]]]") -> None:
        try:
            async with self._connection.transaction():
                decided = await self._decide([wanted for wanted, _ in batch])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, decided, strict=True):
            if not future.done():  # the caller has disconnected; its effect remains
                future.set_result(answer)

    async def _decide(self, batch: Sequence[Wanted]) -> list[Decided]:
        stored = {row["key"]: row for row in await self._connection.fetch(_ANSWERS, [wanted.key for wanted in batch])}
        rows = await self._connection.fetch(_PAYMENTS, sorted({wanted.payment_id for wanted in batch}))
        payments = {row["payment_id"]: settling.Payment(*row) for row in rows}
        fresh: dict[str, tuple[Wanted, Settled]] = {}
        decided = [self._one(wanted, stored, payments, fresh) for wanted in batch]
        if fresh:
            await self._write(list(fresh.values()))
        return decided

    @staticmethod
    def _one(
        wanted: Wanted,
        stored: dict[str, asyncpg.Record],
        payments: dict[str, settling.Payment],
        fresh: dict[str, tuple[Wanted, Settled]],
    ) -> Decided:
        if wanted.key in stored:
            row = stored[wanted.key]
            return _repeat(wanted, row["fingerprint"], row["status"], row["body"])
        if wanted.key in fresh:
            first, done = fresh[wanted.key]
            return _repeat(wanted, first.fingerprint, 200, done.body)
        decided = settling.settle(payments.get(wanted.payment_id), wanted.amount, wanted.fingerprint)
        if isinstance(decided, Refused):
            return Decided(decided.status, decided.body)
        payments[wanted.payment_id] = msgspec.structs.replace(payments[wanted.payment_id], state="settled")
        fresh[wanted.key] = (wanted, decided)
        return Decided(200, decided.body)

    async def _write(self, fresh: Sequence[tuple[Wanted, Settled]]) -> None:
        run = self._connection.execute
        done = [settled for _, settled in fresh]
        ids = [item.payment_id for item in done]
        legs = [(item.payment_id, leg.account, leg.amount, item.at) for item in done for leg in item.postings]
        digests = [item.receipt_sha256 for item in done]
        amounts = ([item.settled for item in done], [item.released for item in done])
        await run(_UPDATE_PAYMENTS, ids, *amounts, [item.at for item in done], digests)
        await run(_POSTINGS, *map(list, zip(*legs, strict=True)))
        await run(_RECEIPTS, [item.receipt_id for item in done], ids, [item.receipt for item in done], digests)
        keys, fingerprints = [wanted.key for wanted, _ in fresh], [wanted.fingerprint for wanted, _ in fresh]
        await run(_STORE_ANSWERS, keys, fingerprints, [200] * len(done), [item.body for item in done])
        totals = _totals([leg for item in done for leg in item.postings])
        await run(_BALANCES, list(totals), list(totals.values()))


def _totals(legs: Sequence[Posting]) -> dict[str, int]:
    """The total of each account, in the order of their names."""
    totals: dict[str, int] = {}
    for leg in sorted(legs, key=lambda leg: leg.account):
        totals[leg.account] = totals.get(leg.account, 0) + leg.amount
    return totals


def _repeat(wanted: Wanted, fingerprint: str, status: int, body: bytes) -> Decided:
    if wanted.fingerprint != fingerprint:
        return Decided(422, Refused(422, "idempotency_key_reused").body)
    return Decided(status, body, replayed=True)
