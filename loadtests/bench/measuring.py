"""One run: every row between two measurements of its control, in an order determined by the seed."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gates.schema.errors import UnknownProblem
from loadtests.bench.fleet import Fleet
from loadtests.bench.requests import Orders
from loadtests.bench.rows import Row, Workload, order
from loadtests.bench.samples import Pair, Received, Sample
from loadtests.bench.stations import Station
from loadtests.bench.targets import Pairs

_FIRST_RATE = 3_000
_TRIES = 4


class Generator(Protocol):
    """A load generator: it sends requests as fast as they are answered."""

    name: str

    def run(self, port: int, orders: Orders, connections: int, seconds: int) -> Received:
        """Keep `connections` requests in flight for `seconds`."""


class Bench:
    """Measures rows at the stations of a fleet, and records what their books must contain."""

    def __init__(self, fleet: Fleet, generator: Generator, seconds: int) -> None:
        self._fleet, self._generator, self._seconds = fleet, generator, seconds
        self._rates: dict[tuple[str, Workload, int], int] = {}
        self._left: dict[tuple[str, Workload], list[bytes]] = {}
        self.acknowledged: dict[str, int] = {}

    def run(
        self, rows: Sequence[Row], rounds: int, seed: int, on_step: Callable[[int, str], None]
    ) -> tuple[Pairs, dict[str, str]]:
        """All pairs by row, and the rows that could not be measured with the reason."""
        troubles = {row.name: why for row in rows if (why := self._fleet.trouble(row))}
        pairs: Pairs = {row.name: [] for row in rows}
        for step, (number, row) in enumerate((*((0, row) for row in rows), *order(rows, rounds, seed))):
            on_step(step, f"{row.name} ({'warm-up' if number == 0 else f'round {number}'})")
            if row.name in troubles:
                continue
            try:
                if number == 0:  # to warm up, and to estimate how many requests a measurement needs
                    self.measure(row.station, row.workload, row.connections)
                else:
                    pairs[row.name].append(self._pair(row, number))
            except UnknownProblem as problem:
                troubles[row.name] = problem.message
        return pairs, troubles

    def _pair(self, row: Row, number: int) -> Pair:
        control = (row.control, row.control_workload, row.connections)
        before = self.measure(*control)
        sample = self.measure(row.station, row.workload, row.connections)
        return Pair(row.name, number, before, sample, self.measure(*control))

    def measure(self, name: str, workload: Workload, connections: int) -> Sample:
        """One measurement; raises UnknownProblem if a single request was not successful."""
        station, what = self._fleet.stations[name], (name, workload, connections)
        for _ in range(_TRIES):
            wanted = self._rates.get(what, _FIRST_RATE) * self._seconds * 3 // 2 + 2 * connections
            sample = self._once(station, name, workload, connections, wanted)
            received = sample.received
            if received.refused or received.broken or not received.requests:
                reason = f"{received.refused} of {received.requests} responses were refusals, {received.broken} requests got none"
                raise UnknownProblem(f"not measured: {name} {workload}: {reason}")
            if not received.dry:
                self._rates[what] = max(1, int(received.rate))
                return sample
            self._rates[what] = 2 * wanted // self._seconds
        raise UnknownProblem(f"not measured: {name} {workload}: it responds faster than requests can be prepared")

    def _once(self, station: Station, name: str, workload: Workload, connections: int, wanted: int) -> Sample:
        orders = self._orders(station, name, workload, wanted)
        cpu, commits = station.cpu_ms(), station.commits()
        received = self._generator.run(station.port, orders, connections, self._seconds)
        cpu_after, commits_after = station.cpu_ms(), station.commits()
        if not orders.cycle:
            sent = received.requests + 2 * connections + 8
            self._left[name, workload] = list(orders.requests[sent + sent % 2 :])
        if workload in ("settle", "random-keys", "half-replays") and not received.dry:
            fresh = received.requests // 2 - connections if workload == "half-replays" else received.requests
            self.acknowledged[name] = self.acknowledged.get(name, 0) + max(fresh, 0)
        return Sample(
            received,
            None if cpu is None or cpu_after is None else cpu_after - cpu,
            station.rss_kb(),
            None if commits is None or commits_after is None else commits_after.since(commits),
        )

    def _orders(self, station: Station, name: str, workload: Workload, wanted: int) -> Orders:
        """Requests that were never sent: the rest of the last measurement, and as many new ones as needed."""
        left = self._left.pop((name, workload), [])
        if len(left) >= wanted:
            return Orders(left)
        new = station.orders(workload, wanted - len(left))
        return new if new.cycle else Orders([*left, *new.requests])
