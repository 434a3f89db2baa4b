"""A rail and a service for one hostile-rail run, if the environment names none: started, and always ended."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gates.schema.ports import free_port
from gates.schema.practice import RAIL_URL, rail_argv, ready_url, seed_tenant, shared_secret
from gates.schema.target import NamedTarget, Process, command_line
from loadtests.practice.cores import available_cores
from loadtests.practice.served import Served, answers

_URL = "GONOGO_BASE_URL"  # the name of a variable


class Running(NamedTuple):
    """One process of the service, and its URL."""

    url: str
    served: Served


def database(folder: Path) -> Path:
    """The file that the processes of a service share in that folder."""
    return folder / "service.db"


@contextlib.contextmanager
def staged(
    named: NamedTarget, process: Process, folder: Path, *, copies: int = 1, more: Sequence[str] = ()
) -> Iterator[tuple[Running, ...]]:
    """Run the target's rail and then its service on a fresh database in `folder`; the environment names them during the block.

    `copies` processes of the service share the database, and the environment names the first; `more` are arguments
    for each. Raises UnknownProblem with the end of its log if one does not become ready.
    """
    folder.mkdir(parents=True, mode=0o700)
    before = dict(os.environ)
    log, db = folder / "rail.log", database(folder)
    with contextlib.ExitStack() as ending:
        ending.callback(_restore, before)
        os.environ.update(shared_secret())
        rail = Served("the rail", rail_argv(process, folder / "rail.db"), log=log, cores=available_cores())
        ending.callback(rail.end)
        rail.wait(lambda: ready_url(log.read_bytes()) is not None)
        os.environ.update({RAIL_URL: ready_url(log.read_bytes()) or "", **seed_tenant(process.seed, db, os.environ)})
        names = ["service", *(f"service-{number}" for number in range(2, copies + 1))]
        running = tuple(_serve(named, (*process.start, *more), db, name, ending) for name in names)
        os.environ[_URL] = running[0].url
        yield running


def _serve(named: NamedTarget, start: Sequence[str], db: Path, name: str, ending: contextlib.ExitStack) -> Running:
    """Start one process of the service on that database, and wait until it is ready."""
    port = free_port()
    url = os.environ[_URL] = f"http://127.0.0.1:{port}"
    fields = {"port": str(port), "db": str(db), "rail_url": os.environ[RAIL_URL]}
    argv = command_line(start, fields)
    served = Served(named.name, argv, log=db.with_name(f"{name}.log"), cores=available_cores())
    ending.callback(served.end)
    served.wait(lambda: answers(port, named.target.ready_path))
    return Running(url, served)


def _restore(environ: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
