"""How every program of the house begins and ends: problems as text, signals and defects as documented exit codes."""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

import click

from gates.schema.errors import Problem, UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.output import show
from gates.schema.rooms import HINT, foreign_rooms

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that ask a program to end: the last two come from a terminal that is closed, and from Ctrl-\\."""

# What is wrong with a path that was given; every other error of the system says that something is not there or not working.
_OF_THE_PATH = frozenset(
    {
        errno.ENOENT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENOTEMPTY,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,
    }
)
_NEXT = {
    errno.ENOENT: "give a path that exists",
    errno.EACCES: "give a path that you may use; GONOGO_HOME names another state folder",
    errno.EPERM: "give a path that you may use; GONOGO_HOME names another state folder",
    errno.EROFS: "give a folder that can be written to; GONOGO_HOME names another state folder",
    errno.ENOSPC: "free some space, or give another folder",
}


Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None


class _Terminated(BaseException):
    """A signal that asks to end, raised where the program stands so that every `finally` runs."""


def take_signals(handler: Callable[[int, FrameType | None], object]) -> dict[signal.Signals, Handler]:
    """Let `handler` take the signals that ask to end, and return who took them before.

    What the caller had ignored stays so: that is how `nohup` works.
    """
    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heeded}


def run(command: click.Command, argv: list[str] | None = None, name: str | None = None) -> int:
    """Run a click command and return the exit code that the table documents.

    A Problem is printed with its next step, an error of the operating system with its path; an unexpected exception becomes one
    line and code 70 (GONOGO_DEBUG=1 shows the traceback).
    """
    take_signals(_terminate)
    stdout = sys.stdout
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _run(command, argv, name)
        except SystemExit as ended:
            if sys.stdout is stdout:
                raise
            raise BrokenPipeError from ended  # click puts another stdout there then, and ends with 1, which would read as red
        _flush_stdout()
    except BrokenPipeError:
        _forget_stdout()  # the reader of our output went away (`| head`)
        return int(ExitCode.TERMINATED)
    except OSError as error:
        return _refuse(error)
    return code


def _run(command: click.Command, argv: list[str] | None, name: str | None) -> int:
    try:
        _require_our_rooms()
        code = command.main(args=argv, prog_name=name, standalone_mode=False)
    except Problem as problem:
        return _end(f"error: {problem}", problem.exit_code)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        return _end(text.getvalue().expandtabs(2).rstrip("\n"), ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _end("interrupted", ExitCode.INTERRUPTED)
    except _Terminated as ended:
        return _end(f"terminated ({ended})", ExitCode.TERMINATED)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  # the last line of defence: a defect must not look like a verdict
        if os.environ.get("GONOGO_DEBUG"):
            traceback.print_exc()
        hint = "this is a defect in gonogo; GONOGO_DEBUG=1 shows where"
        return _end(f"internal error: {type(error).__name__}: {error}\n  next: {hint}", ExitCode.INTERNAL)
    return int(code) if isinstance(code, int) else int(ExitCode.GREEN)


def _require_our_rooms() -> None:
    if foreign := list(foreign_rooms()):
        raise UsageProblem("\n".join(foreign), next_step=HINT)


def _terminate(number: int, _frame: FrameType | None) -> None:
    # A terminal that closes sends SIGHUP more than once; a second one must not cut short what the first has begun to put right.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise _Terminated(signal.Signals(number).name)


def _end(text: str, code: ExitCode) -> int:
    show(text, err=True)
    return int(code)


def _refuse(error: OSError) -> int:
    """An error of the operating system: with its path, and with 2 where the path is to blame, else with 3."""
    if os.environ.get("GONOGO_DEBUG"):
        traceback.print_exc()
    number, what = error.errno or 0, error.strerror or str(error) or type(error).__name__
    hint = _NEXT.get(number, "put that right, then run the command again")
    if _at_stdout(error):
        _forget_stdout()
        if number == errno.EIO:  # the terminal is gone, and its reader with it
            return int(ExitCode.TERMINATED)
        return _end(f"error: stdout: {what}\n  next: {hint}", ExitCode.USAGE)
    paths = " -> ".join(os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes))
    text = f"error: {paths}: {what}" if paths else f"error: {what}"
    return _end(f"{text}\n  next: {hint}", ExitCode.USAGE if number in _OF_THE_PATH else ExitCode.UNKNOWN)


def _at_stdout(error: OSError) -> bool:
    """Whether it happened where something was printed; nothing that goes to stderr raises."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and frame.tb_frame.f_code in (click.echo.__code__, _flush_stdout.__code__)


def _flush_stdout() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _forget_stdout() -> None:
    """Nothing more can be written there: what is left in the buffer must not fail once more when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
