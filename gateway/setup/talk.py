"""What a setup says while it works, on standard error; a terminal that is gone does not stop it."""

import contextlib
import sys
import threading
from collections.abc import Generator
from typing import TextIO

import click

PATIENCE_S = 2.0


class Talk:
    """Lines for people. Where somebody waits for more than two seconds, one line says for what; `patience_s` None: never."""

    def __init__(self, stream: TextIO | None = None, patience_s: float | None = PATIENCE_S) -> None:
        self._stream, self._patience_s = stream, patience_s

    def say(self, text: str = "") -> None:
        """One line, or several."""
        with contextlib.suppress(OSError, ValueError):  # the terminal was closed
            click.echo("\n".join(_printable(line) for line in text.split("\n")), file=self._out())

    @contextlib.contextmanager
    def waiting(self, what: str) -> Generator[None, None, None]:
        """Show what is waited for, once it takes longer than two seconds."""
        if self._patience_s is None:
            yield
            return
        over = threading.Event()
        shower = threading.Thread(target=self._show_later, args=(what, over), daemon=True)
        shower.start()
        try:
            yield
        finally:
            over.set()
            shower.join()

    def _show_later(self, what: str, over: threading.Event) -> None:
        if over.wait(self._patience_s):
            return
        out = self._out()
        if not _is_lively(out):
            self.say(f"waiting: {what}")
            return
        from rich.console import Console

        with contextlib.suppress(OSError, ValueError), Console(file=out).status(f"waiting: {what}", spinner="line"):
            over.wait()

    def _out(self) -> TextIO:
        return self._stream or sys.stderr


def _is_lively(out: TextIO) -> bool:
    """Whether a line can be drawn again in place: on a terminal that is not a dumb one, with colours allowed or not."""
    import os

    return out.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _printable(text: str) -> str:
    """Control characters as escapes: a name from the gateway does not act on the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\t" else repr(letter)[1:-1] for letter in text)
