"""An event loop whose clock moves only when there is nothing left to do: no deadline in it depends on the machine's speed.

For work that stays in one process and one thread. Where an ordinary loop would wait for its next timer, this clock jumps to it:
waiting takes no time. Computing moves the clock not at all: whoever answers without waiting answers in time.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


class _Jumps(selectors.DefaultSelector):
    """Where the loop would wait, its clock moves on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready. A loop without a timer would wait for ever, for nothing outside it can wake it."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "every task waits for another one"
            self.now_s += max(0.0, timeout)
        return ready


class IdleClockLoop(asyncio.SelectorEventLoop):
    """The loop; give the class to `asyncio.Runner` as its `loop_factory`."""

    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        """Seconds since the loop began, as far as it has waited."""
        return self._jumps.now_s


def run(work: Coroutine[object, object, Result]) -> Result:
    """The result of a coroutine in a loop of its own, as `asyncio.run` gives it."""
    with asyncio.Runner(loop_factory=IdleClockLoop) as runner:
        return runner.run(work)
