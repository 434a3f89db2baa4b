"""How a drill ends: signals take effect between two effects of the drill, and every ending has its exit code."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from drills.journal import End, Ending, RolledBack
from gates.schema.entry import take_signals
from gates.schema.outcome import ExitCode


class Console(Protocol):
    """Where the arrival of a signal is shown."""

    def note(self, message: str) -> None:
        """A message that must not be missed."""


class Interruptible(Protocol):
    """Something that looks at `signal` wherever it waits, and ends by itself."""

    signal: int | None

    @property
    def console(self) -> Console:
        """Where the arrival of a signal is shown."""


def exit_code(ending: Ending, signal_number: int | None, anything_unknown: bool) -> ExitCode:
    """The documented exit code of a drill with this ending."""
    if ending.rolled_back is RolledBack.FAILED:
        return ExitCode.ROLLBACK_FAILED
    if ending.end is End.INTERRUPTED:
        return ExitCode.INTERRUPTED if signal_number == signal.SIGINT else ExitCode.TERMINATED
    if ending.end is End.ABORTED:
        return ExitCode.ABORTED
    if ending.deviated:
        return ExitCode.RED
    return ExitCode.UNKNOWN if ending.end is End.FAILED or anything_unknown else ExitCode.GREEN


@contextmanager
def deferred_signals(run: Interruptible, then: str = "rolling back, then ending") -> Iterator[None]:
    """Turn every signal to end into a request that `run` grants where it waits, so that no effect is torn in the middle."""

    def remember(number: int, _frame: FrameType | None) -> None:
        run.signal = number
        run.console.note(f"{signal.Signals(number).name}: {then}")

    before = {signal.SIGINT: signal.signal(signal.SIGINT, remember), **take_signals(remember)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
