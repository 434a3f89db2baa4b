"""The simulation: seeded clients, a network that loses and doubles, a clock that jumps, and a gateway that dies."""

import datetime as dt
import hashlib
import random
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec
from sim.clients import Attempt, Client, FinanceClient
from sim.counter import Counter as RailCounter
from sim.model import Model
from sim.oracle import Snapshots, check_books
from sim.world import Crash, Step, World, mutation

from gateway.command_line.demo import FUNDS
from gateway.commands import Resume, ReviewPayout
from gateway.engine.chores import sweep_expired
from gateway.idempotency.claim import Mutation
from gateway.journal import Answer
from gateway.routes import RESUME, REVIEW_PAYOUT

CLIENTS = 12
WEIGHTS = {
    "ask": 40,
    "serve": 16,
    "deliver": 24,
    "forget": 3,
    "tick": 4,
    "jump": 0.1,
    "sweep": 1,
    "idle_crash": 0.3,
    "work": 12,
    "rail": 3,
}
"""How often each thing happens, by weight; the names are methods."""

LOOK_EVERY = 400
"""Steps between two looks at all the books."""


class Simulation:
    """One run from one seed. `trace` hashes everything that happened; equal seeds give equal traces."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self.world = World(folder)
        self.trace = hashlib.sha256()
        self.tally: Counter[str] = Counter()
        self.snapshots = Snapshots()
        wallets = {(demo.tenant_id, demo.wallet_id): FUNDS for demo in self.world.demos}
        payable = {(demo.tenant_id, payee): 0 for demo in self.world.demos for payee in demo.payee_ids}
        self.model = Model(wallets, payable)
        self.world.put_policy(self.model.limits)
        self.clients = [Client(number, self.world, self.dice) for number in range(CLIENTS)]
        self.clients += [FinanceClient(CLIENTS + number, self.world, self.dice) for number in range(2)]
        self.counter = RailCounter(self.world, self.dice, self._draw_crash)
        self.inbox: list[Attempt] = []
        self.outbox: list[tuple[Attempt, int, bytes]] = []

    def run(self, steps: int) -> None:
        """So many steps, then everybody is answered, then a last look."""
        for number in range(steps):
            self.step()
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                self.look()
        self.settle_down()
        self.look()

    def close(self) -> None:
        """Let go of the files."""
        self.counter.close()
        self.world.close()

    def step(self) -> None:
        """One thing happens."""
        names, weights = zip(*WEIGHTS.items(), strict=True)
        (name,) = self.dice.choices(names, weights)
        self.tally[name] += 1
        getattr(self, f"_{name}")()

    def settle_down(self) -> None:
        """No more faults, nobody paused: each client asks until it knows, so that nothing stays unknown."""
        for number in range(20):
            self._lose_connections()
            asked = [attempt for client in self.clients for attempt in client.ask_again()]
            if not asked:
                break
            self.inbox = asked + [self._resume(tenant, number) for tenant in range(len(self.world.demos))]
            while self.inbox:
                self._serve_batch(None)
            while self.outbox:
                self._deliver()
        else:
            raise AssertionError("a client does not get an answer, however often it asks")
        self._settle_with_the_rail()

    def _resume(self, tenant: int, number: int) -> Attempt:
        resume = Resume(reason="over")
        who = self.world.principal("operator", tenant)
        return Attempt(self.clients[tenant], mutation(RESUME, who, resume, f"last-resume-{number}-{tenant}"))

    def _settle_with_the_rail(self) -> None:
        """No payout's outcome stays unknown but to two operators, and the rail's book is ours."""
        for _ in range(60):
            self.world.now += dt.timedelta(seconds=90)
            self.counter.finish()
        self._follow_payouts()
        self.counter.check()
        open_ones = [item.state for item in self.model.payouts.values() if item.state in ("accepted", "executing", "unknown")]
        assert not open_ones, f"payouts stay {open_ones}"
        self._review_what_is_left()
        self.counter.check_the_rails_book()

    def _review_what_is_left(self) -> None:
        for payout_id, payout in self.model.payouts.items():
            if payout.state == "manual_review":
                tenant = next(n for n, demo in enumerate(self.world.demos) if demo.tenant_id == payout.tenant)
                (key,) = self.world.connection.execute(
                    "SELECT rail_key FROM payouts WHERE payout_id = ?", (payout_id,)
                ).fetchone()
                said = ReviewPayout("succeeded" if key in self.counter.rail.paid() else "failed", "the rail's statement")
                for name in ("operator-1", "operator-2"):
                    who = self.world.principal("operator", tenant, name)
                    self.inbox.append(
                        Attempt(self.clients[-1], mutation(REVIEW_PAYOUT, who, said, f"last-{name}-{payout_id}", payout_id))
                    )
                    self._serve_batch(None)
        for _ in range(10):
            self.world.now += dt.timedelta(seconds=90)
            self.counter.finish()
        self._follow_payouts()

    def _follow_payouts(self) -> None:
        self.model.follow_payouts(dict(self.world.connection.execute("SELECT payout_id, state FROM payouts ORDER BY payout_id")))

    def _work(self) -> None:
        """The workers' turn."""
        if self.counter.work():
            self._lose_connections()
        self._follow_payouts()

    def _rail(self) -> None:
        """The rail's turn: it decides, and tells."""
        self.counter.rail.make_up_its_mind()
        if self.counter.deliver():
            self._lose_connections()

    def look(self) -> None:
        """Everything that must hold, held."""
        self.counter.check()
        check_books(self.world.connection, self.world.signer_public)
        self.snapshots.look(self.world.connection)
        once = self.model.effects
        assert all(count <= 1 for count in once.values()), "one key had two effects"
        self._note("look", self.world.last_seq())

    def _ask(self) -> None:
        client = self.dice.choice(self.clients)
        copies = client.ask()
        self.inbox += copies
        for attempt in copies:
            self._note("ask", attempt.request.key, attempt.request.route.kind)

    def _serve(self) -> None:
        self._serve_batch(self._draw_crash())

    def _serve_batch(self, crash: Crash | None) -> None:
        if not self.inbox:
            return
        count = min(len(self.inbox), self.dice.choice((1, 1, 2, 4, 16)))
        batch = [self.inbox.pop(self.dice.randrange(len(self.inbox))) for _ in range(count)]
        served = self.world.serve([attempt.request for attempt in batch], crash)
        if served.durable or served.delivered:
            self._hold_against_the_model([attempt.request for attempt in batch], served.answers)
        if served.delivered:
            answers = zip(batch, served.answers, strict=True)
            self.outbox += [(attempt, answer.status, answer.body) for attempt, answer in answers]
            return
        self.tally[f"died {crash.step}" + (", durable" if served.durable else "")] += 1
        self._note("died", crash.step, crash.at, served.durable)
        self._lose_connections()

    def _hold_against_the_model(self, requests: list[Mutation], answers: list[Answer]) -> None:
        for request, answer in zip(requests, answers, strict=True):
            self._note("decided", request.key, answer.status, hashlib.sha256(answer.body).hexdigest())
            self.tally[f"{request.route.kind} {answer.status}"] += 1
            self.model.check(request, self.world.now, answer.status, answer.body)

    def _deliver(self) -> None:
        for _ in range(min(len(self.outbox), self.dice.choice((1, 2, 8)))):
            attempt, status, body = self.outbox.pop(self.dice.randrange(len(self.outbox)))
            attempt.client.hear(attempt, status, body)

    def _forget(self) -> None:
        """A reply is lost on its way, or a client loses patience while its request is still under way."""
        if self.outbox and self.dice.random() < 0.5:
            attempt, *_ = self.outbox.pop(self.dice.randrange(len(self.outbox)))
            attempt.client.give_up(attempt)
        elif self.inbox:
            attempt = self.dice.choice(self.inbox)
            attempt.client.give_up(attempt)

    def _tick(self) -> None:
        self.world.now += dt.timedelta(milliseconds=self.dice.randrange(1, 120_000))

    def _jump(self) -> None:
        self.world.now += dt.timedelta(hours=self.dice.choice((1, 25, 24 * 31)))

    def _sweep(self) -> None:
        crash = self._draw_crash()
        served = self.world.serve([partial(sweep_expired, limit=1_000_000)], crash)
        if served.durable or served.delivered:
            self.model.expire(self.world.now)
        if not served.delivered:
            self._lose_connections()

    def _idle_crash(self) -> None:
        self.world.kill()
        self._lose_connections()

    def _draw_crash(self) -> Crash | None:
        if self.dice.random() > 0.06:
            return None
        step = self.dice.choice(tuple(Step))
        return Crash(step, self.dice.randrange(40) if step is Step.STATEMENT else self.dice.randrange(1 << 20))

    def _lose_connections(self) -> None:
        """Whoever waits for an answer will not get it; what had not been read is gone with the process."""
        for attempt in [*self.inbox, *(item[0] for item in self.outbox)]:
            attempt.client.give_up(attempt)
        self.inbox, self.outbox = [], []

    def _note(self, *what: object) -> None:
        self.trace.update(msgspec.json.encode([str(item) for item in what]))
