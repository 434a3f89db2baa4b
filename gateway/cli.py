"""The commands of `gonogo gateway`. Each imports what it needs when it runs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from gateway.command_line.backup_commands import backup, reconcile, restore
from gateway.command_line.house_commands import COMMANDS as HOUSE_COMMANDS
from gateway.command_line.key_commands import api_key
from gateway.command_line.machine_command import machines
from gateway.command_line.mail_commands import mail_check, outbox
from gateway.command_line.options import BY, DB, command_clock, database, default_db, problems
from gateway.command_line.people_commands import waitlist
from gateway.command_line.sign_in_options import SignInOptions, sign_in_options, with_sign_in
from gateway.process import DEFAULT_RATE_PER_S, HOST, PORT
from gateway.rail import RAIL_TIMEOUT_S

if TYPE_CHECKING:
    from gateway.command_line.demo import DemoData


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def gateway() -> None:
    """The reference payment gateway."""


@gateway.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="Port; 0 takes a free one.")
@DB
@click.option("--access-log/--no-access-log", default=True, show_default=True, help="JSON lines on standard error.")
@click.option(
    "--processes", type=click.IntRange(1, 2), default=2, show_default=True, help="2: HTTP in one, the database in another."
)
@click.option("--rail", envvar="GONOGO_RAIL_URL", default=None, help="The rail's URL; `practice`: one that always pays.")
@click.option(
    "--default-rate",
    type=click.IntRange(0),
    default=DEFAULT_RATE_PER_S,
    show_default=True,
    help="Requests a second of a tenant that has set no rate; twice as many at once. 0 sets no limit.",
)
@click.option(
    "--rail-timeout-s",
    type=click.IntRange(1, 60),
    default=int(RAIL_TIMEOUT_S),
    show_default=True,
    help="Seconds until the rail's silence counts.",
)
@sign_in_options
def serve(
    host: str,
    port: int,
    db: Path | None,
    access_log: bool,
    processes: int,
    rail: str | None,
    default_rate: int,
    rail_timeout_s: int,
    **sign_in: Unpack[SignInOptions],
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was taken and end with 0.

    Prints one JSON line on standard output when requests are answered: event, url, pid, build.
    """
    import msgspec

    from gateway.rate_limit import RateLimit
    from gateway.server.serve import serve as run_server
    from gateway.settings import Settings

    with problems():
        settings = Settings(
            db=database(db), host=host, port=port, clock=command_clock(), rail_url=rail or None, rail_timeout_s=rail_timeout_s
        )
        limit = RateLimit(default_rate, 2 * default_rate) if default_rate else None
        settings = msgspec.structs.replace(
            settings, default_limit=limit, rail_secret=os.environ.get("GONOGO_RAIL_SECRET") or None
        )
        if rail == "practice":
            from gateway.command_line.practice import practising

            settings = practising(settings)
        run_server(with_sign_in(settings, sign_in), access_log=access_log, processes=processes)


@gateway.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--script", type=click.Path(path_type=Path), default=None, help="A RailScript: what to do to which request.")
@click.option(
    "--book", type=click.Path(path_type=Path), default=None, help="The rail's book.  [default: rail.db in the state folder]"
)
@click.option("--webhook-url", default=None, help="Where events go; GONOGO_RAIL_SECRET signs them.")
def rail(host: str, port: int, script: Path | None, book: Path | None, webhook_url: str | None) -> None:
    """Simulate a rail with a book of its own, as a process to practise with; a script makes it hostile.

    Prints one JSON line on standard output when requests are answered: event, url, pid, book.
    """
    from gateway.rail.simulator.serve import RailSettings, serve_rail

    path = (book or default_db().with_name("rail.db")).absolute()
    with problems():
        secret = os.environ.get("GONOGO_RAIL_SECRET")
        serve_rail(RailSettings(path, host, port, script, webhook_url, secret, command_clock()))


@gateway.command()
@DB
def migrate(db: Path | None) -> None:
    """Bring the database up to this release's schema; makes it if there is none."""
    from gateway.store.migrations import migrate as bring_up

    path = database(db)
    with problems():
        applied = bring_up(path)
    click.echo(f"{path}: {', '.join(applied)} applied" if applied else f"{path}: nothing to do")


@gateway.command("demo-data")
@DB
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--tenant-name", default="demo", show_default=True, help="What the new tenant is called.")
@click.option("--rate", type=click.IntRange(0), default=0, show_default=True, help="Requests a second; 0 sets no limit.")
@click.option("--burst", type=click.IntRange(0), default=0, help="Requests at once.  [default: as many as --rate]")
@click.option("--settled", type=click.IntRange(0, 10_000_000), default=0, help="Also settle this many payments, offline.")
@click.option("--house", is_flag=True, help="Also make keys of the house, which act on all tenants: for practice alone.")
def demo_data(db: Path | None, output_format: str, tenant_name: str, rate: int, burst: int, settled: int, house: bool) -> None:
    """Make a simulated tenant with keys, sessions, a funded wallet, three payees and a policy. The keys are shown this once."""
    import msgspec

    from gateway.command_line.demo import make_demo, write_receipt_keys
    from gateway.command_line.demo_access import with_access
    from gateway.ids import SystemIds
    from gateway.rate_limit import RateLimit
    from gateway.settings import Settings

    if burst and not rate:
        raise click.UsageError("--burst needs --rate")
    limit = RateLimit(rate, burst or rate) if rate else None
    with problems():
        clock = command_clock()
        data = make_demo(database(db), clock, SystemIds(), tenant_name, limit)
        data = with_access(Settings(db=database(db), clock=clock), data, house=house)
        write_receipt_keys(database(db), clock, SystemIds())
        if settled:
            _settle_many(database(db), data, settled)
    if output_format == "json":
        click.echo(msgspec.json.encode(data))
        return
    for name, value in msgspec.to_builtins(data).items():
        click.echo(f"{name:18} {', '.join(value) if isinstance(value, list | tuple) else value}")


_REASON = click.option("--reason", required=True, help="Why; callers read it, and the journal keeps it.")
_ALL = click.option("--all", "everywhere", is_flag=True, help="All tenants at once.")
_TENANT = click.option("--tenant", default=None, help="One tenant, by its id.")


@gateway.command()
@DB
@_ALL
@_TENANT
@_REASON
@BY
def pause(db: Path | None, everywhere: bool, tenant: str | None, reason: str, by: str) -> None:
    """Refuse new reserves; settles and reverses of open holds still work. A running gateway obeys at once."""
    _set_mode(db, "paused", reason, by, everywhere, tenant)


@gateway.command()
@DB
@_ALL
@_TENANT
@_REASON
@BY
def resume(db: Path | None, everywhere: bool, tenant: str | None, reason: str, by: str) -> None:
    """Take new reserves again. --all ends a pause of all; a tenant that is paused by itself stays so."""
    _set_mode(db, "normal", reason, by, everywhere, tenant)


def _set_mode(db: Path | None, mode: str, reason: str, by: str, everywhere: bool, tenant: str | None) -> None:
    from gateway.command_line.controls import set_mode
    from gateway.settings import Settings

    if everywhere == (tenant is not None):
        raise click.UsageError("say either --all or --tenant ID")
    with problems():
        done = set_mode(Settings(db=database(db), clock=command_clock()), mode, reason, by, tenant)
    whose = "all tenants" if done.everywhere else tenant
    click.echo(f"{whose}: {'new reserves are refused' if mode == 'paused' else 'new reserves are taken'} from {done.at} on")


@gateway.command("rotate-key")
@DB
@BY
def rotate_key(db: Path | None, by: str) -> None:
    """Make a new receipt key and retire the old one. A running gateway signs with the new one from its next batch on."""
    from gateway.command_line.controls import rotate_key as rotate
    from gateway.settings import Settings

    with problems():
        done = rotate(Settings(db=database(db), clock=command_clock()), by)
    click.echo(f"active   {done.active}, from journal position {done.active_from} on\nretired  {done.ended}")


@gateway.command("revoke-key")
@click.argument("keyid")
@DB
@BY
def revoke_key(keyid: str, db: Path | None, by: str) -> None:
    """Declare that nothing the receipt key KEYID signed counts any more; a new key takes its place if it is the active one."""
    from gateway.command_line.controls import revoke_key as revoke
    from gateway.settings import Settings

    with problems():
        done = revoke(Settings(db=database(db), clock=command_clock()), keyid, by)
    click.echo(f"revoked  {done.ended}\nactive   {done.active}, from journal position {done.active_from} on")


def _settle_many(db: Path, data: "DemoData", payments: int) -> None:
    from gateway.command_line.demo_history import settle_many
    from gateway.settings import Settings
    from gateway.store.group_commit import MAX_BATCH

    tenths = -(-payments // 10)

    def on_done(done: int) -> None:
        if done == payments or done % tenths < min(MAX_BATCH, tenths):
            click.echo(f"settled {done} of {payments} payments", err=True)

    settle_many(Settings(db=db, clock=command_clock()), data, payments, on_done)


@gateway.command()
@click.option("--format", "output_format", type=click.Choice(["text", "json", "md"]), default="text", show_default=True)
def routes(output_format: str) -> None:
    """List every route under /v1: the roles that it is open to, and how a mutation is reversed."""
    import msgspec

    from gateway.routes import MUTATIONS, ROUTES, reversal

    if output_format == "json":
        members = ("method", "template", "roles", "summary", "idempotency_key", "reverse")
        rows = [(row.method, row.template, row.callers, row.summary, row in MUTATIONS, reversal(row)) for row in ROUTES]
        items = [dict(zip(members, row, strict=True)) for row in rows]
        click.echo(msgspec.json.format(msgspec.json.encode(items), indent=2))
    elif output_format == "md":
        click.echo("| route | roles | key | what | reverse |\n|---|---|---|---|---|")
        for row in ROUTES:
            keyed = "yes" if row in MUTATIONS else "no"
            click.echo(f"| `{row.name}` | {', '.join(row.callers)} | {keyed} | {row.summary} | {reversal(row) or ''} |")
    else:
        for row in ROUTES:
            click.echo(f"{row.method:5} {row.template:34} {', '.join(row.callers):40} {row.summary}")
            if reverse := reversal(row):
                click.echo(f"{'':6}reverse: {reverse}")


for command in (backup, restore, reconcile, machines, mail_check, outbox, api_key, waitlist, *HOUSE_COMMANDS):
    gateway.add_command(command)
