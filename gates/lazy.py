"""Commands that are imported when they are chosen, so that listing them costs nothing."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click
import msgspec


class Later(msgspec.Struct, frozen=True):
    """Where a command is (`module:attribute`), and what the list says of it without loading it."""

    where: str
    help: str


class LazyGroup(click.Group):
    """A group of which some commands are only named; `--help` lists those without importing them."""

    later: ClassVar[Mapping[str, Later]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, sorted."""
        return sorted({*super().list_commands(ctx), *self.later})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now if it was only named."""
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        return load(self.later[cmd_name])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; only those already here are asked for their help."""
        rows = []
        for name in self.list_commands(ctx):
            here = None if name in self.later else self.get_command(ctx, name)
            if here is None or not here.hidden:
                rows.append((name, here.get_short_help_str(limit=90) if here else self.later[name].help))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def load(later: Later) -> click.Command:
    """Import a named command."""
    module, _, attribute = later.where.partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command), f"{later.where} is not a command"
    return command
