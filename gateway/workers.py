"""The workers around the rail: each `run_once` style, so that waiting is the loop's business and a test's clock decides.

Money leaves in three steps that no crash can merge: the intent is durable, then the rail is called outside any transaction, then
what it said is durable. Whatever happens in between, the payout stays set aside until the rail, asked by key, has spoken.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, cast

import msgspec

from gateway import payout_steps as steps
from gateway.execute import Chore
from gateway.payout_steps import Written
from gateway.rail.breaker import Breaker
from gateway.rail.port import Outcome, Rail, RailResult
from gateway.routes import CREATE_PAYOUT
from gateway.store.payouts import PayoutRow, RailEventRow

BATCH = 32
POLL_S = 0.5
STOP_S = 5.0
_PROBE = "gonogo-probe-of-an-open-circuit"

_log = logging.getLogger("gateway.workers")


class RunChore(Protocol):
    """Runs a step in the engine's own transactions and returns what it returned, once that is durable."""

    def __call__(self, chore: Chore) -> Awaitable[object]:
        """Run it."""


class Timing(msgspec.Struct, frozen=True):
    """Seconds. A lease outlives the calls made under it; patience is how long a request may still be on its way."""

    lease_s: float = 25.0
    patience_s: float = 5.0

    @classmethod
    def of(cls, timeout_s: float) -> "Timing":
        """What goes with a rail that is waited for this long: a lease covers a look-up and a charge, connecting included."""
        return cls(lease_s=5 * timeout_s, patience_s=timeout_s)


class RailDesk(msgspec.Struct, frozen=True):
    """What the workers share."""

    rail: Rail
    run_chore: RunChore
    breaker: Breaker
    timing: Timing = Timing()


async def outbox(desk: RailDesk, limit: int = BATCH) -> int:
    """Send accepted payouts; returns how many."""
    room = desk.breaker.room(limit)
    taken = room and await _take(desk, partial(steps.take_to_send, limit=room, lease_s=desk.timing.lease_s))
    return await _each(_send(desk, row) for row in taken or ())


async def resolver(desk: RailDesk, limit: int = BATCH) -> int:
    """Ask the rail about payouts whose outcome is unknown; returns how many."""
    room = desk.breaker.room(limit)
    taken = room and await _take(desk, partial(steps.take_to_ask, limit=room, lease_s=desk.timing.lease_s))
    return await _each(_resolve(desk, row) for row in taken or ())


async def inbox(desk: RailDesk, limit: int = BATCH) -> int:
    """Make something of stored events; returns how many the rail was asked about."""
    room = desk.breaker.room(limit)
    if not room:
        return 0
    found = await desk.run_chore(partial(steps.take_events, limit=room, lease_s=desk.timing.lease_s))
    events = cast("Sequence[tuple[RailEventRow, PayoutRow]]", found)
    return await _each(_read_back(desk, event, row) for event, row in events)


async def probe(desk: RailDesk) -> None:
    """With an open circuit and nothing to do, find out whether the rail is back; a look-up changes nothing."""
    if desk.breaker.open and desk.breaker.room(1):
        _heard(desk, await desk.rail.look_up(_PROBE))


async def _send(desk: RailDesk, row: PayoutRow) -> None:
    result = _heard(desk, await desk.rail.create(row.rail_key, row.payee_id, row.amount, row.currency))
    await desk.run_chore(partial(steps.write_result, held=row, result=result))


async def _resolve(desk: RailDesk, row: PayoutRow) -> None:
    result = _heard(desk, await desk.rail.look_up(row.rail_key))
    if result.outcome is not Outcome.NEVER_SEEN:
        await desk.run_chore(partial(steps.write_result, held=row, result=result))
        return
    timing = desk.timing
    step = partial(steps.consider_sending_again, held=row, patience_s=timing.patience_s, lease_s=timing.lease_s)
    if await desk.run_chore(step) is Written.SEND_AGAIN:
        await _send(desk, row)


async def _read_back(desk: RailDesk, event: RailEventRow, row: PayoutRow) -> None:
    result = _heard(desk, await desk.rail.look_up(row.rail_key))
    await desk.run_chore(partial(steps.write_event, event=event, held=row, result=result))


def _heard(desk: RailDesk, result: RailResult) -> RailResult:
    """Tell the breaker; a rail that names its charge has answered, even if it has not decided."""
    if result.outcome in (Outcome.UNKNOWN, Outcome.NOT_SENT) and result.rail_id is None:
        desk.breaker.failed()
    else:
        desk.breaker.answered()
    return result


async def _take(desk: RailDesk, chore: Chore) -> Sequence[PayoutRow]:
    return cast("Sequence[PayoutRow]", await desk.run_chore(chore))


async def _each(work: Iterable[Awaitable[None]]) -> int:
    """Run all at once; one that fails is logged and found again when its lease is over."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for error in results:
        if isinstance(error, Exception):
            _log.error("a payout's step failed; it is taken up again when its lease is over", exc_info=error)
        elif error is not None:
            raise error
    return len(results)


class RailLoop:
    """Runs the workers while the engine lives. `has_work` looks without writing, so that an idle gateway writes nothing."""

    def __init__(self, desk: RailDesk, has_work: Callable[[], bool]) -> None:
        self._desk = desk
        self._has_work = has_work
        self._wakeup = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

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
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._desk.rail.close()

    async def _run(self) -> None:
        while not self._closing:
            self._wakeup.clear()
            try:
                done = await self._round()
            except Exception:  # noqa: BLE001  # a busy database, say: it is logged, and the next round tries again
                _log.exception("the rail's workers failed")
                done = 0
            if not done and not self._closing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wakeup.wait(), POLL_S)

    async def _round(self) -> int:
        if not self._has_work():
            await probe(self._desk)
            return 0
        return await outbox(self._desk) + await inbox(self._desk) + await resolver(self._desk)
