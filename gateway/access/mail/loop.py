"""The loop that has mail sent while the engine lives, and that finds out whether mail leaves again after it did not."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from gateway.access.mail.worker import BATCH, MailContext, begin
from gateway.mailing import MailCounts, MailState
from gateway.routes.access import CHANGE_ADDRESS, REQUEST_CODE, RESEND_CODE, SIGN_IN

POLL_S = 0.5
PROBE_EVERY_S = 5.0

MAILING = frozenset(route.kind for route in (SIGN_IN, RESEND_CODE, REQUEST_CODE, CHANGE_ADDRESS))
"""The operations that queue a mail."""

_log = logging.getLogger(__name__)


class MailLoop:
    """Probes at its start, sends what is due, and while mail is down probes again and again.

    `has_work` looks without writing, so that an idle gateway writes nothing. A mail server that stalls holds up its own mails
    alone, and no mail uses up its tries while mail is known to be down.
    """

    def __init__(self, context: MailContext, has_work: Callable[[], bool], probe_every_s: float = PROBE_EVERY_S) -> None:
        self.counts = MailCounts()
        """What was done since the start."""
        self._context, self._has_work, self._probe_every_s = context, has_work, probe_every_s
        self._wakeup = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[MailCounts]] = set()

    @property
    def state(self) -> MailState:
        """Whether mail leaves."""
        return self._context.health.state

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="mail")

    def decided(self, kind: str, outcome: str, replayed: bool) -> None:
        """The engine's listener: a new mail need not wait for the next look."""
        if kind in MAILING and outcome == "ok" and not replayed:
            self.wake()

    def wake(self) -> None:
        """There is something to do now."""
        self._wakeup.set()

    async def stop(self) -> None:
        """Cut off what is under way: what was not sent is still in the outbox, for whoever starts next."""
        self._closing = True
        tasks = [*self._under_way, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        await self._probe()
        while not self._closing:
            self._wakeup.clear()
            if not self._context.health.state.healthy:
                await asyncio.sleep(self._probe_every_s)
                await self._probe()
            elif not await self._round():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wakeup.wait(), POLL_S)

    async def _probe(self) -> None:
        try:
            self._context.health.probed(await self._context.delivery.probe())
        except Exception:  # noqa: BLE001  # a defect: mail stays as it was, and the next probe tries again
            _log.exception("the probe of the mail server failed")

    async def _round(self) -> int:
        """Begin to send as many mails as there is room for."""
        try:
            room = BATCH - len(self._under_way)
            if not room or not self._has_work():
                return 0
            calls, given_up = await begin(self._context, room)
        except Exception:  # noqa: BLE001  # a busy database, say: it is logged, and the next round tries again
            _log.exception("the mail worker failed")
            return 0
        self.counts += given_up
        for call in calls:
            task = asyncio.get_running_loop().create_task(call)
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        return len(calls)

    def _ended(self, task: asyncio.Task[MailCounts]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            self.counts += task.result()
        self.wake()
