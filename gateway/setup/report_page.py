"""The report of a setup as one HTML file without scripts or network: what was set up, each step, and what took the time."""

from collections.abc import Sequence
from functools import cache

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gateway.setup.drawing import step_bar, wait_bars, words
from gateway.setup.lines import WAITS, Line
from gateway.setup.report import Failure, SetupReport
from gateway.setup.report_text import cause, counted, receipt_facts


class StepRow(msgspec.Struct, frozen=True):
    """A row of the table of steps."""

    name: str
    drawn: Markup
    status: str
    tries: int
    duration: str
    waiting: str


class Wait(msgspec.Struct, frozen=True):
    """A row of the table of waits."""

    whom: str
    duration: str
    drawn: Markup


class Fact(msgspec.Struct, frozen=True):
    """A row of what was set up."""

    name: str
    value: str


class Page(msgspec.Struct, frozen=True):
    """What the template places."""

    outcome: str
    run: str
    summary: str
    failure: Failure | None
    cause: str
    kinds: tuple[str, ...]
    steps: tuple[StepRow, ...]
    waits: tuple[Wait, ...]
    facts: tuple[Fact, ...]


def as_page(report: SetupReport, lines: Sequence[Line]) -> str:
    """The page."""
    return _template().render(page=page_of(report, lines))


def page_of(report: SetupReport, lines: Sequence[Line]) -> Page:
    """What stands on the page, in words and drawn."""
    longest = max((step.duration_ms for step in report.steps), default=0)
    rows = (
        StepRow(
            step.id,
            step_bar(step, lines, longest),
            f"{step.status} ({step.code})" if step.code and step.status != "done" else step.status,
            step.attempts,
            words(step.duration_ms),
            words(step.waiting_ms),
        )
        for step in report.steps
    )
    return Page(
        outcome=report.outcome.replace("_", " "),
        run=report.run,
        summary=f"{report.mode} mode, {counted(report.decisions, 'decision')}, cohort {report.cohort}",
        failure=report.failure,
        cause="" if report.failure is None else cause(report.failure),
        kinds=WAITS,
        steps=tuple(rows),
        waits=tuple(Wait(*row) for row in wait_bars(lines)),
        facts=tuple(Fact(name, value or "none") for name, value in _facts(report)),
    )


def _facts(report: SetupReport) -> tuple[tuple[str, str | None], ...]:
    hosts = (f"{host.host} ({host.tier}, {host.version or 'version not known'})" for host in report.hosts)
    return (
        ("tenant", report.tenant_id),
        ("wallet", report.wallet),
        ("hosts", ", ".join(hosts)),
        *receipt_facts(report),
        ("levels", ", ".join(f"{level.level} {level.mark}" for level in report.levels)),
        ("to the first verified receipt", None if report.ttfvr_ms is None else words(report.ttfvr_ms)),
        ("gateway build", report.build),
        ("journal", f"{report.journal.lines} lines, sha256 {report.journal.sha256}"),
    )


@cache
def _template() -> Template:
    loader = PackageLoader("gateway.setup")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.j2")
