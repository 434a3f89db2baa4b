"""The stage with one process of a service: every fault of the rail in turn, and what the three books say of it."""

import contextlib
from pathlib import Path

from gates.schema.progress import progress
from gates.schema.target import NamedTarget
from loadtests.hostile.judge.verdict import judge
from loadtests.hostile.play.driver import Driver, Order, due_to_each
from loadtests.hostile.play.faults import LOSSES, Fault
from loadtests.hostile.play.payout_client import Desk
from loadtests.hostile.play.rail_client import RailSide, rail_url
from loadtests.hostile.read_books import Played, read_books
from loadtests.hostile.record import Part, asks_file, save
from loadtests.practice.staged import staged

_READY_S = 2.0


def run_alone(named: NamedTarget, order: Order, faults: tuple[Fault, ...], out: Path) -> Part:
    """Play faults against the service and the rail that the environment names, or else on a stage of its own, in OUT/service.

    Raises UnknownProblem where service or rail do not answer, UsageProblem where the target's file lacks something.
    """
    process = named.target.process
    stage: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if not rail_url(named) and process is not None and process.rail:
        stage = staged(named, process, out / "service")
    with stage, Desk(named) as desk, RailSide(named) as rail:
        desk.service.await_ready(_READY_S)
        return _play(desk, rail, order, faults, out)


def _play(desk: Desk, rail: RailSide, order: Order, faults: tuple[Fault, ...], out: Path) -> Part:
    build, payees = desk.service.build(), desk.accounts.payee_ids
    earlier, lines = frozenset(item.payout_id for item in desk.payouts()), rail.lines()
    intents = sum(order.payouts * fault.share for fault in faults)
    for at, due in enumerate(due_to_each(intents, len(payees))):
        desk.fund(f"hostile-{order.run_id}-s{order.seed}-fund-{at}", payees[at], due * (LOSSES + 1))
    rail.tell()
    with asks_file(out) as write, progress("hostile rail", intents) as bar:
        driver = Driver(desk, rail, order, write)
        driver.play(faults, bar)
    first_line = lines[-1].seq if lines else 0
    played = Played(tuple(driver.asks), tuple(driver.waits), driver.lost, earlier, first_line)
    books = read_books(desk, rail, played, order.patience_s)
    save(out, "books", books)
    return Part(judge(books), played.asks, desk.service.base_url, rail.url, (build, desk.service.build()))
