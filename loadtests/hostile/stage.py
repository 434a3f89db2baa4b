"""A rail and a service run here for one run of the kit, where the environment names none: started, and always ended."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL, rail_argv, ready_url, shared_secret
from gates.schema.target import NamedTarget, Process, fill
from loadtests.bench.cores import available_cores
from loadtests.bench.served import Served, answers, free_port


@contextlib.contextmanager
def staged(named: NamedTarget, process: Process, folder: Path) -> Iterator[None]:
    """Run the target's rail and then its service on a fresh database in `folder`; the environment names them meanwhile.

    Raises UnknownProblem with the end of its log for one that does not get ready.
    """
    folder.mkdir(parents=True, mode=0o700)
    before = dict(os.environ)
    cores, log, db = available_cores(), folder / "rail.log", folder / "service.db"
    with contextlib.ExitStack() as ending:
        ending.callback(_restore, before)
        os.environ.update(shared_secret())
        rail = Served("the rail", rail_argv(process, folder / "rail.db"), log=log, cores=cores)
        ending.callback(rail.end)
        rail.wait(lambda: ready_url(log.read_bytes()) is not None)
        url, port = ready_url(log.read_bytes()) or "", free_port()
        os.environ.update({RAIL_URL: url, "GONOGO_BASE_URL": f"http://127.0.0.1:{port}", **_seed(process, db)})
        fields = {"python": sys.executable, "port": str(port), "db": str(db), "rail_url": url}
        argv = [str(fill(word, fields)) for word in process.start]
        service = Served(named.name, argv, log=folder / "service.log", cores=cores)
        ending.callback(service.end)
        service.wait(lambda: answers(port, named.target.ready_path))
        yield


def _restore(environ: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)


def _seed(process: Process, db: Path) -> dict[str, str]:
    """Make a tenant; its ids and keys as GONOGO_* variables."""
    if not process.seed:
        return {}
    argv = [str(fill(word, {"python": sys.executable, "db": str(db)})) for word in process.seed]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
        members = msgspec.json.decode(done.stdout, type=dict[str, str | list[str]])
    except (OSError, subprocess.CalledProcessError, msgspec.MsgspecError) as error:
        raise UnknownProblem(f"the database could not be prepared: {error}") from None
    return {f"GONOGO_{key.upper()}": value if isinstance(value, str) else ",".join(value) for key, value in members.items()}
