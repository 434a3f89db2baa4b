"""`gonogo gateway api-key`: a tenant's API keys listed, made, rotated and revoked while a gateway runs."""

import time
from pathlib import Path
from typing import cast

import click

from gateway.command_line.options import BY, DB, command_clock, database, problems

_REASON = click.option("--reason", required=True, help="Why; the journal keeps it.")


@click.group("api-key")
def api_key() -> None:
    """List, make, rotate and revoke API keys."""


@api_key.command("list")
@DB
@click.option("--tenant", required=True, help="The tenant, by its id.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(db: Path | None, tenant: str, output_format: str) -> None:
    """List a tenant's keys, newest first, those that were revoked too. No key is shown."""
    import msgspec

    from gateway.command_line.api_keys import list_keys
    from gateway.settings import Settings

    with problems():
        found = list_keys(Settings(db=database(db), clock=command_clock()), tenant)
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found)))
        return
    click.echo(f"{'key id':36}  {'role':12}  {'name':24}  {'person':36}  {'made':24}  state" if found else "no keys")
    for key in found:
        state = f"revoked {key.revoked_at}" if key.revoked_at else "valid"
        click.echo(f"{key.key_id:36}  {key.role:12}  {key.agent_id:24}  {key.person_id or '-':36}  {key.created_at}  {state}")


@api_key.command("make")
@DB
@click.option("--tenant", required=True, help="The tenant, by its id.")
@click.option("--role", type=click.Choice(["agent", "tenant_admin", "operator", "finance"]), required=True)
@click.option("--name", required=True, help="The name under which its acts are recorded; a person's keys share one name.")
@BY
def make(db: Path | None, tenant: str, role: str, name: str, by: str) -> None:
    """Make a key and show it this once."""
    import msgspec

    from gateway.command_line.api_keys import make_key
    from gateway.commands import RoleName
    from gateway.commands.keys import AgentName
    from gateway.settings import Settings

    try:
        msgspec.convert(name, AgentName)
    except msgspec.ValidationError:
        raise click.UsageError("--name: 1 to 64 letters, digits and . _ @ + -, beginning with a letter or digit") from None
    with problems():
        made = make_key(Settings(db=database(db), clock=command_clock()), tenant, cast("RoleName", role), name, by)
    click.echo(f"key      {made.key}\nkey id   {made.key_id}")


@api_key.command("rotate")
@click.argument("key_id")
@DB
@_REASON
@BY
def rotate(key_id: str, db: Path | None, reason: str, by: str) -> None:
    """Make a key in the place of KEY_ID, which is revoked, and show it this once.

    Ends once no running gateway takes the old one any more.
    """
    from gateway.command_line.api_keys import rotate_key
    from gateway.settings import Settings

    with problems():
        made = rotate_key(Settings(db=database(db), clock=command_clock()), key_id, reason, by, time.sleep)
    click.echo(f"key      {made.key}\nkey id   {made.key_id}\nrevoked  {key_id}")


@api_key.command("revoke")
@click.argument("key_id")
@DB
@_REASON
@BY
def revoke(key_id: str, db: Path | None, reason: str, by: str) -> None:
    """End the API key KEY_ID, of a tenant or of the house. Ends once no running gateway takes it any more."""
    from gateway.command_line.api_keys import revoke_key
    from gateway.settings import Settings

    with problems():
        at = revoke_key(Settings(db=database(db), clock=command_clock()), key_id, reason, by, time.sleep)
    click.echo(f"{key_id} is revoked since {at}")
