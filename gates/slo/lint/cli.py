"""`gonogo slo lint`: what is wrong with documents and rules although Prometheus loads them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from gates.schema.options import clock_at, format_option, now_option
from gates.schema.output import show_product
from gates.slo.cli import FOLDER, PATH, documents, links, loaded


@click.command()
@documents
@click.option(
    "--rules",
    type=FOLDER,
    help="Judge the rule files in this folder, your own as well.  [default: those that generate would write]",
)
@click.option(
    "--metrics", multiple=True, metavar="URL", help="What a service exposes: its /metrics, or a file with them. Repeatable."
)
@click.option("--prometheus", metavar="URL", help="A Prometheus server, which knows how much traffic there is.")
@click.option("--alertmanager", type=PATH, metavar="FILE", help="Alertmanager's configuration: does each alert reach somebody?")
@click.option("--scrape-interval", default="15s", show_default=True, help="The time between two scrapes.")
@links
@now_option
@format_option("text", "json")
def lint(
    documents: tuple[Path, ...],
    rules: Path | None,
    metrics: tuple[str, ...],
    prometheus: str | None,
    alertmanager: Path | None,
    scrape_interval: str,
    runbooks: str,
    dashboards: str,
    now: dt.datetime | None,
    output_format: str,
) -> int:
    """Find what is wrong with documents and rules although Prometheus loads them.

    Alerts that cannot fire or fire for nothing, metrics that the service does not have, rates that lie, edits by hand, pages that
    reach nobody. Each finding says why. Exit 0 without findings, 1 with any, 3 where a service does not answer.
    """
    from gates.schema.canonical import canonical_json
    from gates.schema.outcome import ExitCode
    from gates.slo.lint.exposition import joined, read_exposed
    from gates.slo.lint.finding import report_text
    from gates.slo.lint.linter import Given
    from gates.slo.lint.linter import lint as judge
    from gates.slo.lint.rule_checks import scrape_seconds
    from gates.slo.prometheus_api import Prometheus
    from gates.slo.rules import Links

    exposed = joined([read_exposed(place) for place in metrics]) if metrics else None
    at, server = clock_at(now)(), Prometheus(prometheus) if prometheus else None
    ask = None if server is None else lambda query: server.number(query, at)
    given = Given(rules, exposed, ask, alertmanager, scrape_seconds(scrape_interval), Links(runbooks, dashboards))
    report = judge(loaded(documents), given)
    show_product(report_text(report) if output_format == "text" else canonical_json(report) + b"\n", output_format)
    return int(ExitCode.RED if report.findings else ExitCode.GREEN)
