"""`gonogo finding` and `gonogo incident`: open, acknowledge, close, review and list."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.options import format_option, now_option
from gates.schema.output import show, write_document
from gates.schema.register import WORDS, Register
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    from gates.registers.book import Standing
    from gates.registers.writing import Make, Written

Command = TypeVar("Command", bound=Callable[..., object])
FINDINGS = (Register.SECURITY.value, Register.ONBOARDING.value)

as_option = click.option("--as", "person", required=True, metavar="PERSON", help="Who signs; a person with the role `finding`.")
register_option = click.option(
    "--register",
    type=click.Choice(FINDINGS),
    default=Register.SECURITY.value,
    show_default=True,
    help="Security findings, or defects of the onboarding.",
)
severity_option = click.option(
    "--severity", type=click.Choice(["P0", "P1", "P2", "P3"]), required=True, help="P0 stops a launch while it is open."
)
owner_option = click.option("--owner", required=True, help="The person or team who has to resolve it.")
detail_option = click.option("--detail", default="", help="More than fits into the title.")
ticket_option = click.option("--ticket", default="", help="The ticket in which it is followed.")
note_option = click.option("--note", default="", help="What is being done.")
looked_at_option = click.option(
    "--looked-at",
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="What was reviewed in addition to the register, such as a report with its date; repeat it for several.",
)
all_option = click.option("--all", "is_all", is_flag=True, help="Those that are closed, too.")


class _Finding(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "close": Later("gates.registers.close_cli:close_finding", "Close findings by the statement that shows it."),
        "raise": Later("gates.registers.raise_cli:raise_finding", "Make open findings more severe."),
        "import": Later("gates.registers.import_cli:import_", "Take the results of a SARIF file over as findings, each once."),
    }


class _Incident(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "close": Later("gates.registers.close_cli:close_incident", "Close incidents by the statement that shows it."),
        "raise": Later("gates.registers.raise_cli:raise_incident", "Make open incidents more severe."),
    }


@click.group(cls=_Finding)
def finding() -> None:
    """The registers of security findings and of onboarding defects."""


@click.group(cls=_Incident)
def incident() -> None:
    """The register of incidents."""


@finding.command("open")
@click.argument("title")
@severity_option
@owner_option
@register_option
@detail_option
@ticket_option
@as_option
def open_finding(title: str, severity: str, owner: str, register: str, detail: str, ticket: str, person: str) -> None:
    """Open a finding. TITLE says in one line what is wrong; another person has to close it."""
    _open(Register(register), (title, severity, owner, detail, ticket), person)


@incident.command("open")
@click.argument("title")
@severity_option
@owner_option
@detail_option
@ticket_option
@as_option
def open_incident(title: str, severity: str, owner: str, detail: str, ticket: str, person: str) -> None:
    """Open an incident. TITLE says in one line what happens; another person has to close it."""
    _open(Register.INCIDENTS, (title, severity, owner, detail, ticket), person)


@finding.command("ack")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@register_option
@note_option
@as_option
def ack_finding(ids: tuple[str, ...], register: str, note: str, person: str) -> None:
    """Acknowledge open findings: somebody works on them. They stay open."""
    _acknowledge(Register(register), ids, note, person)


@incident.command("ack")
@click.argument("names", metavar="ID|FOLDER...", nargs=-1, required=True)
@note_option
@click.option(
    "--as",
    "person",
    required=True,
    metavar="PERSON",
    help="A person with the role `finding`; for a page, an id of its roster.",
)
def ack_incident(names: tuple[str, ...], note: str, person: str) -> None:
    """Acknowledge open incidents, or the page in the FOLDER of a drill that waits with --people: somebody works on it.

    Incidents stay open. Of a page the first acknowledgement counts.
    """
    folders = [Path(name) for name in names if os.sep in name or Path(name).is_dir()]
    if not folders:
        _acknowledge(Register.INCIDENTS, names, note, person)
    elif len(names) > 1 or note:
        from gates.schema.errors import UsageProblem

        raise UsageProblem(
            f"{folders[0]}: a page is acknowledged alone and without --note",
            next_step=f"gonogo incident ack {folders[0]} --as {person}",
        )
    else:
        _acknowledge_page(folders[0], person)


@finding.command("review")
@looked_at_option
@register_option
@as_option
def review_findings(looked_at: tuple[str, ...], register: str, person: str) -> None:
    """Review a register: a signed statement that you went through it. Without one for 7 days the register is unknown."""
    _review(Register(register), looked_at, person)


@incident.command("review")
@looked_at_option
@as_option
def review_incidents(looked_at: tuple[str, ...], person: str) -> None:
    """Review the register: a signed statement that you went through it. Without one for 7 days the register is unknown."""
    _review(Register.INCIDENTS, looked_at, person)


@finding.command("list")
@register_option
@all_option
@now_option
@format_option("text", "json", "yaml")
def list_findings(register: str, is_all: bool, now: dt.datetime | None, output_format: str) -> None:
    """List the open findings, the worst first, with owner and age; each entry is verified as it is read."""
    _list(Register(register), now, output_format, is_all=is_all)


@incident.command("list")
@all_option
@now_option
@format_option("text", "json", "yaml")
def list_incidents(is_all: bool, now: dt.datetime | None, output_format: str) -> None:
    """List the open incidents, the worst first, with owner and age; each entry is verified as it is read."""
    _list(Register.INCIDENTS, now, output_format, is_all=is_all)


def write(register: Register, person: str, make: Make) -> Written | None:
    """Write an entry of the state folder's register; prints where it is kept."""
    from gates.registers.writing import write_entry
    from gates.schema.time import system_clock

    written = write_entry(made_state_dir(), register, person, system_clock, make)
    if written is not None:
        show(f"kept: {written.digest}")
    return written


def _open(register: Register, texts: tuple[str, str, str, str, str], person: str) -> None:
    from gates.registers.document import ids_of
    from gates.registers.events import Draft, opened
    from gates.schema.outcome import Priority

    title, severity, owner, detail, ticket = texts
    draft = Draft(Priority(severity), title, owner, detail, ticket)
    written = write(register, person, lambda view: opened(view, register, draft))
    assert written is not None, "an item was opened"
    show(f"opened: {ids_of(written.event)[0]}, {severity} {WORDS[register]} of {draft.owner.strip()}")


def _acknowledge(register: Register, ids: tuple[str, ...], note: str, person: str) -> None:
    from gates.registers.document import ids_of
    from gates.registers.events import acknowledged

    written = write(register, person, lambda view: acknowledged(view.book, register, ids, note))
    assert written is not None, "items were acknowledged"
    show(f"acknowledged: {', '.join(ids_of(written.event))}")


def _acknowledge_page(folder: Path, person: str) -> None:
    from gates.schema.paging import acknowledge, acknowledgements, read_page
    from gates.schema.time import monotonic_s, system_clock

    page, earlier = read_page(folder), acknowledgements(folder)
    line = acknowledge(folder, person, system_clock, monotonic_s)
    show(f"{page.severity}: {page.summary}")
    show(f"runbook: {page.runbook or 'none is named'}")
    if earlier:
        show(f"{earlier[0].person} had acknowledged it at {earlier[0].at}")
    show(f"acknowledged by {page.people[person]} at {line.at}")


def _review(register: Register, looked_at: tuple[str, ...], person: str) -> None:
    from gates.registers.events import reviewed

    write(register, person, lambda _: reviewed(looked_at))
    show(f"reviewed: the register {register.value}, for 7 days at most")


def _list(register: Register, now: dt.datetime | None, output_format: str, *, is_all: bool) -> None:
    from gates.registers.writing import read_home
    from gates.render import render_value, table
    from gates.schema.options import clock_at

    at = clock_at(now)()
    book = read_home(known_state_dir()).book(at)
    found = sorted(book.of(register), key=lambda one: (not one.is_open, one.item.severity, one.opened_at, one.item.id))
    rows = [_row(one, at) for one in found if one.is_open or is_all]
    if output_format != "text":
        write_document(render_value(rows, output_format))
        return
    if rows:
        shown = [{name: row[name] for name in ("id", "severity", "state", "owner", "age", "title")} for row in rows]
        show("\n".join(table([tuple(shown[0]), *(tuple(row.values()) for row in shown)])))
    review, count = book.reviews.get(register), sum(one.is_open for one in found)
    last = f"reviewed at {review.spec.at} by {review.spec.by}" if review else "never reviewed"
    show(f"{register.value}: {count} of {len(found)} open, {last}", err=True)


def _row(one: Standing, at: dt.datetime) -> dict[str, str]:
    from gates.schema.time import largest, parse_utc

    item, shown = one.item, one.shown_by
    return {
        "id": item.id,
        "severity": item.severity.value,
        "state": one.state,
        "owner": item.owner,
        "age": largest((at - parse_utc(one.opened_at)) // dt.timedelta(seconds=1)),
        "title": item.title,
        "detail": item.detail,
        "ticket": item.ticket,
        "place": item.origin.place if item.origin else "",
        "opened_at": one.opened_at,
        "opened_by": ", ".join(one.opened_by),
        "acknowledged_at": one.acknowledged_at,
        "acknowledged_by": one.acknowledged_by,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "shown_by": shown.statement if shown else "",
    }
