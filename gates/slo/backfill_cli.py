"""`gonogo slo backfill`: a past for recording rules that are new, or for a Prometheus that is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from gates.schema.errors import UsageProblem
from gates.schema.options import clock_at, now_option
from gates.schema.output import show_product
from gates.slo.cli import FOLDER, PATH, documents, loaded

_HEAD = dt.timedelta(hours=3)


@click.command()
@documents
@click.option("--prometheus", metavar="URL", help="The server whose past is evaluated.")
@click.option(
    "--out", required=True, type=FOLDER, help="The folder for the blocks: the server's data folder, or one to move into it."
)
@click.option("--last", default="30d", show_default=True, metavar="DURATION", help="How far back.")
@click.option("--every", default="1m", show_default=True, metavar="DURATION", help="The time between two values.")
@click.option("--openmetrics", type=PATH, metavar="FILE", help="Write these samples instead: OpenMetrics, each with its time.")
@now_option
def backfill(
    documents: tuple[Path, ...],
    prometheus: str | None,
    out: Path,
    last: str,
    every: str,
    openmetrics: Path | None,
    now: dt.datetime | None,
) -> None:
    """Write what rules would have recorded as blocks of Prometheus' database, so that a new rule has its windows.

    Prometheus evaluates the SLOs of DOCS over the counters that it has, until three hours ago: the hours since then are in
    memory. It reads new blocks in its data folder within a minute. With --openmetrics FILE the samples of that file become
    blocks, for a server that is new. Prints the blocks' folders, one a line. Exit 3 without promtool, and where
    Prometheus does not answer.
    """
    from gates.slo.backfill import Past, backfill_metrics, backfill_rules
    from gates.slo.lint.rule_checks import scrape_seconds
    from gates.slo.prometheus_api import lasting

    if (prometheus is None) == (openmetrics is None):
        raise UsageProblem(
            "exactly one of --prometheus URL and --openmetrics FILE", next_step="runbooks/slo.md has an example of each"
        )
    if openmetrics is not None:
        found = backfill_metrics(openmetrics, out)
    else:
        end = clock_at(now)() - _HEAD
        span, step = lasting(last), int(scrape_seconds(every))
        if span <= _HEAD or step < 1:
            raise UsageProblem("--last has to be longer than 3h, and --every at least 1s")
        found = backfill_rules(loaded(documents), str(prometheus), Past(end + _HEAD - span, end, step), out)
    show_product("".join(f"{path}\n" for path in found), "text")
