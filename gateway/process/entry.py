"""How the gateway's command begins and ends when it runs by itself: the same exit codes as the whole toolkit."""

import os
import signal
import sys
import traceback
from types import FrameType

import click

from gateway.process.signals import ending

EXIT_CODES = {
    0: "done; for `serve`: stopped by a signal after everything taken was finished",
    1: "`reconcile`: the rail's book and the payouts differ",
    2: "the command, the configuration or the database cannot be used; nothing was changed",
    70: "a defect in the gateway",
    130: "interrupted",
    143: "terminated",
}


class _Terminated(BaseException):
    """A signal that asks to end, raised where the program stands so that every `finally` runs."""


def _terminate(_signum: int, _frame: FrameType | None) -> None:
    raise _Terminated


def run(command: click.Command, argv: list[str] | None = None) -> int:
    """Run a click command and return its exit code, one of EXIT_CODES."""
    for number in ending():
        if number != signal.SIGINT:  # Python's own way ends with KeyboardInterrupt
            signal.signal(number, _terminate)
    try:
        code = command.main(args=argv, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except _Terminated:
        click.echo("terminated", err=True)
        return 143
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nobody would read an error message.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 143
    except Exception as error:  # noqa: BLE001  # the last line of defence
        if os.environ.get("GONOGO_DEBUG"):
            traceback.print_exc()
        click.echo(f"internal error: {type(error).__name__}: {error}\n  next: GONOGO_DEBUG=1 shows where", err=True)
        return 70
    return code if isinstance(code, int) else 0
