"""`gonogo gateway`: serve, migrate, demo-data, routes. Imports what a command needs when it runs."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

import click


def default_db() -> Path:
    """`gateway.db` in the state folder: `.gonogo/` here, or GONOGO_HOME."""
    return Path(os.environ.get("GONOGO_HOME") or ".gonogo") / "gateway.db"


@contextlib.contextmanager
def _problems() -> Generator[None, None, None]:
    """What a person can mend ends the command with its text and exit code 2."""
    from gateway.settings import StartProblem

    try:
        yield
    except StartProblem as problem:
        raise click.ClickException(str(problem)) from None


_DB = click.option(
    "--db", type=click.Path(path_type=Path), default=None, help="The database file.  [default: gateway.db in the state folder]"
)


def _database(db: Path | None) -> Path:
    path = (db or default_db()).absolute()
    if db is None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def gateway() -> None:
    """The reference payment gateway."""


@gateway.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Port; 0 takes a free one.")
@_DB
@click.option("--access-log/--no-access-log", default=True, show_default=True, help="JSON lines on standard error.")
def serve(host: str, port: int, db: Path | None, access_log: bool) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was taken and end with 0.

    Prints one JSON line on standard output when requests are answered: event, url, pid, build.
    """
    from gateway.serve import serve as run_server
    from gateway.settings import Settings

    with _problems():
        run_server(Settings(db=_database(db), host=host, port=port), access_log=access_log)


@gateway.command()
@_DB
def migrate(db: Path | None) -> None:
    """Bring the database up to this release's schema; makes it if there is none."""
    from gateway.store.migrations import migrate as bring_up

    path = _database(db)
    with _problems():
        applied = bring_up(path)
    click.echo(f"{path}: {', '.join(applied)} applied" if applied else f"{path}: nothing to do")


@gateway.command("demo-data")
@_DB
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--tenant-name", default="demo", show_default=True, help="What the new tenant is called.")
def demo_data(db: Path | None, output_format: str, tenant_name: str) -> None:
    """Make a tenant with keys, a funded wallet, three payees and a policy. The keys are shown this once."""
    import msgspec

    from gateway.clock import system_clock
    from gateway.demo import make_demo
    from gateway.ids import SystemIds

    with _problems():
        data = make_demo(_database(db), system_clock, SystemIds(), tenant_name)
    if output_format == "json":
        click.echo(msgspec.json.encode(data))
        return
    for name, value in msgspec.to_builtins(data).items():
        click.echo(f"{name:18} {', '.join(value) if isinstance(value, list | tuple) else value}")


@gateway.command()
@click.option("--format", "output_format", type=click.Choice(["text", "json", "md"]), default="text", show_default=True)
def routes(output_format: str) -> None:
    """List every route under /v1 with the roles that it is open to."""
    import msgspec

    from gateway.routes import MUTATIONS, ROUTES

    rows = [(route.method, route.template, ", ".join(route.roles), route.summary, route in MUTATIONS) for route in ROUTES]
    if output_format == "json":
        members = ("method", "template", "roles", "summary", "idempotency_key")
        items = [dict(zip(members, row, strict=True)) | {"roles": route.roles} for row, route in zip(rows, ROUTES, strict=True)]
        click.echo(msgspec.json.format(msgspec.json.encode(items), indent=2))
    elif output_format == "md":
        click.echo("| route | roles | key | what |\n|---|---|---|---|")
        for method, template, roles, summary, keyed in rows:
            click.echo(f"| `{method} {template}` | {roles} | {'yes' if keyed else 'no'} | {summary} |")
    else:
        for method, template, roles, summary, _ in rows:
            click.echo(f"{method:5} {template:34} {roles:40} {summary}")
