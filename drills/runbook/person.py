"""A person at the terminal: what has to be approved or done by hand, and how long that took."""

import os
import select
import sys
import termios
from collections.abc import Callable
from typing import Protocol

import msgspec

from gates.schema.time import monotonic_s

_POLL_S = 0.05
_MOST_BYTES = 1024


class Reply(msgspec.Struct, frozen=True):
    """Whether the person said yes, and the seconds from the question to the answer."""

    yes: bool
    took_s: float


class TerminalClosed(Exception):
    """Nobody can answer any more."""


class Person(Protocol):
    """Somebody who can answer; a program never counts as one."""

    def confirm(self, question: str, limit_s: float | None, meanwhile: Callable[[], None]) -> Reply:
        """The answer; a late one counts, too. Raises TerminalClosed, and whatever `meanwhile` raises."""


class Terminal:
    """The terminal of this process: standard input and standard error are both connected to it."""

    def __init__(self, show: Callable[[str], None], handle: int = 0) -> None:
        self._show, self._handle = show, handle
        self._rest = b""

    def confirm(self, question: str, limit_s: float | None, meanwhile: Callable[[], None]) -> Reply:
        """Show the question until the answer is yes or no; say once when the limit has passed."""
        self._forget_what_was_typed()
        begun, late = monotonic_s(), limit_s is None
        self._show(f"{question} Type yes or no, then Enter:")
        while True:
            line = self._line()
            if line in ("yes", "no"):
                return Reply(line == "yes", monotonic_s() - begun)
            if line is not None:
                self._show("Type yes or no, then Enter:")
            if not late and limit_s is not None and monotonic_s() - begun > limit_s:
                late = True
                self._show(f"This step was to take {limit_s:g} s, which have passed; the answer still counts, as late.")
            meanwhile()

    def _line(self) -> str | None:
        """The next whole line in lower case, if there is one soon."""
        if b"\n" not in self._rest:
            ready, _, _ = select.select([self._handle], [], [], _POLL_S)
            if not ready:
                return None
            try:
                data = os.read(self._handle, _MOST_BYTES)
            except OSError as error:
                raise TerminalClosed("the terminal was closed") from error
            if not data:
                raise TerminalClosed("the terminal was closed, or its input ended")
            self._rest += data
        line, mark, rest = self._rest.partition(b"\n")
        if not mark:
            return None
        self._rest = rest
        return line.decode(errors="replace").strip().lower()

    def _forget_what_was_typed(self) -> None:
        """An answer that was typed before the question is none."""
        self._rest = b""
        try:
            termios.tcflush(self._handle, termios.TCIFLUSH)
        except termios.error as error:
            raise TerminalClosed("the terminal was closed") from error


def has_terminal() -> bool:
    """Whether a person can answer here."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in (sys.stdin, sys.stderr))
