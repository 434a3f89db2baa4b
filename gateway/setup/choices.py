"""The decisions of a setup: given as a flag, read from standard input or a file, or typed at a terminal."""

import sys
from pathlib import Path
from typing import TextIO

import click
import msgspec

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.short_file import first_line

NO_HOST = "none"
FROM_INPUT = "-"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags decide; None where a flag was not given. `hosts` may be `none`."""

    address: str | None = None
    code: str | None = None
    code_file: Path | None = None
    bootstrap_key: str | None = None
    join: str | None = None
    tenant: str | None = None
    tenant_name: str | None = None
    agent_id: str | None = None
    currency: str | None = None
    payee: str | None = None
    hosts: tuple[str, ...] = ()
    apply: bool | None = None
    ask: bool = True
    pay: bool | None = None
    trust: Path | None = None
    key_file: Path | None = None
    full: bool = False
    resend: bool = False


class Person:
    """Who decides at a terminal, if there is one."""

    def __init__(self, *, terminal: bool, stdin: TextIO | None = None) -> None:
        self.terminal = terminal
        self._stdin = stdin

    def text(self, question: str, flag: str, default: str | None = None, *, hidden: bool = False) -> str:
        """A line; raises SetupProblem(no_terminal) naming the flag, and click.Abort where nobody answers any more."""
        self.require(flag)
        answer = click.prompt(question, default=default, show_default=bool(default), hide_input=hidden, err=True)
        return str(answer).strip()

    def yes(self, question: str, flag: str, *, default: bool = True) -> bool:
        """Yes or no; raises as `text` does."""
        self.require(flag)
        return click.confirm(question, default=default, err=True)

    def line(self, what: str) -> str:
        """The next line of standard input; raises SetupProblem(no_terminal) where it has none."""
        stream = self._stdin or sys.stdin  # which is None where it was closed
        given = stream.readline().strip() if stream is not None else ""
        if not given:
            raise SetupProblem(SetupCode.NO_TERMINAL, f"standard input holds no {what}")
        return given

    def require(self, flag: str) -> None:
        """Raise SetupProblem(no_terminal) naming the flag, where there is no terminal."""
        if not self.terminal:
            raise SetupProblem(SetupCode.NO_TERMINAL, f"give {flag}", f"gonogo setup resume {flag}")


def at_a_terminal() -> bool:
    """Whether somebody can answer: standard input and standard error are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def from_file(path: Path, what: str, limit_s: float) -> str:
    """The first line of a file, or of a pipe within `limit_s`; raises SetupProblem(no_terminal) naming it."""
    try:
        given = first_line(path, limit_s)
    except (OSError, ValueError) as error:
        raise SetupProblem(SetupCode.NO_TERMINAL, f"{path} holds no {what}: {error}") from None
    if not given:
        raise SetupProblem(SetupCode.NO_TERMINAL, f"{path} is empty; it is to hold the {what}")
    return given
