"""The console script `gonogo`: a table of command -> where it lives, loaded only when it is chosen."""

import difflib
import importlib
import os

import click

from gates.schema.entry import run

# One row a command: its name, `module:attribute`, and its line in `gonogo --help`. The help reads this table alone, so
# that asking for it does not import a single room.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("review", "scorecards.review_cli:review", "Press, rehearse, judge, tell: the weekly review in one command."),
    ("scorecard", "scorecards.commands:scorecard", "Build, show, verify, compare and list scorecards."),
    ("gate", "gates.cli:gate", "List, explain, validate and judge the launch gates; run their probes."),
    ("evidence", "gates.cli:evidence", "List, show, verify and add signed evidence."),
    ("load", "loadtests.cli:load", "Press a service with a retry storm; check and compare load runs."),
    ("drill", "drills.cli:drill", "Rehearse crash and rollback; recover and report drills."),
    ("gateway", "gateway.cli:gateway", "Serve the reference payment gateway, and its demo data."),
    ("receipt", "gates.receipts.cli:receipt", "Verify receipts offline, against keys that you bring."),
    ("explain", "gateway.command_line.explain:explain", "What an error code means, and what to do next."),
    ("schema", "gates.cli:schema", "The JSON Schema of a kind of document."),
)

_PLACES = {name: place for name, place, _ in COMMANDS}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command runs, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Every command, in the order of the table."""
        return [name for name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import the room of this command; None for a name that the table does not have."""
        if cmd_name not in _PLACES:
            return None
        module, attribute = _PLACES[cmd_name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command), f"{_PLACES[cmd_name]} is not a command"
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for one that is not there."""
        name = args[0]
        if name not in _PLACES and not name.startswith("-"):
            near = difflib.get_close_matches(name, _PLACES, n=1, cutoff=0.5)
            hint = f"did you mean `gonogo {near[0]}`?" if near else "`gonogo --help` lists the commands."
            ctx.fail(f"no command is called {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """The table itself."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, _, line in COMMANDS])


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    click.echo(f"gonogo {version('gonogo')}")
    ctx.exit()


@click.group(cls=LazyGroup, name="gonogo", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-color", is_flag=True, help="Plain text, also from every program that a review starts.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and exit.")
@click.pass_context
def gonogo(ctx: click.Context, no_color: bool) -> None:
    """May we launch? Launch gates judged from evidence that a stranger can check.

    Start with `gonogo review --profile smoke`: it presses the reference gateway, rehearses a crash and a rollback, judges
    the gates and writes the week's scorecard. Every command ends with a documented exit code: 0 green, 1 red,
    3 unknown; `unknown` is never a pass.
    """
    if no_color:
        ctx.color = False
        os.environ["NO_COLOR"] = "1"


def main() -> int:
    """Run `gonogo` with the arguments of this process; the exit code says how it ended."""
    return run(gonogo)
