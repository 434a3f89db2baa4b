"""What a review says on stderr while it runs: one bar above the running step's line on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import msgspec

from gates.schema.output import show
from gates.schema.progress import PatientStream
from gates.schema.time import monotonic_s

if TYPE_CHECKING:
    from typing import TextIO

    from rich.live import Live
    from rich.table import Table

_QUIET_S = 10.0  # without a terminal: a step that says nothing for so long is said to be still running
_LATEST = 5  # how many earlier reviews the expected time is learned from
_BAR = 30


class _Ended(msgspec.Struct, frozen=True):
    """What an earlier review wrote about a step in steps.json."""

    name: str
    exit_code: int | None
    elapsed_ms: int


def learned_s(files: Iterable[Path]) -> dict[str, float]:
    """Seconds that each step took, the median of the newest reviews; `files` are their steps.json, a broken one is left out."""
    taken: dict[str, list[int]] = {}
    for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path))[-_LATEST:]:
        try:
            ended = msgspec.json.decode(path.read_bytes(), type=tuple[_Ended, ...])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            continue
        for step in ended:
            if step.exit_code is not None:
                taken.setdefault(step.name, []).append(step.elapsed_ms)
    return {name: median(values) / 1000 for name, values in taken.items()}


class Voice:
    """Progress on stderr: on a terminal two lines that are rewritten, elsewhere one line for each news.

    `expected_s` are the steps' expected seconds by their title, learned from earlier reviews; without any the bar counts steps.
    """

    def __init__(self, total: int, expected_s: Mapping[str, float] | None = None) -> None:
        self._total, self._expected = total, dict(expected_s or {})
        self._begun_s, self._written_at, self._done = monotonic_s(), 0.0, 0
        self._left = dict(self._expected)
        self._terminal = _Terminal() if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        """The voice itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the bar away."""
        if self._terminal is not None:
            self._terminal.close()

    def say(self, text: str) -> None:
        """One whole line."""
        if self._terminal is None or not self._terminal.say(text):
            show(text, err=True)

    def step(self, number: int, title: str, text: str) -> None:
        """One whole line about a step that has ended."""
        self._done += 1
        self._left.pop(title, None)
        self.say(f"[{number}/{self._total}] {title}: {text}")

    def progress(self, number: int, title: str, elapsed_s: float, latest: str, *, is_new: bool) -> None:
        """How far a step is; without a terminal only what is new, or that it still runs."""
        text = f"[{number}/{self._total}] {title}: {elapsed_s:.0f} s  {latest}".rstrip()
        now = monotonic_s()
        if self._terminal is not None:
            self._terminal.draw(self._share(title, elapsed_s), self._overall(now, title, elapsed_s), text)
        elif (is_new and latest) or now - self._written_at >= _QUIET_S:
            self._written_at = now
            show(text, err=True)

    def _share(self, title: str, elapsed_s: float) -> float:
        """How much of the review is done, from 0 to 1: by the expected seconds where all of them are known."""
        whole = sum(self._expected.values())
        if not whole:
            return self._done / self._total
        return 1 - self._left_s(title, elapsed_s) / whole

    def _left_s(self, title: str, elapsed_s: float) -> float:
        spent = min(elapsed_s, self._left.get(title, 0.0))
        return max(sum(self._left.values()) - spent, 0.0)

    def _overall(self, now: float, title: str, elapsed_s: float) -> str:
        passed = now - self._begun_s
        done = f"{self._done} of {self._total} steps, {_clock(passed)}"
        return f"{done} of about {_clock(passed + self._left_s(title, elapsed_s))}" if self._expected else done


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class _Terminal:
    """The two lines, drawn by rich; begun with the first drawing, for importing it takes time."""

    def __init__(self) -> None:
        self._live: Live | None = None

    def say(self, text: str) -> bool:
        """Print a line above the two; False where nothing is drawn yet."""
        if self._live is None:
            return False
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
        return True

    def draw(self, share: float, overall: str, text: str) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=cast("TextIO", PatientStream(sys.stderr)), force_terminal=True)
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_two_lines(share, overall, text), refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _two_lines(share: float, overall: str, text: str) -> "Table":
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    first = Table.grid(padding=(0, 1))
    first.add_row(ProgressBar(total=1.0, completed=share, width=_BAR), Text(overall))
    lines = Table.grid()
    lines.add_row(first)
    lines.add_row(Text(text, no_wrap=True, overflow="ellipsis"))
    return lines
