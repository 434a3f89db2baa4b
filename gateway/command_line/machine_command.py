"""`gonogo gateway machines`."""

import click


@click.command()
@click.argument("name", required=False)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def machines(name: str | None, output_format: str) -> None:
    """List the states and events of the machine NAME, or of all: one row for each pair that may happen."""
    import msgspec

    from gateway.command_line.machine_export import exported, names

    if name is not None and name not in names():
        raise click.UsageError(f"no machine is called {name!r}; use one of {', '.join(names())}")
    found = [exported(one) for one in ([name] if name else names())]
    if output_format == "json":
        document = msgspec.json.encode(found[0] if name else found)
        click.echo(msgspec.json.format(document, indent=2))
        return
    for one in found:
        for row in one.rows:
            click.echo(f"{one.machine:11} {row.state or '-':20} {row.event:20} {row.next:20} {row.effect}")
