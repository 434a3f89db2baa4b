"""The service of a Target file as a station: started by its process section, loaded through its operations, known by its URL."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

import httpx
import msgspec

from gates.evidence.reported import read_build
from gates.schema.credential import SentHeader, resolve_credential
from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.pointer import id_at, text_at
from gates.schema.ports import free_port
from gates.schema.practice import seed_payments, seed_tenant
from gates.schema.sending import make_request
from gates.schema.target import NamedTarget, Process, command_line
from gates.schema.template import fill, resolve
from loadtests.bench.requests import Orders, http_request
from loadtests.bench.rows import Workload
from loadtests.bench.samples import Commits
from loadtests.bench.sockets import ask_all
from loadtests.bench.stations import AMOUNT, HOLD, REPLAYED
from loadtests.practice.cores import Cores
from loadtests.practice.served import Served, answers

_SLOW_BUCKET = "0.015"


class GatewayStation:
    """One service with its own database, which contains `stored` settled payments at the start."""

    def __init__(self, named: NamedTarget, folder: Path, cores: Cores, *, stored: int = 0) -> None:
        self.target, self.port = named.target, free_port()
        process = _process_of(named)
        folder.mkdir(parents=True)
        environ = {**os.environ, **_seed(named.name, process, folder / "database", stored)}
        self._environ = {**environ, "GONOGO_BASE_URL": f"http://127.0.0.1:{self.port}"}
        fields = {"port": str(self.port), "db": str(folder / "database")}
        argv = command_line((*process.start, *process.quiet), fields)
        self.served = Served(named.name, argv, log=folder / "log", cores=cores.server, environ=self._environ)
        self._numbers = count(1)
        self._settled_before = 0
        self._replays: list[bytes] = []
        self._variables = {name: resolve(text, self._environ) for name, text in self.target.variables.items()}
        payees = self._variables.get("payee_ids", "").split(",")
        self._variables["payee_id"] = payees[0]

    def wait(self) -> None:
        """Return when it is ready; raises UnknownProblem if it does not become ready."""
        self.served.wait(lambda: answers(self.port, self.target.ready_path))
        self._settled_before = self.settled() or 0

    def orders(self, workload: Workload, count: int) -> Orders:
        """Requests of one workload; payments to be settled are reserved over HTTP before the measurement."""
        if workload == "reserve":
            return Orders([self._request("reserve", {"amount": HOLD}) for _ in range(count)])
        if workload == "replay":
            return Orders(self._stored_answers(), cycle=True)
        if workload == "half-replays":
            fresh, stored = self._settles(count // 2 + 1), self._stored_answers()
            return Orders(list(chain.from_iterable((new, stored[at % len(stored)]) for at, new in enumerate(fresh))))
        assert workload in ("settle", "random-keys"), "only the bare control has the echo workload"
        return Orders(self._settles(count, in_order=workload == "settle"))

    def cpu_ms(self) -> int | None:
        """CPU time of its processes so far."""
        return self.served.cpu_ms()

    def rss_kb(self) -> int | None:
        """Resident memory of its processes."""
        return self.served.rss_kb()

    def commits(self) -> Commits | None:
        """Commits so far, from the histogram that the target's file names; None if there is none."""
        where = self.target.commits
        if where is None:
            return None
        answer = httpx.get(f"http://127.0.0.1:{self.port}{where.path}", trust_env=False)
        return read_commits(answer.text, where.histogram) if answer.is_success else None

    def settled(self) -> int | None:
        """Payments settled since the measurements began, from the payee's balance: every settle pays the same amount."""
        operation = self.target.audit.payee
        if operation is None:
            return None
        path = str(fill(operation.path, self._variables))
        headers = self._credential(operation.role).line
        answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, trust_env=False)
        payable = text_at(msgspec.json.decode(answer.content), "/payable") if answer.is_success else None
        return None if payable is None else int(payable) // int(AMOUNT) - self._settled_before

    def build(self) -> str | None:
        """The sha256 of the running build, if the target reports it now."""
        with suppress(Problem):
            return read_build(self.target, self._environ)
        return None

    def _settles(self, count: int, *, in_order: bool = True) -> list[bytes]:
        reserve = self.target.operations["reserve"]
        pointer = reserve.id_pointer
        if pointer is None:
            raise UsageProblem("the target does not define the payment's id in a reserve's response (id_pointer)")
        asked = [self._request("reserve", {"amount": HOLD}) for _ in range(count)]
        found: list[bytes] = []
        for answer in ask_all(self.port, asked):
            payment_id = id_at(msgspec.json.decode(answer.body), pointer) if answer.status in reserve.success else None
            if payment_id is None:
                raise UnknownProblem(f"a reserve that prepares a measurement returned {answer.status}: {answer.body[:300]!r}")
            found.append(self._request("settle", {"amount": AMOUNT, "payment_id": payment_id}, in_order=in_order))
        return found

    def _stored_answers(self) -> list[bytes]:
        """Settles that are already answered."""
        if not self._replays:
            self._replays = self._settles(REPLAYED)
            refused = [answer for answer in ask_all(self.port, self._replays) if answer.status >= 300]
            if refused:
                raise UnknownProblem(f"a settle that prepares replays returned {refused[0].status}: {refused[0].body[:300]!r}")
        return self._replays

    def _request(self, name: str, fields: Mapping[str, str], *, in_order: bool = True) -> bytes:
        operation = self.target.operations[name]  # type: ignore[index]  # the names are literals of the target's schema
        key = f"bench-{name}-{next(self._numbers):012d}"
        if not in_order:
            key = hashlib.sha256(key.encode()).hexdigest()[:32]
        known = {**self._variables, "currency": self.target.currency, "key": key, "reference": key, **fields}
        credential = self._credential(operation.role)
        request = make_request(self.target, operation, known, credential=credential, key=key, environ=self._environ)
        return http_request(request.method, request.path, request.headers, request.body or b"")

    def _credential(self, role: str) -> SentHeader:
        return resolve_credential(self.target, role, self._environ)


def read_commits(metrics: str, histogram: str) -> Commits | None:
    """The commits in a Prometheus exposition: all of them, and those above the bucket of 15 ms; None without such a histogram."""
    count = quick = None
    for line in metrics.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith(f"{histogram}_count"):
            count = (count or 0) + int(value.partition(".")[0])
        elif name.startswith(f"{histogram}_bucket") and f'le="{_SLOW_BUCKET}"' in name:
            quick = (quick or 0) + int(value.partition(".")[0])
    return None if count is None or quick is None else Commits(count, count - quick)


def _process_of(named: NamedTarget) -> Process:
    if named.target.process is None:
        next_step = "the comparison has to start the service itself: add a `process` section to its file"
        raise UsageProblem(f"the target {named.name!r} does not define how to start it", next_step=next_step)
    return named.target.process


def _seed(name: str, process: Process, db: Path, stored: int) -> dict[str, str]:
    """Create the first tenant, with `stored` settled payments; its ids and keys as GONOGO_* variables.

    Without a seed command they come from the environment.
    """
    if not stored:
        return seed_tenant(process.seed, db, os.environ)
    if not process.bulk:
        raise UnknownProblem(f"not run: the target {name!r} has no command that stores payments")
    return seed_payments(process.bulk, db, os.environ, stored)
