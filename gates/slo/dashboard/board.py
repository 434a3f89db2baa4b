"""What does a dashboard show? Rows of panels as data: budget and burn of each SLO, its job, a service's own metrics. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import promql_parser

from gates.schema.errors import UsageProblem
from gates.slo import queries
from gates.slo.document import Slo
from gates.slo.rules import dashboard_uid
from gates.slo.windows import burns, decimal_text

GATEWAY = Path(__file__).with_name("gateway.yaml")
"""The panels of the reference gateway's own metrics."""
OURS = "gateway"
"""The job of the reference gateway, as its own documents name it."""
_JOB = "JOB"  # in a panel's query: the label of the job

Unit = Literal["ratio", "seconds", "per_second", "count", "factor"]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a panel, or one for each series; `legend` may hold `{{label}}`."""

    expr: str
    legend: str


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One chart. `limits` are drawn as lines; one that `may_be_empty` shows what did not have to happen yet."""

    title: str
    queries: tuple[Query, ...]
    unit: Unit = "count"
    limits: tuple[str, ...] = ()
    may_be_empty: bool = False


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


class Board(msgspec.Struct, frozen=True):
    """The dashboard of one service."""

    uid: str
    title: str
    rows: tuple[Row, ...]


def boards(slos: Sequence[Slo], more: Sequence[Path] = ()) -> tuple[Board, ...]:
    """One dashboard for each service, in the order of their names; the rows of `more` files stand at the end of each."""
    return tuple(_board(service, [slo for slo in slos if slo.service == service], more) for service in _services(slos))


def load_rows(path: Path, job: str) -> tuple[Row, ...]:
    """The rows in a YAML file, in whose queries JOB is the label of this job.

    Raises UsageProblem naming the file, and the panel whose query is not PromQL.
    """
    try:
        rows = msgspec.yaml.decode(path.read_bytes(), type=tuple[Row, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageProblem(f"{path}: cannot be read: {error}", next_step="runbooks/slo.md shows a file of panels") from None
    label = f'job="{job}"'
    found = tuple(
        Row(row.title, tuple(msgspec.structs.replace(one, queries=_of_job(one, label)) for one in row.panels)) for row in rows
    )
    for panel in (panel for row in found for panel in row.panels):
        for query in panel.queries:
            try:
                promql_parser.parse(query.expr)
            except ValueError as error:
                raise UsageProblem(f"{path}: {panel.title}: {query.expr!r} is not PromQL: {error}") from None
    return found


def _of_job(panel: Panel, label: str) -> tuple[Query, ...]:
    return tuple(Query(query.expr.replace(_JOB, label), query.legend) for query in panel.queries)


def _services(slos: Sequence[Slo]) -> list[str]:
    return sorted({slo.service for slo in slos})


def _board(service: str, slos: Sequence[Slo], more: Sequence[Path]) -> Board:
    jobs = sorted({slo.job for slo in slos})
    files = ([(GATEWAY, OURS)] if OURS in jobs else []) + [(path, slos[0].job) for path in more]
    added = (row for path, job in files for row in load_rows(path, job))
    rows = (*(_slo_row(slo) for slo in slos), Row("Scrapes", tuple(_scrapes(jobs))), *added)
    return Board(dashboard_uid(service), f"{service}: service levels", rows)


def _slo_row(slo: Slo) -> Row:
    target = decimal_text(slo.objective * 100)
    return Row(f"{slo.title}: {target} % over {slo.period}", (_budget(slo), _burn(slo), _events(slo)))


def _budget(slo: Slo) -> Panel:
    query = Query(queries.recorded(slo, "slo:period_error_budget_remaining:ratio"), "left")
    return Panel("Error budget left (below 0: overspent)", (query,), "ratio", ("0",), may_be_empty=True)


def _burn(slo: Slo) -> Panel:
    """The burn rate over each long window, with the factors at which alerts fire; without a budget, the share of bad events."""
    windows = [burn.pair.long for burn in burns(slo)]
    if not slo.budget:
        shares = tuple(Query(queries.ratio(slo, window), window) for window in windows)
        return Panel("Bad events (none are allowed)", shares, "ratio", ("0",), may_be_empty=True)
    lines = tuple(Query(f"{queries.ratio(slo, window)} / {decimal_text(slo.budget)}", window) for window in windows)
    limits = tuple(dict.fromkeys(burn.label for burn in burns(slo) if burn.can_fire))
    return Panel("Burn rate, and the factors at which alerts fire", lines, "factor", limits, may_be_empty=True)


def _events(slo: Slo) -> Panel:
    names = (("slo:events_total:rate5m", "all"), ("slo:events_bad:rate5m", "bad"))
    return Panel("Events", tuple(Query(queries.recorded(slo, name), legend) for name, legend in names), "per_second")


def _scrapes(jobs: Sequence[str]) -> Iterator[Panel]:
    for job in jobs:
        yield Panel(
            f"{job}: things that are up", (Query(f'sum(up{{job="{job}"}})', "up"), Query(f'count(up{{job="{job}"}})', "all"))
        )
        yield Panel(f"{job}: time of a scrape", (Query(f'max(scrape_duration_seconds{{job="{job}"}})', "longest"),), "seconds")
