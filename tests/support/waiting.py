"""Waiting for what another process does, with a deadline, leaving the core to the process that is waited for."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

from gates.schema.time import monotonic_s

LOOK_EVERY_S = 0.02


def eventually(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether it holds, looking again and again until it does or the time is over."""
    deadline, never = monotonic_s() + within_s, Event()
    while not condition() and monotonic_s() < deadline:
        never.wait(LOOK_EVERY_S)
    return condition()


def asleep(pid: int) -> None:
    """Wait until a process sleeps: a signal just before it reads would be seen only after what it reads, which never comes."""
    before = ""

    def sleeps() -> bool:
        nonlocal before
        last, before = before, _status(pid)
        return before == last and (not before or "State:\tS" in before or "State:\tZ" in before)

    eventually(sleeps)


def _status(pid: int) -> str:
    """The kernel's words about a process, with its counts of context switches; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return ""
