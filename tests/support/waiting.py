"""Waiting for what another process does, with a deadline, leaving the core to the process that is waited for."""

from collections.abc import Callable
from threading import Event

from gates.schema.time import monotonic_s

LOOK_EVERY_S = 0.02


def eventually(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether it holds, looking again and again until it does or the time is over."""
    deadline, never = monotonic_s() + within_s, Event()
    while not condition() and monotonic_s() < deadline:
        never.wait(LOOK_EVERY_S)
    return condition()
