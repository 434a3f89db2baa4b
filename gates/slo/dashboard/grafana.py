"""A dashboard as Grafana reads it: the same bytes from the same panels, no id, and the data source as a variable. Pure."""

from typing import Literal

import msgspec

from gates.slo.dashboard.board import Board, Panel, Row, Unit

SCHEMA_VERSION = 38
_WIDTH, _HEIGHT, _ACROSS = 8, 8, 3
_UNITS: dict[Unit, str] = {"ratio": "percentunit", "seconds": "s", "per_second": "ops", "count": "short", "factor": "none"}


class _Camel(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Datasource(_Camel, frozen=True):
    """The Prometheus that the reader chooses."""

    type: str = "prometheus"
    uid: str = "${datasource}"


class Position(_Camel, frozen=True):
    """Where a panel is, on a grid of 24 columns."""

    x: int
    y: int
    w: int
    h: int


class Target(_Camel, frozen=True):
    """One query of a panel."""

    ref_id: str
    expr: str
    legend_format: str
    datasource: Datasource = Datasource()


class Threshold(_Camel, frozen=True):
    """A limit; None is where the scale begins."""

    color: str
    value: float | None


class Thresholds(_Camel, frozen=True):
    """The limits of a panel."""

    steps: tuple[Threshold, ...]
    mode: str = "absolute"


class ThresholdStyle(_Camel, frozen=True):
    """How limits are drawn."""

    mode: str


class Custom(_Camel, frozen=True):
    """How lines are drawn."""

    thresholds_style: ThresholdStyle


class Defaults(_Camel, frozen=True):
    """Unit and limits of every line."""

    unit: str
    thresholds: Thresholds
    custom: Custom


class FieldConfig(_Camel, frozen=True):
    """The same for all lines of a panel."""

    defaults: Defaults
    overrides: tuple[()] = ()


class Chart(_Camel, frozen=True):
    """One panel."""

    title: str
    grid_pos: Position
    targets: tuple[Target, ...]
    field_config: FieldConfig
    datasource: Datasource = Datasource()
    type: Literal["timeseries"] = "timeseries"


class Heading(_Camel, frozen=True):
    """The title above the panels of a row."""

    title: str
    grid_pos: Position
    collapsed: bool = False
    panels: tuple[()] = ()
    type: Literal["row"] = "row"


class Variable(_Camel, frozen=True):
    """What the reader chooses: the Prometheus to read."""

    name: str = "datasource"
    type: str = "datasource"
    query: str = "prometheus"
    label: str = "Prometheus"


class Templating(_Camel, frozen=True):
    """The variables."""

    list: tuple[Variable, ...] = (Variable(),)


class Range(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What is shown at first."""

    from_: str = "now-6h"
    to: str = "now"


class Grafana(_Camel, frozen=True):
    """The whole document."""

    uid: str
    title: str
    panels: tuple[Heading | Chart, ...]
    tags: tuple[str, ...] = ("gonogo", "slo")
    schema_version: int = SCHEMA_VERSION
    templating: Templating = Templating()
    time: Range = Range()
    timezone: str = "utc"
    refresh: str = "1m"
    editable: bool = False


def grafana_bytes(board: Board) -> bytes:
    """The document: sorted keys, two spaces, a line feed at the end."""
    panels: list[Heading | Chart] = []
    y = 0
    for row in board.rows:
        panels += _row(row, y)
        y += 1 + _HEIGHT * -(-len(row.panels) // _ACROSS)
    document = Grafana(board.uid, board.title, tuple(panels))
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"


def _row(row: Row, y: int) -> list[Heading | Chart]:
    charts = [
        _chart(panel, Position(_WIDTH * (number % _ACROSS), y + 1 + _HEIGHT * (number // _ACROSS), _WIDTH, _HEIGHT))
        for number, panel in enumerate(row.panels)
    ]
    return [Heading(row.title, Position(0, y, 24, 1)), *charts]


def _chart(panel: Panel, at: Position) -> Chart:
    targets = tuple(Target(chr(65 + number), query.expr, query.legend) for number, query in enumerate(panel.queries))
    steps = (Threshold("green", None), *(Threshold("red", float(limit)) for limit in sorted(panel.limits, key=float)))
    style = ThresholdStyle("line" if panel.limits else "off")
    return Chart(panel.title, at, targets, FieldConfig(Defaults(_UNITS[panel.unit], Thresholds(steps), Custom(style))))
