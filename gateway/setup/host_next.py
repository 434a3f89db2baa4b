"""How `gonogo host` leads on: its problems, and its next commands, about the places that the command before was given."""

import contextlib
import shlex
from collections.abc import Generator
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from gateway.next_command import next_command

if TYPE_CHECKING:
    from gateway.setup.failures import SetupProblem
    from gateway.setup.hosts.plan import Plan

_NEEDED = "gonogo[setup]"
_STATE = "GONOGO_SETUP_STATE"


@contextlib.contextmanager
def problems(host_id: str) -> Generator[None, None, None]:
    """A failure of a setup ends the command with its row's text and 2; a missing library is named with its install line."""
    from gateway.setup.failures import SetupProblem

    try:
        yield
    except SetupProblem as problem:
        raise click.ClickException(problem_text(problem, host_id)) from None
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed\n  next: pip install '{_NEEDED}'") from None


def problem_text(problem: "SetupProblem", host_id: str) -> str:
    """What is wrong, the next command, and the page."""
    row = problem.row
    command = problem.command or row.next.command.format(host=host_id, file="FILE")
    if row.step == "state" and _STATE in row.next.text:  # what this command keeps has another folder
        command = again("--state FOLDER")
    lines = (f"{row.code}: {row.title}: {problem.detail}", f"  next: {row.next.text}", f"        {next_of(command)}")
    return "\n".join((*lines, f"  runbook: runbooks/{row.next.runbook}"))


def again(option: str) -> str:
    """This command once more, with an option."""
    ctx = click.get_current_context()
    planned = ctx.params.get("planned")
    about = ctx.params.get("host_id") if planned is None else f"--plan {shlex.quote(str(planned))}"
    return f"gonogo host {ctx.info_name} {about} {option}"


def next_of(words: str, made: "Plan | None" = None) -> str:
    """A next command, about the places that this one was given, or those of its plan, as far as it has options for them."""
    ctx = click.get_current_context()
    group = ctx.parent.command if ctx.parent is not None else None
    if not words.startswith("gonogo host ") or not isinstance(group, click.Group):
        return words
    given = {name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if made is not None and "planned" in given:
        given |= {"file": made.file, "name": made.name}
    target = group.commands[words.split()[2]]
    places = [param for param in target.params if isinstance(param, click.Option) and not param.is_flag]
    return next_command(words, {param.opts[0]: given.get(str(param.name)) for param in places if param.name not in _OUTPUT})


_OUTPUT = ("out", "output_format", "planned")
"""What a command prints and reads: the options of its next one are about places alone."""
