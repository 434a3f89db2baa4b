"""`gonogo gateway waitlist`, and the people of `gonogo gateway tenant`: who waits, who is let in, and who is taken out."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.command_line.house_commands import tenant
from gateway.command_line.options import BY, DB, command_clock, database, problems

if TYPE_CHECKING:
    from gateway.settings import Settings

_REASON = click.option("--reason", required=True, help="Why; the journal keeps it.")
_FORMAT = click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group("waitlist")
def waitlist() -> None:
    """List who waits to make a tenant while sign-up is `hybrid`, and admit people."""


@waitlist.command("list")
@DB
@_FORMAT
def list_(db: Path | None, output_format: str) -> None:
    """List who waits, longest first, with the name that the tenant is to have. No address is shown."""
    import msgspec

    from gateway.command_line.people import waiting_people

    with problems():
        found = waiting_people(_settings(db))
    if output_format == "json":
        members = ("person_id", "name", "asked_at")
        click.echo(msgspec.json.encode([{name: getattr(row, name) for name in members} for row in found]))
        return
    click.echo(f"{'person':36}  {'since':24}  tenant" if found else "nobody waits")
    for row in found:
        click.echo(f"{row.person_id:36}  {row.asked_at}  {row.name}")


@waitlist.command("admit")
@click.argument("person_id")
@DB
@_REASON
@BY
def admit(person_id: str, db: Path | None, reason: str, by: str) -> None:
    """Let the person PERSON_ID make a tenant: the same request that waits works from now on."""
    from gateway.command_line.people import admit_person

    with problems():
        done = admit_person(_settings(db), person_id, reason, by)
    click.echo(f"{done.person_id} is admitted since {done.admitted_at}, by {done.admitted_by}")


@tenant.command("people")
@click.argument("tenant_id")
@DB
@_FORMAT
def people(tenant_id: str, db: Path | None, output_format: str) -> None:
    """List who belongs to the tenant TENANT_ID by signing in, who came first first. No address is shown."""
    import msgspec

    from gateway.command_line.people import people_of

    with problems():
        found = people_of(_settings(db), tenant_id)
    if output_format == "json":
        click.echo(msgspec.json.encode(found))
        return
    click.echo(f"{'person':36}  since" if found else "nobody signs in for this tenant")
    for row in found:
        click.echo(f"{row.person_id:36}  {row.joined_at}")


@tenant.command("remove-person")
@click.argument("tenant_id")
@click.argument("person_id")
@DB
@_REASON
@BY
def remove_person(tenant_id: str, person_id: str, db: Path | None, reason: str, by: str) -> None:
    """Take PERSON_ID out of TENANT_ID: sessions there end, keys of the person there are revoked. Agents' keys stay.

    Ends once no running gateway takes the keys any more.
    """
    from gateway.command_line.people import remove_person as remove

    with problems():
        done = remove(_settings(db), tenant_id, person_id, reason, by, time.sleep)
    click.echo(f"{person_id} belongs to {tenant_id} no longer; {done.sessions} sessions ended, {done.keys} keys revoked")


def _settings(db: Path | None) -> "Settings":
    from gateway.settings import Settings

    return Settings(db=database(db), clock=command_clock())
