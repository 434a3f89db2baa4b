"""What an operator asks about mail: whether it would leave with these options, and what waits in the outbox."""

from pathlib import Path
from typing import Unpack

import click

from gateway.command_line.options import DB, database, problems
from gateway.command_line.sign_in_options import SignInOptions, sign_in_options, with_sign_in


@click.command("mail-check")
@sign_in_options
@click.pass_context
def mail_check(ctx: click.Context, **sign_in: Unpack[SignInOptions]) -> None:
    """Go as far as a mail would go with these options of `serve`, and send none.

    Ends with 0 if mail leaves and with 1 if it does not; runbooks/mail.md explains the code that it prints.
    """
    import asyncio

    from gateway.access.mail.choose import open_delivery
    from gateway.access.mail.delivery import Outcome
    from gateway.settings import Settings

    with problems():
        settings = with_sign_in(Settings(db=Path("gateway.db")), sign_in)
        delivery = open_delivery(settings)
    if delivery is None:
        click.echo("mail (none): nobody can sign in by a code")
        ctx.exit(1)
    found = asyncio.run(delivery.probe())
    leaves = found.outcome is Outcome.SENT
    click.echo(f"mail ({settings.mail.mode}) {'leaves' if leaves else f'does not leave: {found.code}'}")
    ctx.exit(0 if leaves else 1)


@click.command()
@DB
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def outbox(db: Path | None, output_format: str) -> None:
    """Count the mails of the last day by state and by the code of their last try. No address is shown."""
    import contextlib

    import msgspec

    from gateway.errors import StartProblem
    from gateway.store.reads import SqliteReads

    path = database(db)
    with problems():
        if not path.exists():
            raise StartProblem(f"{path}: there is no such database; name it with --db")
        with contextlib.closing(SqliteReads.open(path)) as reads:
            lines = reads.rows.access.mails.summary()
    if output_format == "json":
        click.echo(msgspec.json.encode(lines))
        return
    for line in lines:
        click.echo(f"{line.state:8} {line.last_code or '-':18} {line.mails:6}  oldest {line.oldest}")
    if not lines:
        click.echo("no mails")
