"""Options that every command shares, so that `--now` and `--format` mean the same everywhere."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import click

from gates.schema.errors import UsageProblem
from gates.schema.time import Clock, fixed_clock, parse_utc, system_clock

TARGET_DEFAULT, PROFILE_DEFAULT = "that of gonogo.yaml, or local", "that of gonogo.yaml, or smoke"
GATES_HELP = (
    "Gates to judge by: a file, a folder, or the shipped launch-plan or service.  "
    "[default: those of gonogo.yaml, or launch-plan for local, else service]"
)

Command = TypeVar("Command", bound=Callable[..., object])
REPORTS = ("md", "junit", "sarif", "github", "prometheus")
"""Formats of a verdict for other programs: gates.outputs.formats writes them."""
STATEMENTS = ("vsa", "test-result")
"""In-toto statements about a scorecard: scorecards.statements makes and signs them."""


class Moment(click.ParamType[dt.datetime]):
    """A click type for an RFC 3339 moment with a zone."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Read the moment, or fail as click does (exit 2)."""
        if isinstance(value, dt.datetime):
            return value
        try:
            return parse_utc(str(value))
        except UsageProblem as problem:
            self.fail(problem.message, param, ctx)


def preset(member: Literal["target", "profile", "gates", "waivers", "roster", "freeze", "changes"]) -> Callable[[], str | None]:
    """A default for an option: what the gonogo.yaml of the working folder names, read when the command is run."""

    def value() -> str | None:
        from gates.schema.project import load_project

        found: str | None = getattr(load_project(Path()), member)
        return found

    return value


def now_option(command: Command) -> Command:
    """Add `--now`; the command gets `now: datetime | None`."""
    return click.option("--now", type=Moment(), help="Judge as of this moment (RFC 3339) instead of the clock's.")(command)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """Add `--format` with the given choices, the first being the default; the command gets `output_format`."""
    choice = click.Choice(formats)
    help_text = "Shape of the product on stdout."
    return click.option("--format", "output_format", type=choice, default=formats[0], show_default=True, help=help_text)


def verdict_options(command: Command) -> Command:
    """Add `--fail-on` and `--accept`: how the process ends on a verdict that is neither green nor red."""
    fail_on = click.option("--fail-on", type=click.Choice(["yellow"]), help="End with 4, not 0, for a GO with warnings.")
    accept = click.option("--accept", type=click.Choice(["conditional"]), help="End with 0, not 9, for a CONDITIONAL GO.")
    return fail_on(accept(command))


def clock_at(now: dt.datetime | None) -> Clock:
    """The clock for `--now`: fixed at that moment, or the system's."""
    return system_clock if now is None else fixed_clock(now)
