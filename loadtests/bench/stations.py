"""What can be measured: a service on loopback that takes requests of a workload, and its resource use."""

from typing import Protocol

import httpx
import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv
from loadtests.bench.requests import Orders, http_request
from loadtests.bench.rows import Workload
from loadtests.bench.samples import Commits
from loadtests.bench.sockets import ask_all
from loadtests.practice.served import Served, answers

AMOUNT, HOLD = "1", "2"
"""A settle pays 1 of a hold of 2, so that the rest returns: three accounts change, in every compared service."""

REPLAYED = 500
"""The number of settled payments for replays."""


class Station(Protocol):
    """One service under measurement."""

    port: int

    def orders(self, workload: Workload, count: int) -> Orders:
        """At least `count` requests of that workload that were never sent; raises UnknownProblem if they cannot be prepared."""

    def cpu_ms(self) -> int | None:
        """CPU time of all its processes so far."""

    def rss_kb(self) -> int | None:
        """Resident memory of all its processes."""

    def commits(self) -> Commits | None:
        """Commits so far, if the service counts them."""

    def settled(self) -> int | None:
        """How many payments are settled in its books, if it reports that."""


class PeerStation:
    """One of `loadtests/bench/peers`, whose payments were reserved before it started to serve."""

    def __init__(self, served: Served, port: int, payments: int, database: Served | None = None) -> None:
        self.port = port
        self._served, self._payments, self._database = served, payments, database
        self._next, self._proven = 1, 0

    def orders(self, workload: Workload, count: int) -> Orders:
        """Settles of unsettled payments, or one request to be echoed."""
        if workload == "echo":
            return Orders((http_request("POST", "/echo", {}, _ECHO),), cycle=True)
        first, self._next = self._next, self._next + count
        if self._next > self._payments:
            raise UnknownProblem(f"all of the {self._payments} payments that were prepared are used up")
        return Orders([_settle(number) for number in range(first, self._next)])

    def cpu_ms(self) -> int | None:
        """CPU time of the service, and of its database server."""
        used = [served.cpu_ms() for served in (self._served, self._database) if served is not None]
        return None if None in used else sum(item for item in used if item is not None)

    def rss_kb(self) -> int | None:
        """Resident memory of the service, and of its database server."""
        used = [served.rss_kb() for served in (self._served, self._database) if served is not None]
        return None if None in used else sum(item for item in used if item is not None)

    def commits(self) -> None:
        """Peers do not count their commits."""

    def settled(self) -> int | None:
        """The settled payments in the peer's books; None for the bare control, which has none."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/settled", trust_env=False)
        return int(answer.text) - self._proven if answer.is_success else None

    def prove(self) -> None:
        """Check that it settles once and repeats its response; otherwise the comparison is meaningless.

        Raises UnknownProblem with its actual responses.
        """
        key, other = "bench-prove-00001", "bench-prove-00002"
        asked = (_settle(1, key), _settle(1, key), _settle(1, key, HOLD), _settle(1, other))
        answers = [ask_all(self.port, [request])[0] for request in asked]
        found = ([answer.status for answer in answers], answers[0].body == answers[1].body, self.settled())
        if found != ([200, 200, 422, 409], True, 1):
            raise UnknownProblem(f"not measured: it does not settle exactly once: {found}")
        self._next, self._proven = 2, 1


def peer_argv(name: str, port: int, database: str, payments: int) -> list[str]:
    """The command that starts a peer."""
    options = ["--port", str(port), "--database", database, "--payments", str(payments)]
    return room_argv("loadtests.bench.peers", name, *options)


def await_peer(served: Served, port: int) -> None:
    """Return when the peer serves."""
    served.wait(lambda: answers(port, "/readyz"))


def _settle(number: int, key: str | None = None, amount: str = AMOUNT) -> bytes:
    """The settle of the prepared payment of that number, which has the same name in all peers."""
    headers = {"Idempotency-Key": key or f"bench-settle-{number:012d}"}
    return http_request("POST", f"/payments/pay_{number:012d}/settle", headers, msgspec.json.encode({"amount": amount}))


_ECHO = msgspec.json.encode(
    {
        "wallet_id": "wal_0190c0de0190c0de0190c0de0190c0de",
        "payee_id": "pye_0190c0de0190c0de0190c0de0190c0de",
        "amount": HOLD,
        "currency": "USD",
        "client_reference": "bench-0001",
    }
)
