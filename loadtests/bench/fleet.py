"""All services of one run: started once and kept until its end, so that they are warm in every measurement."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from gates.schema.errors import Problem, UnknownProblem
from gates.schema.output import show
from gates.schema.ports import free_port
from gates.schema.target import NamedTarget
from loadtests.bench.gateway_station import GatewayStation
from loadtests.bench.needs import NEEDS, require
from loadtests.bench.postgres import find_postgres, running
from loadtests.bench.rows import GROWTH_BASE, Row
from loadtests.bench.stations import PeerStation, Station, await_peer, peer_argv
from loadtests.practice.cores import Cores
from loadtests.practice.served import Served


class Fleet(msgspec.Struct):
    """The running stations, and the reason for each that does not run."""

    stations: dict[str, Station] = {}
    troubles: dict[str, str] = {}
    postgres: str | None = None

    def trouble(self, row: Row) -> str | None:
        """Why a row cannot be measured: the problem of its station, or of its control."""
        return self.troubles.get(row.station) or self.troubles.get(row.control)


class Plan(msgspec.Struct, frozen=True):
    """Where and how stations are started. `payments` are prepared for each peer; `postgres` None: look for its programs."""

    named: NamedTarget
    folder: Path
    cores: Cores
    payments: int
    postgres: Path | None = None


class Yard:
    """Starts stations in one folder, on their cores; the ExitStack ends all of them."""

    def __init__(self, plan: Plan, stack: ExitStack) -> None:
        self._named, self._folder, self._cores, self._payments = plan.named, plan.folder, plan.cores, plan.payments
        self._programs, self._stack = plan.postgres, stack
        self._postgres: tuple[Served, Path] | None = None
        self.version: str | None = None

    def start(self, name: str) -> Station:
        """One station, ready; raises a Problem if it cannot be started."""
        if name == "gateway":
            return self._gateway(name, 0)
        if name.startswith("stored-"):
            return self._gateway(name, int(name.removeprefix("stored-")))
        return self._peer(name)

    def _gateway(self, name: str, stored: int) -> Station:
        if stored > GROWTH_BASE:
            require_room(self._folder, self._folder / f"stored-{GROWTH_BASE}", stored)
        station = GatewayStation(self._named, self._folder / name, self._cores, stored=stored)
        self._stack.callback(station.served.end)
        station.wait()
        return station

    def _peer(self, name: str) -> Station:
        require(NEEDS[name])
        server, database = self._database(name)
        port = free_port()
        argv = peer_argv(name, port, database, self._payments)
        served = Served(name, argv, log=self._folder / f"{name}.log", cores=self._cores.server)
        self._stack.callback(served.end)
        await_peer(served, port)
        station = PeerStation(served, port, self._payments, server)
        if name != "bare":
            station.prove()
        return station

    def _database(self, name: str) -> tuple[Served | None, str]:
        if "asyncpg" not in NEEDS[name]:
            return None, str(self._folder / f"{name}.db")
        if self._postgres is None:
            found = find_postgres(self._programs)
            self._postgres = self._stack.enter_context(running(found, self._folder, self._cores.database))
            self.version = found.version
        server, home = self._postgres
        return server, str(home)


def require_room(folder: Path, small: Path, stored: int) -> None:
    """Raises UnknownProblem if the disk has no space for `stored` payments, estimated from the small database."""
    taken = sum(path.stat().st_size for path in small.rglob("*") if path.is_file())
    needed, free = 3 * taken * stored // (2 * GROWTH_BASE), shutil.disk_usage(folder).free
    if needed > free:
        gigabytes = 10**9
        raise UnknownProblem(f"not run: needs about {needed // gigabytes} GB of disk, {free // gigabytes} GB are free")


@contextmanager
def fleet(plan: Plan, rows: Sequence[Row], on_start: Callable[[str], None]) -> Iterator[Fleet]:
    """All services that the rows need, running. A service that cannot be started leaves its rows unmeasured.

    Raises the Problem of the control or of the target's station: without them there is nothing to compare.
    """
    with ExitStack() as stack:
        yard, found = Yard(plan, stack), Fleet()
        for name in dict.fromkeys(name for row in rows for name in (row.control, row.station)):
            on_start(name)
            try:
                found.stations[name] = yard.start(name)
            except Problem as problem:
                if name in ("bare", "gateway"):
                    raise
                found.troubles[name] = problem.message
                show(f"{name}: {problem}", err=True)
        found.postgres = yard.version
        yield found
