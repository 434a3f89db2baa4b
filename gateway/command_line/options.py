"""What the commands of `gonogo gateway` share: the database option, the clock, and how a problem that a person can fix ends."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateway.clock import Clock


def default_db() -> Path:
    """`gateway.db` in the state folder: `.gonogo/` here, or GONOGO_HOME."""
    return Path(os.environ.get("GONOGO_HOME") or ".gonogo") / "gateway.db"


@contextlib.contextmanager
def problems() -> Generator[None, None, None]:
    """An error that a person can fix ends the command with its text and exit code 2."""
    from gateway.errors import StartProblem

    try:
        yield
    except StartProblem as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as error:
        if error.filename is None:
            raise
        what = f"{error.filename}: {error.strerror}; check that the path exists, its owner, its mode and the room on its disk"
        raise click.ClickException(what) from None


DB = click.option(
    "--db", type=click.Path(path_type=Path), default=None, help="The database file.  [default: gateway.db in the state folder]"
)


def database(db: Path | None) -> Path:
    """The database that a command is about."""
    return (db or default_db()).absolute()


def command_clock() -> "Clock":
    """The machine's clock, or that of the rehearsal in which this command runs."""
    from gateway.rehearsal import chosen_clock

    return chosen_clock(os.environ)


BY = click.option("--by", default="command line", show_default=True, help="Who; the journal keeps it.")
