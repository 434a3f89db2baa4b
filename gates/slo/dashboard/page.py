"""A dashboard as one HTML page: no script, no network, charts as inline SVG, and every chart's numbers as text below it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from markupsafe import Markup

from gates.page.lines import line_chart, scale
from gates.page.template import environment, style_sheet
from gates.page.words import short_day
from gates.schema.time import format_utc, span
from gates.slo.dashboard.board import Board, Unit
from gates.slo.dashboard.read import Line, Shown, Window

TEMPLATES = Path(__file__).with_name("templates")
_NONE = "-"
_SUFFIX: dict[Unit, str] = {"ratio": " %", "seconds": " s", "per_second": " /s", "count": "", "factor": ""}


class Entry(msgspec.Struct, frozen=True):
    """One line in the table below its chart."""

    style: str
    name: str
    last: str
    least: str
    most: str


class View(msgspec.Struct, frozen=True):
    """One panel as the page shows it."""

    title: str
    chart: Markup
    top: str
    bottom: str
    begin: str
    end: str
    entries: tuple[Entry, ...]
    limits: str
    note: str


class RowView(msgspec.Struct, frozen=True):
    """One row."""

    title: str
    panels: tuple[View, ...]


def page_bytes(board: Board, shown: Mapping[str, Sequence[Shown]], window: Window) -> bytes:
    """The page."""
    rows = [RowView(title, tuple(_view(one, window) for one in panels)) for title, panels in shown.items()]
    template = environment(TEMPLATES).get_template("dashboard.html.j2")
    lasting = span(int((window.end - window.begin).total_seconds()))
    text = template.render(title=board.title, rows=rows, style=style_sheet(), until=format_utc(window.end), lasting=lasting)
    return text.encode()


def number_text(value: Decimal | None, unit: Unit) -> str:
    """A value as people read it: three digits that count, a share four, so that 99.95 % is not 100 %; with its unit."""
    if value is None:
        return _NONE
    scaled = value * 100 if unit == "ratio" else value
    digits = 4 if unit == "ratio" else 3
    places = max(digits - 1 - scaled.adjusted(), 0) if scaled else 0
    text = f"{round(scaled, places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text}{_SUFFIX[unit]}"


def _view(shown: Shown, window: Window) -> View:
    panel, unit = shown.panel, shown.panel.unit
    entries = tuple(_entry(number, line, unit) for number, line in enumerate(shown.lines))
    words = "; ".join(f"{one.name}: {one.last} last, {one.least} to {one.most}" for one in entries) or "no value"
    lines, limits = [line.values for line in shown.lines], [Decimal(limit) for limit in panel.limits]
    low, high = scale(lines)
    long = window.end - window.begin > dt.timedelta(hours=12)
    return View(
        title=panel.title,
        chart=line_chart(lines, limits, f"{panel.title}: {words}"),
        top=number_text(high, unit) if high > low else "",
        bottom=number_text(low, unit) if shown.lines else "",
        begin=_edge(window.begin, dated=long),
        end=_edge(window.end, dated=long),
        entries=entries,
        limits=_limits(limits, (low, high), unit),
        note=_note(shown),
    )


def _edge(at: dt.datetime, *, dated: bool) -> str:
    date = f"{short_day(at.date())}, " if dated else ""
    return f"{date}{at:%H:%M} UTC"


def _limits(limits: Sequence[Decimal], edges: tuple[Decimal, Decimal], unit: Unit) -> str:
    """Each limit, and which of them are lines of the chart: one that is far above the values is not."""
    drawn = [number_text(limit, unit) for limit in limits if edges[0] <= limit <= edges[1]]
    beyond = [number_text(limit, unit) for limit in limits if not edges[0] <= limit <= edges[1]]
    texts = [f"dashed: {', '.join(drawn)}"] if drawn else []
    texts += [f"outside of this chart: {', '.join(beyond)}"] if beyond else []
    return "; ".join(texts)


def _entry(number: int, line: Line, unit: Unit) -> Entry:
    least, most = min(line.there, default=None), max(line.there, default=None)
    return Entry(f"line-{number % 8}", line.name, *(number_text(value, unit) for value in (line.last, least, most)))


def _note(shown: Shown) -> str:
    if shown.hidden:
        return f"{shown.hidden} more lines are not shown"
    if shown.lines:
        return ""
    return "no value: nothing of this happened" if shown.panel.may_be_empty else "no value: the metric is absent, or not recorded"
