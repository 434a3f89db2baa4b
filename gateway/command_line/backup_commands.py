"""`gonogo gateway backup`, `restore` and `reconcile`."""

from pathlib import Path

import click

from gateway.command_line.options import BY, DB, command_clock, database, problems
from gateway.next_command import next_command

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@DB
@click.option("--out", type=_FOLDER, required=True, help="A new folder for this backup.")
def backup(db: Path | None, out: Path) -> None:
    """Back the database and its active receipt key up while the gateway runs; what it commits later is not in the backup.

    The folder holds a private key: keep it as the database itself is kept.
    """
    from gateway.command_line.backup import make_backup
    from gateway.settings import Settings

    with problems():
        done = make_backup(Settings(db=database(db), clock=command_clock()), out.absolute())
    click.echo(f"{out}: journal position {done.journal.seq}, {done.journal.at or 'empty'}")


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--db", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The new database; must not exist.")
@BY
def restore(folder: Path, db: Path, by: str) -> None:
    """Restore the backup in FOLDER elsewhere, checked and paused, with a new receipt key from its journal position on.

    What was committed after the backup is lost, and receipts of it verify no more. Reconcile with the rail, then resume.
    """
    from gateway.command_line.backup import restore_backup
    from gateway.settings import Settings

    with problems():
        done = restore_backup(folder.absolute(), Settings(db=db.absolute(), clock=command_clock()), by)
    position = f"journal position {done.backup.journal.seq}, {done.backup.journal.at or 'empty'}"
    click.echo(f"{db}: {position}; new reserves are paused, and the receipt key {done.active_key} signs from here on")
    steps = ("reconcile --book BOOK", "serve", "resume --all --reason WHY")
    book, look, resume = (next_command(f"gonogo gateway {step}", {"--db": db.absolute()}) for step in steps)
    click.echo(f"next: {book}\nthen, without a rail, to look: {look}\nthen: {resume}", err=True)


@click.command()
@DB
@click.option(
    "--book", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The rail's own book, one JSON line a charge."
)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def reconcile(db: Path | None, book: Path, output_format: str) -> int:
    """Hold the rail's book against the payouts, one by one; changes nothing. Exit 1 where they differ.

    After a restore, `only_at_rail` are payouts that were made after the backup. Request them again with their old keys alone:
    the rail charges a key once. Under a new key it charges again.
    """
    import msgspec

    from gateway.command_line.books import reconcile_book

    with problems():
        found = reconcile_book(database(db), book)
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found)))
    else:
        for one in found.differences:
            ids = f"{one.payee}  {one.rail_id or '-'}  {one.payout_id or '-'}"
            click.echo(f"{one.gap:14} {one.amount:>15} {one.currency}  {ids}  {one.at}")
        click.echo(f"{found.matched} charges agree, {len(found.differences)} differ, {found.open} payouts are open")
    return 1 if found.differences else 0
