"""Commands that are imported when they are chosen, so that listing them costs nothing."""

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, NamedTuple

import click


class Later(NamedTuple):  # not a msgspec struct: `gonogo --help` loads no library but click
    """Where a command is (`module:attribute`), and its line in the list of commands."""

    where: str
    help: str


class LazyGroup(click.Group):
    """A group that knows some commands only by a table `later`: imported when chosen, listed without being imported."""

    later: ClassVar[Mapping[str, Later]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The loaded commands by name, then those of the table in its order."""
        return [*super().list_commands(ctx), *self.later]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now if it is in the table; None for a name that does not exist."""
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        return load(self.later[cmd_name])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for a name that does not exist."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean `{ctx.command_path} {near[0]}`?" if near else f"`{ctx.command_path} --help` lists the commands."
            ctx.fail(f"no command is called {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; a command of the table shows the table's line."""
        rows = []
        for name in self.list_commands(ctx):
            loaded = None if name in self.later else self.get_command(ctx, name)
            if loaded is None or not loaded.hidden:
                rows.append((name, loaded.get_short_help_str(limit=90) if loaded else self.later[name].help))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def load(later: Later) -> click.Command:
    """Import a command of the table."""
    module, _, attribute = later.where.partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command), f"{later.where} is not a command"
    return command
