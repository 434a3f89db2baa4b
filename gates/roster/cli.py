"""`gonogo roster`: check who is called, and when; print the routes of an Alertmanager."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from gates.schema.errors import UsageProblem
from gates.schema.options import Moment, clock_at, format_option, preset
from gates.schema.output import show, show_product, write_document


def _only(_context: click.Context, _option: click.Parameter, given: tuple[Path, ...]) -> Path | None:
    """The one that is given, or that gonogo.yaml names; raises UsageProblem for two: nobody would know who is called."""
    if len(given) > 1:
        names = " and ".join(map(str, given))
        raise UsageProblem(f"--roster is given {len(given)} times: {names}", next_step="give the one that says who is called")
    usual = None if given else preset("roster")()
    return given[0] if given else None if usual is None else Path(usual)


_roster = click.option(
    "--roster",
    "path",
    type=click.Path(path_type=Path),
    multiple=True,
    callback=_only,
    help="The roster: a file, or a folder with one.  [default: that of gonogo.yaml, or roster.yaml]",
)


@click.group()
def roster() -> None:
    """Who is called: people, their duties and hours; the routes of alerts to them."""


@roster.command()
@_roster
@click.option("--at", type=Moment(), help="Show who is on duty at this moment (RFC 3339) instead of now.")
def check(path: Path | None, at: dt.datetime | None) -> None:
    """Check the roster, name every fault, and show who is on duty now."""
    from gates.roster.reading import given_roster
    from gates.schema.roster import on_duty
    from gates.schema.severity import Duty

    found, moment = given_roster(path), clock_at(at)()
    for duty in Duty:
        chain = on_duty(found, duty, moment)
        show(f"{duty:10}{', then '.join(found.people[person].name for person in chain) or 'nobody at this hour'}")
    show(f"ok: {len(found.people)} people, every duty but support has somebody at every hour of the week ({found.zone})")


@roster.command()
@click.argument("severity", type=click.Choice(["S1", "S2", "S3", "S4"], case_sensitive=False))
@_roster
@click.option("--at", type=Moment(), help="The moment of the page (RFC 3339).  [default: now]")
@click.option("--waited", default="0s", show_default=True, help="How long nobody has acknowledged it, such as 20m.")
@format_option("text", "json", "yaml")
def who(severity: str, path: Path | None, at: dt.datetime | None, waited: str, output_format: str) -> None:
    """Show who has to be called by now for an incident of this severity, in this order."""
    from gates.render import render_value
    from gates.roster.reading import given_roster
    from gates.schema.roster import to_call
    from gates.schema.severity import Severity, calling
    from gates.schema.time import parse_duration_s

    found, row = given_roster(path), calling(Severity(severity.upper()))
    calls = to_call(found, row.severity, clock_at(at)(), parse_duration_s(waited))
    if output_format != "text":
        show_product(render_value(list(calls), output_format), output_format)
        return
    show(f"{row.severity}: {row.means}")
    show(f"acknowledge within {row.acknowledge_s // 60} minutes; inform others {row.update}")
    for call in calls:
        show(f"  {call.duty:10}{call.person:20}{found.people[call.person].name}")
    if not calls:
        show("  nobody is on duty at this hour: it waits for the next working day")


@roster.command()
@_roster
@click.option(
    "--rehearse",
    metavar="URL",
    help="Send everything to this address, below /page/PERSON and /watchdog, at a rehearsal's pace; calls nobody.",
)
def routes(path: Path | None, rehearse: str | None) -> None:
    """Print the configuration of an Alertmanager that sends each alert to the people on duty.

    It holds the addresses of people, which often are secrets: write it to a file that only the Alertmanager reads.
    """
    from gates.roster.reading import called_addresses, given_roster, rehearsed_addresses
    from gates.roster.routes import REHEARSED, Pace, alertmanager_bytes

    found = given_roster(path)
    addresses, watchdog = called_addresses(found) if rehearse is None else rehearsed_addresses(found, rehearse)
    write_document(alertmanager_bytes(found, addresses, watchdog, Pace() if rehearse is None else REHEARSED))
