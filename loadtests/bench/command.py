"""A run of the comparison, from its settings to its documents."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import msgspec

from gates.schema.canonical import to_builtins
from gates.schema.errors import UsageProblem
from gates.schema.progress import progress
from gates.schema.target import NamedTarget, check_environment
from gates.schema.time import Clock, format_utc
from loadtests.bench.fleet import Fleet, Plan, fleet
from loadtests.bench.gateway_station import GatewayStation
from loadtests.bench.machine import describe
from loadtests.bench.measuring import Bench, Generator
from loadtests.bench.render import markdown
from loadtests.bench.report import BenchReport, Books, Facts, make_report
from loadtests.bench.rows import Row
from loadtests.bench.sockets import SocketGenerator
from loadtests.bench.wrk import WrkGenerator, find_wrk
from loadtests.practice.cores import Cores, available_cores, pinned, share_out

_FASTEST = 12_000
"""Settles a second that no peer is expected to exceed: how many payments are prepared for it."""


class BenchOrder(msgspec.Struct, frozen=True):
    """What to measure, and for how long. `generator` is auto, wrk or own; `work` the folder for databases.

    `postgres` is the folder of PostgreSQL's programs, None to look for them.
    """

    rows: tuple[Row, ...]
    rounds: int
    seconds: int
    seed: int
    generator: str
    work: Path
    postgres: Path | None = None


def run_bench(order: BenchOrder, named: NamedTarget, clock: Clock) -> BenchReport:
    """Start all services, measure all rows, end all services.

    Raises UnknownProblem if the control or the target's service cannot be started.
    """
    check_environment(named.target)
    available = available_cores()
    cores, begun = share_out(available), clock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gonogo-bench-", dir=order.work)))
        folder.chmod(0o711)  # PostgreSQL's own user passes through
        stack.enter_context(pinned(cores.generator))
        generator = choose_generator(order.generator, folder)
        found = stack.enter_context(_fleet(order, named, folder, cores))
        machine = describe(folder, cores=available, pinned=cores.apart, generator=generator.name, postgres=found.postgres)
        bench = Bench(found, generator, order.seconds)
        with progress("measure", len(order.rows) * (order.rounds + 1)) as bar:
            pairs, troubles = bench.run(order.rows, order.rounds, order.seed, bar.step)
        facts = Facts(format_utc(begun), _build(found), order.seed, order.rounds, order.seconds, machine)
        return make_report(facts, order.rows, pairs, troubles, _books(found, bench))


def choose_generator(wanted: str, folder: Path) -> Generator:
    """Wrk if it is installed, else our own generator; the same for all rows of a run.

    Raises UsageProblem if wrk is requested and not installed.
    """
    program = find_wrk() if wanted in ("auto", "wrk") else None
    if program is not None:
        return WrkGenerator(program, folder)
    if wanted == "wrk":
        raise UsageProblem("wrk is not on the PATH", next_step="install it, or leave --generator out")
    return SocketGenerator()


def write_report(report: BenchReport, out: Path) -> None:
    """Write bench.json and bench.md to a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json_text(report), encoding="utf-8")
    (out / "bench.md").write_text(markdown(report), encoding="utf-8")


def json_text(report: BenchReport) -> str:
    """The document as JSON, with every pair behind its figures."""
    return msgspec.json.format(msgspec.json.encode(to_builtins(report)), indent=2).decode() + "\n"


def work_folder(chosen: Path | None) -> Path:
    """The folder for the databases: readable for other users (PostgreSQL's own), on a disk and not in memory."""
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        return chosen
    lasting = Path("/var/tmp")  # noqa: S108  # unlike /tmp it is never kept in memory; the folder inside has a random name
    return lasting if os.access(lasting, os.W_OK) else Path(tempfile.gettempdir())


@contextmanager
def _fleet(order: BenchOrder, named: NamedTarget, folder: Path, cores: Cores) -> Iterator[Fleet]:
    plan = Plan(named, folder, cores, (order.rounds + 2) * order.seconds * _FASTEST, order.postgres)
    names = {name for row in order.rows for name in (row.station, row.control)}
    with ExitStack() as stack:
        with progress("start", len(names)) as bar:
            number = count()
            found = stack.enter_context(fleet(plan, order.rows, lambda name: bar.step(next(number), name)))
        yield found


def _build(found: Fleet) -> str | None:
    stations = (station for station in found.stations.values() if isinstance(station, GatewayStation))
    return next((station.build() for station in stations), None)


def _books(found: Fleet, bench: Bench) -> list[Books]:
    return [Books(name, acknowledged, found.stations[name].settled()) for name, acknowledged in bench.acknowledged.items()]
