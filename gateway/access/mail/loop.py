"""The loop that has mail sent while the engine lives, and that finds out whether mail leaves again after it did not."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from gateway.access.mail.delivery import Delivered, Delivery
from gateway.access.mail.health import MailHealth
from gateway.mailing import MailCounts, MailMode, MailState

POLL_S = 0.5
PROBE_EVERY_S = 5.0

_log = logging.getLogger(__name__)


class MailLoop:
    """Probes at its start, and while mail is down. `now` gives the time as text, `changed` is called with the health's change."""

    def __init__(
        self,
        mode: MailMode,
        delivery: Delivery,
        now: Callable[[], str],
        changed: Callable[[], None],
        every_s: float = PROBE_EVERY_S,
    ) -> None:
        self._delivery, self._changed, self._every_s = delivery, changed, every_s
        self._health = MailHealth(mode, now, self._report)
        self._counts = MailCounts()
        self._wakeup = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> MailState:
        """Whether mail leaves."""
        return self._health.state

    @property
    def counts(self) -> MailCounts:
        """What was done since the start."""
        return self._counts

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="mail")

    def wake(self) -> None:
        """There is something to do now."""
        self._wakeup.set()

    async def stop(self) -> None:
        """Cut off what is under way: what was not sent is still in the outbox, for whoever starts next."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        self._health.probed(await self._delivery.probe())
        while not self._closing:
            self._wakeup.clear()
            if not self.state.healthy:
                await self._pause(self._every_s)
                self._health.probed(await self._delivery.probe())
            else:
                await self._pause(POLL_S)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), seconds)

    def _report(self, why: Delivered) -> None:
        _log.warning("mail (%s) %s", self.state.mode, "leaves again" if self.state.healthy else f"does not leave: {why.code}")
        self._changed()
