"""What does each panel show now? The values of its queries over a time, from a live Prometheus."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

import msgspec

from gates.slo.dashboard.board import Board, Panel, Query
from gates.slo.prometheus_api import Prometheus, SeriesData

POINTS = 120
"""Values of a line."""
MOST_LINES = 12
_LABEL = re.compile(r"\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")
Step = Callable[[int, str], None]


class Line(msgspec.Struct, frozen=True):
    """One line: its name, and its values, None where it has none."""

    name: str
    values: tuple[Decimal | None, ...]

    @property
    def last(self) -> Decimal | None:
        """The newest value; None where it has ended."""
        return self.values[-1]

    @property
    def there(self) -> tuple[Decimal, ...]:
        """The values that there are."""
        return tuple(value for value in self.values if value is not None)


class Shown(msgspec.Struct, frozen=True):
    """A panel with its lines; `hidden` is how many were left out."""

    panel: Panel
    lines: tuple[Line, ...]
    hidden: int


class Window(msgspec.Struct, frozen=True):
    """The time that is shown."""

    begin: dt.datetime
    end: dt.datetime

    @property
    def step_s(self) -> int:
        """The seconds between two values."""
        return max(int((self.end - self.begin).total_seconds()) // POINTS, 1)


def read_board(board: Board, server: Prometheus, window: Window, step: Step) -> dict[str, tuple[Shown, ...]]:
    """The panels of each row by its title; raises UnknownProblem where Prometheus does not answer."""
    number, found = 0, {}
    for row in board.rows:
        shown = []
        for panel in row.panels:
            shown.append(_read(panel, server, window))
            number += 1
            step(number, panel.title)
        found[row.title] = tuple(shown)
    return found


def _read(panel: Panel, server: Prometheus, window: Window) -> Shown:
    lines = []
    for query in panel.queries:
        series = server.over(query.expr, window.begin, window.end, window.step_s)
        lines += [_line(query, one, window) for one in series]
    ranked = sorted(lines, key=lambda line: (-max(line.there, default=Decimal(0)), line.name))
    kept = {id(line) for line in ranked[:MOST_LINES]}
    return Shown(panel, tuple(line for line in lines if id(line) in kept), max(len(lines) - MOST_LINES, 0))


def _line(query: Query, series: SeriesData, window: Window) -> Line:
    by_moment = {round(float(point.time)): Decimal(point.value) for point in series.values}
    begin, count = int(window.begin.timestamp()), int((window.end - window.begin).total_seconds()) // window.step_s + 1
    values = (by_moment.get(begin + number * window.step_s) for number in range(count))
    name = _LABEL.sub(lambda match: series.metric.get(match[1], ""), query.legend)
    return Line(name, tuple(value if value is not None and value.is_finite() else None for value in values))
