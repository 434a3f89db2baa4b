"""`gonogo gateway` commands of the house: keys, people, sign-up, bootstrap keys, tenants, unlocked and forgotten addresses."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gateway.command_line.options import BY, DB, command_clock, database, problems

if TYPE_CHECKING:
    from gateway.settings import Settings

_HOUSE_ROLES = click.Choice(["house_operator", "house_finance", "house_support"])
_ROLES = click.Choice(["agent", "tenant_admin", "operator", "finance", "member"])
_MODES = click.Choice(["public_signup", "managed", "hybrid", "closed"])
_REASON = click.option("--reason", required=True, help="Why; the journal keeps it.")


@click.command("house-key")
@DB
@click.option("--role", type=_HOUSE_ROLES, required=True, help="What the key may do.")
@click.option("--person", required=True, help="Whose it is: a name, or the id that house-person printed.")
@BY
def house_key(db: Path | None, role: str, person: str, by: str) -> None:
    """Make a key of the house, which belongs to no tenant, and show it this once.

    The same name is the same person, however many keys it has: where two people are needed, two keys of one are not enough.
    """
    from gateway.command_line.house import make_house_key
    from gateway.commands import HouseRoleName

    with problems():
        whose, made = make_house_key(_settings(db), cast("HouseRoleName", role), person, by)
    click.echo(f"key      {made.key}\nkey id   {made.key_id}\nrole     {whose.role}\nperson   {whose.person_id}")


@click.command("house-person")
@DB
@click.option("--address", required=True, help="The mail address that the person signs in with.")
@click.option("--role", type=click.Choice([*_HOUSE_ROLES.choices, "none"]), required=True, help="`none` ends it, at once.")
@click.option("--name", default=None, help="The name of the person's keys (house-key --person).")
@BY
def house_person(db: Path | None, address: str, role: str, name: str | None, by: str) -> None:
    """Let a person sign in for the house by a code to this address, or no longer."""
    from gateway.command_line.house import set_house_person
    from gateway.commands import HouseRoleName

    with problems():
        wanted = None if role == "none" else cast("HouseRoleName", role)
        done = set_house_person(_settings(db), address, wanted, name, by)
    click.echo(f"person   {done.person_id}\nrole     {done.role}")


@click.command("bootstrap-key")
@DB
@click.option("--tenant", default=None, help="A tenant that is there, by its id.")
@click.option("--tenant-name", default=None, help="A new tenant of this name.")
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help="A role that it is traded for; repeatable.")
@click.option("--reason", default="bootstrap", show_default=True, help="Why; the journal keeps it.")
@BY
def bootstrap_key(
    db: Path | None, tenant: str | None, tenant_name: str | None, roles: tuple[str, ...], reason: str, by: str
) -> None:
    """Make a bootstrap key and show it this once: for one tenant and these roles, to be traded once within 72 hours.

    Give each person a key of its own: what is made with one key belongs to one person. With `--role member`, which stands
    alone, somebody who signs in by a code joins the tenant: who has keys of the tenant already is not to use it.
    """
    from gateway.command_line.house import make_bootstrap_key
    from gateway.commands.house import BootstrapRoleName

    with problems():
        wanted = cast("tuple[BootstrapRoleName, ...]", roles)
        made = make_bootstrap_key(_settings(db), tenant, tenant_name, wanted, reason, by)
    click.echo(f"key      {made.key}\nkey id   {made.bootstrap_key_id}\ntenant   {made.tenant_id}\nexpires  {made.expires_at}")


@click.command("sign-up")
@click.argument("mode", type=_MODES)
@DB
@click.option("--domain", "domains", multiple=True, help="A claimed domain, whose people make no tenant; all of them, each time.")
@click.option("--reason", default="sign-up", show_default=True, help="Why; the journal keeps it.")
@BY
def sign_up(mode: str, db: Path | None, domains: tuple[str, ...], reason: str, by: str) -> None:
    """Say who may make a tenant by signing up; a running gateway obeys at once.

    public_signup: whoever signs in. hybrid: whoever the house admits from the waiting list. managed: the house alone, by
    bootstrap keys. closed: not even the house.
    """
    import msgspec

    from gateway.command_line.house import set_sign_up
    from gateway.commands.house import Domain, SignUpMode

    for domain in domains:
        try:
            msgspec.convert(domain, Domain)
        except msgspec.ValidationError:
            raise click.UsageError(f"--domain {domain[:80]!r} is no domain; write it like example.com, in lower case") from None
    with problems():
        done = set_sign_up(_settings(db), SignUpMode(mode), domains, reason, by)
    click.echo(f"sign-up is {done.mode.value} from {done.at} on; claimed domains: {', '.join(done.domains) or 'none'}")


@click.group("tenant")
def tenant() -> None:
    """Disable a tenant, enable it again, say whose behaviour its figures are about, or who belongs to it."""


@tenant.command("disable")
@click.argument("tenant_id")
@DB
@_REASON
@BY
def disable(tenant_id: str, db: Path | None, reason: str, by: str) -> None:
    """Refuse the tenant's keys and end its sessions; a running gateway knows within a second."""
    from gateway.command_line.house import disable_tenant

    with problems():
        ended = disable_tenant(_settings(db), tenant_id, reason, by)
    click.echo(f"{tenant_id} is disabled; {ended} sessions ended")


@tenant.command("enable")
@click.argument("tenant_id")
@DB
@_REASON
@BY
def enable(tenant_id: str, db: Path | None, reason: str, by: str) -> None:
    """Let the tenant's keys work again; its users sign in again."""
    from gateway.command_line.house import enable_tenant

    with problems():
        enable_tenant(_settings(db), tenant_id, reason, by)
    click.echo(f"{tenant_id} is enabled")


@tenant.command("cohort")
@click.argument("tenant_id")
@click.argument("cohort", type=click.Choice(["simulated", "canary", "external"]))
@DB
@_REASON
@BY
def cohort(tenant_id: str, cohort: str, db: Path | None, reason: str, by: str) -> None:
    """Label the tenant; what began under an earlier label keeps it. A tenant that was ever simulated stays so."""
    from gateway.command_line.house import set_cohort
    from gateway.commands.house import CohortName

    with problems():
        label = set_cohort(_settings(db), tenant_id, cast("CohortName", cohort), reason, by)
    click.echo(f"{tenant_id} is {label.cohort} from {label.at} on")


@click.command("demo-money")
@DB
@click.option("--tenant", required=True, help="A simulated tenant, by its id.")
@click.option("--wallet", required=True, help="A wallet of it, by its id.")
@click.option("--amount", type=click.IntRange(1, 10**12), default=100_000, show_default=True, help="Minor units.")
@BY
def demo_money(db: Path | None, tenant: str, wallet: str, amount: int, by: str) -> None:
    """Put money that nobody paid in into a wallet, for tenants of the cohort `simulated` alone."""
    from gateway.command_line.demo_money import give_demo_money
    from gateway.setup.money import shown

    with problems():
        funded = give_demo_money(_settings(db), tenant, wallet, amount, by)
    click.echo(f"{wallet}: {shown(str(funded.available), funded.currency)} available (demo money)")


@click.command("forget-address")
@click.argument("address")
@DB
@BY
def forget_address(address: str, db: Path | None, by: str) -> None:
    """Erase an address and what waits for it, and end its user's sessions. The journal keeps its keyed hash, which names nobody.

    API keys that the user made stay: revoke those that nobody uses any more. Backups made before still hold the address.
    """
    from gateway.command_line.house import forget_address as forget

    with problems():
        address_hash, ended = forget(_settings(db), address, by)
    click.echo(f"forgotten; {ended} sessions ended; the journal knows it as {address_hash}")


@click.command("unlock-address")
@click.argument("address")
@DB
@BY
def unlock_address(address: str, db: Path | None, by: str) -> None:
    """Let codes be requested for an address again that too many wrong ones have locked. Its user, tenants and sessions stay.

    Whoever guessed may go on: each time that is 5 codes a sign-in, and 100 in a row.
    """
    from gateway.command_line.house import unlock_address as unlock

    with problems():
        address_hash, wrong = unlock(_settings(db), address, by)
    click.echo(f"unlocked; {wrong} wrong codes in a row forgotten; the journal knows it as {address_hash}")


def _settings(db: Path | None) -> "Settings":
    from gateway.settings import Settings

    return Settings(db=database(db), clock=command_clock())


COMMANDS = (house_key, house_person, bootstrap_key, sign_up, tenant, demo_money, forget_address, unlock_address)
