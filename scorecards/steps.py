"""Running one step of a review: a child process, its output in a log, its progress on stderr, and always ended."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from time import sleep

import click
import msgspec

from drills.child import Child, Pause, spawn
from gates.schema.outcome import EXIT_MEANING, ExitCode
from gates.schema.output import show
from gates.schema.time import monotonic_s

_POLL_S = 0.1
_QUIET_S = 10.0
GRACE_S = 30.0
_WORDS = {ExitCode.GREEN: "clean", ExitCode.RED: "findings", ExitCode.UNKNOWN: "not everything could be judged"}


class StepResult(msgspec.Struct, frozen=True):
    """How one step ended; `exit_code` is None if it was not run, and then `note` has the reason."""

    name: str
    command: tuple[str, ...]
    exit_code: int | None
    elapsed_ms: int
    note: str


class Voice:
    """Progress on stderr: on a terminal one line that is rewritten, elsewhere one line for each news."""

    def __init__(self, total: int) -> None:
        self._total, self._live = total, sys.stderr.isatty()
        self._written_at = 0.0

    def say(self, text: str) -> None:
        """One whole line."""
        self._clear()
        show(text, err=True)

    def step(self, number: int, title: str, text: str) -> None:
        """One whole line about a step."""
        self.say(f"[{number}/{self._total}] {title}: {text}")

    def progress(self, number: int, title: str, elapsed_s: float, latest: str, *, is_new: bool) -> None:
        """How far a step is; without a terminal only what is new, or that it still runs."""
        text = f"[{number}/{self._total}] {title}: {elapsed_s:.0f} s  {latest}".rstrip()
        now = monotonic_s()
        if self._live:
            self._clear()
            show(text[:120], err=True, nl=False)
        elif (is_new and latest) or now - self._written_at >= _QUIET_S:
            self._written_at = now
            show(text, err=True)

    def _clear(self) -> None:
        """Begin the terminal's line again."""
        if self._live:
            with suppress(OSError):
                click.echo("\r\x1b[K", err=True, nl=False)


def run_command(
    argv: Sequence[str], environ: Mapping[str, str], log: Path, voice: Voice, number: int, title: str, pause: Pause = sleep
) -> tuple[int, int]:
    """Run one command to its end; returns its exit code and the milliseconds that it took.

    However this ends, the child and all that it started are gone: it gets SIGTERM and the time that a drill needs to roll
    back, then its session is killed. If this process dies first, the kernel sends the SIGTERM.
    """
    begun = monotonic_s()
    child = spawn(argv, environ, log, on_parent_death=SIGTERM)
    try:
        tail = _Tail(child.stderr)
        while not child.wait(_POLL_S, pause):
            is_new = tail.read()
            voice.progress(number, title, monotonic_s() - begun, tail.latest, is_new=is_new)
        code = child.end()
    except BaseException:
        _end(child, voice, title)
        raise
    return code, round((monotonic_s() - begun) * 1000)


def outcome_in_words(exit_code: int) -> str:
    """What an exit code of a step means."""
    if exit_code < 0:
        return f"ended by signal {-exit_code}"
    try:
        code = ExitCode(exit_code)
    except ValueError:
        return f"exit {exit_code}"
    return _WORDS.get(code, EXIT_MEANING[code])


def last_words(log: Path, lines: int = 3) -> list[str]:
    """The last lines of a step's stderr: why it failed."""
    text = Path(f"{log}.err").read_text(errors="replace").strip()
    return text.splitlines()[-lines:]


def _end(child: Child, voice: Voice, title: str) -> None:
    if child.alive():
        voice.say(f"ending: {title}")
    try:
        child.end(GRACE_S)
    except BaseException:
        # A second signal: no more patience, but still nothing left behind.
        child.end()
        raise


class _Tail:
    """The last line of a child's stderr so far."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""
        self.latest = ""

    def read(self) -> bool:
        """Read on; True where a new line has come."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        news = [line for line in whole if line.strip()]
        if news:
            self.latest = news[-1].decode(errors="replace").strip()
        return bool(news)
