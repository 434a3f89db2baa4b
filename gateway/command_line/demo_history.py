"""A past for a demo tenant: payments that were reserved and settled, decided by the engine itself, without HTTP.

Every row, receipt and counter is what a caller's request would have left, so that a database filled like this is as good as one
that grew; it only takes no network.
"""

import asyncio
from collections.abc import Callable

import msgspec

from gateway.command_line.demo import CURRENCY, DemoData
from gateway.commands import Principal, Reserve, Settle
from gateway.engine.engine import Engine
from gateway.errors import StartProblem
from gateway.idempotency.claim import Mutation
from gateway.routes import RESERVE, SETTLE
from gateway.settings import Settings
from gateway.store.group_commit import MAX_BATCH

HOLD, PAID = "2", "1"
"""Minor units: small, so that neither the wallet nor the day's limit is in the way of five million payments."""

_SETTLE = Settle(amount=PAID)
_SETTLE_BODY = msgspec.json.encode(_SETTLE)


class _Payment(msgspec.Struct):
    payment_id: str


class _Reserved(msgspec.Struct):
    payment: _Payment


_RESERVED = msgspec.json.Decoder(_Reserved)


def settle_many(settings: Settings, demo: DemoData, payments: int, on_done: Callable[[int], None]) -> None:
    """Reserve and settle this many payments of the tenant; `on_done` gets the number done after each batch.

    Raises StartProblem for an unusable database, or where the engine refuses one of them.
    """
    asyncio.run(_settle_many(settings, demo, payments, on_done))


async def _settle_many(settings: Settings, demo: DemoData, payments: int, on_done: Callable[[int], None]) -> None:
    engine = Engine.open(settings)
    principal = engine.authenticate(demo.agent_key)
    assert principal is not None, "the tenant was made a moment ago"
    await engine.start()
    try:
        for first in range(0, payments, MAX_BATCH):
            numbers = range(first, min(first + MAX_BATCH, payments))
            await _live(engine, principal, demo, numbers)
            on_done(numbers.stop)
    finally:
        await engine.drain()


async def _live(engine: Engine, principal: Principal, demo: DemoData, numbers: range) -> None:
    reserves = [_reserve(principal, demo, number) for number in numbers]
    ids = [_RESERVED.decode(body).payment.payment_id for body in await _decided(engine, reserves)]
    await _decided(engine, [_settle(principal, payment_id, number) for payment_id, number in zip(ids, numbers, strict=True)])


async def _decided(engine: Engine, mutations: list[Mutation]) -> list[bytes]:
    answers = await asyncio.gather(*map(engine.mutate, mutations))
    refused = next((answer for answer in answers if answer.status >= 300), None)
    if refused is not None:
        raise StartProblem(f"the history ends early: {refused.body.decode(errors='replace')}")
    return [answer.body for answer in answers]


def _reserve(principal: Principal, demo: DemoData, number: int) -> Mutation:
    payee_id = demo.payee_ids[number % len(demo.payee_ids)]
    command = Reserve(demo.wallet_id, payee_id, HOLD, CURRENCY, client_reference=f"history-{number}")
    key = f"history-reserve-{number:09d}"
    return Mutation(RESERVE, principal, (), key, "", command, msgspec.json.encode(command), key)


def _settle(principal: Principal, payment_id: str, number: int) -> Mutation:
    key = f"history-settle-{number:09d}"
    return Mutation(SETTLE, principal, (payment_id,), key, "", _SETTLE, _SETTLE_BODY, key)
