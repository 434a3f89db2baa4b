"""The workers around the rail: each `run_once` style, so that waiting is the loop's business and a test's clock decides.

Money leaves in three steps that no crash can merge: the intent is durable, then the rail is called outside any transaction, then
its result is durable. Whatever happens in between, the amount stays set aside until a look-up by key gives the result.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

import msgspec

from gateway.payouts import steps
from gateway.payouts.steps import Written
from gateway.rail.breaker import Breaker
from gateway.rail.port import Rail, RailOutcome, RailResult, Wanted
from gateway.routes import CREATE_PAYOUT
from gateway.store.payout_rows import PayoutRow, RailEventRow
from gateway.work import Chore

BATCH = 32
"""The most payouts or events that a worker takes over at once."""

POLL_S = 0.5
STOP_S = 5.0
_PROBE = "gonogo-probe-of-an-open-circuit"

Calls = Sequence[Coroutine[object, object, None]]
"""Each calls the rail for one payout and stores the result; they raise nothing, and may run at the same time."""

_log = logging.getLogger(__name__)


class RunChore(Protocol):
    """Runs a step in the engine's own transactions and returns what it returned, once that is durable."""

    def __call__(self, chore: Chore) -> Awaitable[object]:
        """Run it."""


class Timing(msgspec.Struct, frozen=True):
    """Seconds. A lease outlives the calls made under it; patience is how long a request may still be on its way."""

    lease_s: float
    patience_s: float

    @classmethod
    def of(cls, timeout_s: float) -> "Timing":
        """What goes with a rail that is waited for this long: a lease covers a look-up and a charge, connecting included."""
        return cls(lease_s=5 * timeout_s, patience_s=timeout_s)


class RailContext(msgspec.Struct, frozen=True):
    """The rail, its circuit breaker, the timing and the way to a transaction, which all workers share."""

    rail: Rail
    run_chore: RunChore
    breaker: Breaker
    timing: Timing


async def outbox(context: RailContext, limit: int = BATCH) -> Calls:
    """Take accepted payouts over; the calls send them."""
    room = context.breaker.room(limit)
    taken = room and await _take(context, partial(steps.take_to_send, limit=room, lease_s=context.timing.lease_s))
    return [_logged(_send(context, row)) for row in taken or ()]


async def inbox(context: RailContext, limit: int = BATCH) -> Calls:
    """Look through stored events; the calls query the rail about those that only the rail can decide."""
    room = context.breaker.room(limit)
    if not room:
        return []
    found = await context.run_chore(partial(steps.take_events, limit=room, lease_s=context.timing.lease_s))
    events = cast("Sequence[tuple[RailEventRow, PayoutRow]]", found)
    return [_logged(_read_back(context, event, row)) for event, row in events]


async def resolver(context: RailContext, limit: int = BATCH) -> Calls:
    """Take over payouts whose outcome is unknown; the calls query the rail."""
    room = context.breaker.room(limit)
    taken = room and await _take(context, partial(steps.take_to_ask, limit=room, lease_s=context.timing.lease_s))
    return [_logged(_resolve(context, row)) for row in taken or ()]


async def probe(context: RailContext) -> None:
    """With an open circuit, find out whether the rail is back.

    By a look-up of no payout: it changes nothing, as a charge would, and costs no payout one of its tries.
    """
    if context.breaker.open and context.breaker.room(1):
        _reported(context, await context.rail.look_up(_PROBE))


async def _send(context: RailContext, row: PayoutRow) -> None:
    result = _reported(context, await context.rail.create(row.rail_key, row.payee_id, row.amount, row.currency))
    await context.run_chore(partial(steps.write_result, held=row, result=result))


async def _resolve(context: RailContext, row: PayoutRow) -> None:
    result = _reported(context, await context.rail.look_up(row.rail_key, _wanted(row)))
    if result.outcome is not RailOutcome.NEVER_SEEN:
        await context.run_chore(partial(steps.write_result, held=row, result=result))
        return
    timing = context.timing
    step = partial(steps.consider_sending_again, held=row, patience_s=timing.patience_s, lease_s=timing.lease_s)
    if await context.run_chore(step) is Written.SEND_AGAIN:
        await _send(context, row)


async def _read_back(context: RailContext, event: RailEventRow, row: PayoutRow) -> None:
    result = _reported(context, await context.rail.look_up(row.rail_key, _wanted(row)))
    await context.run_chore(partial(steps.write_event, event=event, held=row, result=result))


def _wanted(row: PayoutRow) -> Wanted:
    return Wanted(row.payee_id, row.amount, row.currency)


def _reported(context: RailContext, result: RailResult) -> RailResult:
    """Report the result to the breaker; a rail that names its charge has answered, even if it has not decided."""
    if result.outcome in (RailOutcome.UNKNOWN, RailOutcome.NOT_SENT) and result.rail_id is None:
        context.breaker.failed()
    else:
        context.breaker.answered()
    return result


async def _take(context: RailContext, chore: Chore) -> Sequence[PayoutRow]:
    return cast("Sequence[PayoutRow]", await context.run_chore(chore))


async def _logged(call: Coroutine[object, object, None]) -> None:
    """One that fails is logged and found again when its lease is over."""
    try:
        await call
    except Exception:  # noqa: BLE001  # whatever it is, the payout stays as it was
        _log.exception("a payout's step failed; it is taken up again when its lease is over")


Worker = Callable[[RailContext, int], Awaitable[Calls]]

SHARES: Mapping[Worker, int] = {outbox: 16, inbox: 8, resolver: 8}
"""How many calls each worker may have under way: together no more than the rail's client has connections."""


class RailLoop:
    """Runs the workers while the engine lives. `has_work` looks without writing, so that an idle gateway writes nothing.

    A slow reply holds up nobody but its own payout: each worker has a share of the calls that may be under way, and begins the
    next as soon as one of its own has ended.
    """

    def __init__(self, context: RailContext, has_work: Callable[[], bool]) -> None:
        self._context = context
        self._has_work = has_work
        self._wakeup = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._under_way: dict[Worker, set[asyncio.Task[None]]] = {worker: set() for worker in SHARES}

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="rail")

    def wake(self) -> None:
        """There is something to do now."""
        self._wakeup.set()

    def decided(self, kind: str, outcome: str, replayed: bool) -> None:
        """The engine's listener: a new payout need not wait for the next look."""
        if kind == CREATE_PAYOUT.kind and outcome == "ok" and not replayed:
            self.wake()

    async def stop(self) -> None:
        """Let calls under way come to an end, for a while; what does not is resolved by whoever starts next."""
        self._closing = True
        self._wakeup.set()
        deadline = asyncio.get_running_loop().time() + STOP_S
        if self._task is not None:
            await self._end({self._task}, STOP_S)
        await self._end(self._calls(), deadline - asyncio.get_running_loop().time())
        await self._context.rail.close()

    @staticmethod
    async def _end(tasks: set[asyncio.Task[None]], seconds: float) -> None:
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=max(0.0, seconds))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while not self._closing:
            self._wakeup.clear()
            try:
                begun = await self._round()
            except Exception:  # noqa: BLE001  # a busy database, say: it is logged, and the next round tries again
                _log.exception("the rail's workers failed")
                begun = 0
            if not begun and not self._closing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wakeup.wait(), POLL_S)

    async def _round(self) -> int:
        if self._context.breaker.open:
            await probe(self._context)
            return int(not self._context.breaker.open)
        return sum([await self._begin(worker) for worker in SHARES]) if self._has_work() else 0

    async def _begin(self, worker: Worker) -> int:
        """Take over as much as there is room for, and have the calls made while others are taken."""
        running = self._under_way[worker]
        room = SHARES[worker] - len(running)
        calls = await worker(self._context, room) if room else ()
        for call in calls:
            task = asyncio.get_running_loop().create_task(call)
            running.add(task)
            task.add_done_callback(partial(self._ended, running))
        return len(calls)

    def _ended(self, running: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        running.discard(task)
        self.wake()

    def _calls(self) -> set[asyncio.Task[None]]:
        return set().union(*self._under_way.values())
