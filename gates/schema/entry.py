"""How every program of the house begins and ends: problems as text, signals and defects as documented exit codes."""

import os
import signal
import sys
import traceback
from types import FrameType

import click

from gates.schema.errors import Problem, UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.printable import printable
from gates.schema.rooms import HINT, foreign_rooms


class _Terminated(BaseException):
    """SIGTERM, raised where the program stands so that every `finally` runs."""


def _terminate(_signum: int, _frame: FrameType | None) -> None:
    raise _Terminated


def run(command: click.Command, argv: list[str] | None = None) -> int:  # noqa: PLR0911  # one return a row of the table
    """Run a click command and return the exit code that the table documents.

    A Problem is printed with its next step; an unexpected exception becomes one line and code 70
    (GONOGO_DEBUG=1 shows the traceback).
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        if foreign := list(foreign_rooms()):
            raise UsageProblem("\n".join(foreign), next_step=HINT)
        code = command.main(args=argv, standalone_mode=False)
    except Problem as problem:
        click.echo("\n".join(printable(line) for line in f"error: {problem}".split("\n")), err=True)
        return int(problem.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return int(ExitCode.INTERRUPTED)
    except _Terminated:
        click.echo("terminated", err=True)
        return int(ExitCode.TERMINATED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.TERMINATED)
    except Exception as error:  # noqa: BLE001  # the last line of defence: a defect must not look like a verdict
        if os.environ.get("GONOGO_DEBUG"):
            traceback.print_exc()
        hint = "this is a defect in gonogo; GONOGO_DEBUG=1 shows where"
        click.echo(f"internal error: {type(error).__name__}: {error}\n  next: {hint}", err=True)
        return int(ExitCode.INTERNAL)
    return int(code) if isinstance(code, int) else int(ExitCode.GREEN)
