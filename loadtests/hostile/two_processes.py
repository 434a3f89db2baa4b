"""The part of a run with two processes of the service on one database: set up, run, and judged."""

from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.outcome import UnknownReason
from gates.schema.progress import progress
from gates.schema.target import NamedTarget, Process, Rail
from loadtests.books.entries import Gap
from loadtests.hostile.books import Overtaken, Step, ThreeBooks
from loadtests.hostile.judge.late_writes import judge_overtaken
from loadtests.hostile.play.driver import Order, due_to_each
from loadtests.hostile.play.payout_client import PayoutClient
from loadtests.hostile.play.process import ServiceProcess
from loadtests.hostile.play.rail_client import RailSide, rail_of
from loadtests.hostile.play.takeover import PROGRESS_STEPS, Takeover, intents_of
from loadtests.hostile.read_books import Played, read_books
from loadtests.hostile.record import Part, asks_file, save
from loadtests.practice.staged import Running, database, staged

TAKEOVER = "takeover"


class Record(msgspec.Struct, frozen=True):
    """`takeover.json`: the steps, the payouts that were taken over or why there are none, and the three books afterwards."""

    steps: tuple[Step, ...]
    taken: tuple[Overtaken, ...] | Gap
    books: ThreeBooks


def run_pair(named: NamedTarget, order: Order, out: Path, build: str | None) -> Part:
    """Have another process take payouts over in OUT/pair; if that is impossible, the measure is unknown with the reason.

    `build` is the build of the rest of the run: results of another one do not count.
    """
    process, rail = named.target.process, rail_of(named)
    lack = _lack(process, rail)
    if lack or process is None:
        return _not_run(lack, out)
    haste = process.haste
    if haste is not None:
        order = msgspec.structs.replace(order, answer_timeout_ms=haste.answer_timeout_ms)
    try:
        with staged(named, process, out / "pair", copies=2, more=haste.arguments if haste else ()) as running:
            return _play(named, running, order, out, build)
    except UnknownProblem as problem:
        return _not_run(str(problem).partition("\n")[0], out)


def _play(named: NamedTarget, running: tuple[Running, ...], order: Order, out: Path, build: str | None) -> Part:
    first, second = running
    with PayoutClient(_at(named, first)) as owner, PayoutClient(_at(named, second)) as successor, RailSide(named) as rail:
        ours = owner.service.known_build()
        if build not in (None, ours):
            return _not_run(f"the target starts another build than the rest of the run tested: {ours}, not {build}", out)
        for at, due in enumerate(due_to_each(intents_of(order), len(owner.accounts.payee_ids))):
            owner.fund(f"hostile-{order.run_id}-s{order.seed}-pair-{at}", owner.accounts.payee_ids[at], due)
        with asks_file(out) as write, progress("takeover from a stale worker", PROGRESS_STEPS) as bar:
            takeover = Takeover(
                (ServiceProcess(owner, first), ServiceProcess(successor, second)), rail, order, database(out / "pair"), write
            )
            taken = takeover.play(bar)
        played = Played(tuple(takeover.asks), tuple(takeover.waits), {}, frozenset(), 0)
        books = read_books(successor, rail, played, order.patience_s)
        record = Record(tuple(takeover.steps), taken, books)
        save(out, TAKEOVER, record)
        builds = (ours, successor.service.known_build())
        return Part(judge_overtaken(taken, books), played.asks, first.url, rail.url, builds, record.steps)


def _at(named: NamedTarget, running: Running) -> NamedTarget:
    return msgspec.structs.replace(named, target=msgspec.structs.replace(named.target, base_url=running.url))


def _lack(process: Process | None, rail: Rail) -> str:
    """Why this target cannot run a takeover; "" if it can."""
    if process is None or not process.rail:
        return "the target does not define how to start it and its rail"
    if not any("{db}" in word for word in process.start):
        return "the target's process has no {db}: two processes cannot share one database"
    if rail.decide is None or rail.asked is None:
        return "the target's rail cannot change an outcome, or does not count requests per key: spec.rail.decide, spec.rail.asked"
    return ""


def _not_run(why: str, out: Path) -> Part:
    gap, nothing = Gap(UnknownReason.NOT_RUN, why), ThreeBooks((), (), (), (), (), (), {})
    save(out, TAKEOVER, Record((), gap, nothing))
    return Part(judge_overtaken(gap, nothing))
