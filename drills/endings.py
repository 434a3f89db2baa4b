"""How a drill ends: signals become wishes that are granted between effects, and every ending has its exit code."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from drills.journal import End, Ending, RolledBack
from drills.rehearsal import Rehearsal
from gates.schema.entry import take_signals
from gates.schema.outcome import ExitCode


def exit_code(ending: Ending, signal_number: int | None, anything_unknown: bool) -> ExitCode:
    """The documented exit code of a drill that ended so."""
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
def deferred_signals(run: Rehearsal) -> Iterator[None]:
    """Turn every signal that asks to end into a wish that `run.pause` grants, so that no effect is torn in the middle."""

    def wish(number: int, _frame: FrameType | None) -> None:
        run.signal = number
        run.voice.say(f"{signal.Signals(number).name}: rolling back, then ending")

    before = {signal.SIGINT: signal.signal(signal.SIGINT, wish), **take_signals(wish)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
