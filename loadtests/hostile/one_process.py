"""The part of a run with one process of the service: every fault of the rail in turn, and the verdict on the books."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from gates.schema.progress import progress
from gates.schema.target import NamedTarget
from loadtests.hostile.judge.verdict import judge
from loadtests.hostile.play.driver import Driver, Order, due_to_each
from loadtests.hostile.play.faults import LOSSES, Fault
from loadtests.hostile.play.payout_client import PayoutClient
from loadtests.hostile.play.rail_client import RailSide, rail_url
from loadtests.hostile.read_books import Played, read_books
from loadtests.hostile.record import Part, asks_file, save
from loadtests.practice.staged import staged

BOOKS = "books"
_READY_S = 2.0


def run_alone(named: NamedTarget, order: Order, faults: tuple[Fault, ...], out: Path, begin: Callable[[], None]) -> Part:
    """Run faults against the service and the rail of the environment, or else start both, in OUT/service.

    `begin` is called when the service is ready.

    Raises UnknownProblem if service or rail do not respond, UsageProblem if the target's file is incomplete.
    """
    process = named.target.process
    started: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if not rail_url(named) and process is not None and process.rail:
        started = staged(named, process, out / "service")
    with started, PayoutClient(named) as client, RailSide(named) as rail:
        client.service.await_ready(_READY_S)
        build = client.service.build()
        begin()
        part = _play(client, rail, order, faults, out)
        return msgspec.structs.replace(part, builds=(build, client.service.known_build()))


def _play(client: PayoutClient, rail: RailSide, order: Order, faults: tuple[Fault, ...], out: Path) -> Part:
    payees = client.accounts.payee_ids
    earlier, lines = frozenset(item.payout_id for item in client.payouts()), rail.lines()
    intents = sum(order.payouts * fault.share for fault in faults)
    for at, due in enumerate(due_to_each(intents, len(payees))):
        client.fund(f"hostile-{order.run_id}-s{order.seed}-fund-{at}", payees[at], due * (LOSSES + 1))
    rail.tell()
    with asks_file(out) as write, progress("hostile rail", intents) as bar:
        driver = Driver(client, rail, order, write)
        driver.play(faults, bar)
    first_line = lines[-1].seq if lines else 0
    played = Played(tuple(driver.asks), tuple(driver.waits), driver.lost, earlier, first_line)
    books = read_books(client, rail, played, order.patience_s)
    save(out, BOOKS, books)
    return Part(judge(books), played.asks, client.service.base_url, rail.url)
