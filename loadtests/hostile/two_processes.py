"""The stage with two processes of a service on one database: set up, played on, and judged."""

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
from loadtests.hostile.play.payout_client import Desk
from loadtests.hostile.play.process import Party
from loadtests.hostile.play.rail_client import RailSide, rail_of
from loadtests.hostile.play.takeover import STAGES, Takeover, intents_of
from loadtests.hostile.read_books import Played, read_books
from loadtests.hostile.record import Part, asks_file, save
from loadtests.practice.staged import Running, database, staged


class Record(msgspec.Struct, frozen=True):
    """`takeover.json`: what happened, which payouts were overtaken, and the three books afterwards."""

    steps: tuple[Step, ...]
    taken: tuple[Overtaken, ...]
    books: ThreeBooks


def run_pair(named: NamedTarget, order: Order, out: Path, build: str | None) -> Part:
    """Have an owner overtaken in OUT/pair; where that cannot be done, the measure says why it is unknown.

    `build` is the one that the rest of the run has seen: what is known of another one says nothing here.
    """
    process, rail = named.target.process, rail_of(named)
    lack = _lack(process, rail)
    if lack or process is None:
        return _not_run(lack)
    haste = process.haste
    if haste is not None:
        order = msgspec.structs.replace(order, answer_timeout_ms=haste.answer_timeout_ms)
    try:
        with staged(named, process, out / "pair", copies=2, more=haste.arguments if haste else ()) as running:
            return _play(named, running, order, out, build)
    except UnknownProblem as problem:
        return _not_run(str(problem).partition("\n")[0])


def _play(named: NamedTarget, running: tuple[Running, ...], order: Order, out: Path, build: str | None) -> Part:
    first, second = running
    with Desk(_at(named, first)) as owner, Desk(_at(named, second)) as successor, RailSide(named) as rail:
        ours = owner.service.build()
        if build not in (None, ours):
            return _not_run(f"what the target starts is another build than what was tried before: {ours}, not {build}")
        for at, due in enumerate(due_to_each(intents_of(order), len(owner.accounts.payee_ids))):
            owner.fund(f"hostile-{order.run_id}-s{order.seed}-pair-{at}", owner.accounts.payee_ids[at], due)
        with asks_file(out) as write, progress("overtaking an owner", STAGES) as bar:
            takeover = Takeover((Party(owner, first), Party(successor, second)), rail, order, database(out / "pair"), write)
            taken = takeover.play(bar)
        played = Played(tuple(takeover.asks), tuple(takeover.waits), {}, frozenset(), 0)
        books = read_books(successor, rail, played, order.patience_s)
        record = Record(tuple(takeover.steps), () if isinstance(taken, Gap) else taken, books)
        save(out, "takeover", record)
        builds = (ours, successor.service.build())
        return Part(judge_overtaken(taken, books), played.asks, first.url, rail.url, builds, record.steps)


def _at(named: NamedTarget, running: Running) -> NamedTarget:
    return NamedTarget(named.name, msgspec.structs.replace(named.target, base_url=running.url))


def _lack(process: Process | None, rail: Rail) -> str:
    """Why no owner can be overtaken on this target; "" where one can."""
    if process is None or not process.rail:
        return "the target does not say how it and its rail are run here"
    if not any("{db}" in word for word in process.start):
        return "the target's process names no {db}: two of them cannot work on one database"
    if rail.decide is None or rail.asked is None:
        return "the target's rail cannot be made to think again, or does not tell whom it told: spec.rail.decide, spec.rail.asked"
    return ""


def _not_run(why: str) -> Part:
    gap = Gap(UnknownReason.NOT_RUN, why)
    return Part(judge_overtaken(gap, ThreeBooks((), (), (), (), (), (), {})))
