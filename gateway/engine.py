"""The gateway's engine: one database, one writer, its readers and its key, without HTTP."""

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from gateway import retention
from gateway.answers import (
    DecisionView,
    EnvelopeView,
    KeyView,
    LedgerLine,
    PayeeView,
    PaymentPage,
    PaymentView,
    PayoutPage,
    PayoutView,
    ReceiptPage,
    StatusView,
    WalletView,
)
from gateway.build import VERSION, build_sha256
from gateway.clock import format_utc
from gateway.commands import Principal, Reserve
from gateway.errors import Code, Refusal
from gateway.execute import Chore, Context, execute_batch, sweep_expired
from gateway.idempotency import Mutation
from gateway.in_flight import InFlight, in_flight_use, scope_of
from gateway.journal import Answer, refuse
from gateway.payout_steps import store_event
from gateway.rail.breaker import Breaker
from gateway.rail.http import HttpRail
from gateway.rail.port import RAIL
from gateway.screening import Asked, screen
from gateway.settings import Settings
from gateway.signing import SigningKeys, jwks, open_keys
from gateway.store.batch import Batch
from gateway.store.commit import GroupCommit, StorageFailed
from gateway.store.connections import open_reader, open_writer
from gateway.store.migrations import migrate
from gateway.store.payouts import RailEventRow
from gateway.store.reads import Reads
from gateway.store.tenants import TenantStore
from gateway.views import decision_view, payee_view, payment_view, wallet_view
from gateway.workers import RailDesk, RailLoop, Timing

Listener = Callable[[str, str, bool], None]
"""Told of each decided mutation: operation kind, outcome (ok or the refusal's code), whether it was a replay."""

TRUST_ONLY = "the rail does not answer: reserves, settles and reverses work as ever, payouts wait until it does"
SWEEP_EVERY_S = 5.0
SWEEP_LIMIT = 200

_log = logging.getLogger("gateway.engine")


class Engine:
    """Decides mutations durably and answers reads. Made with `open`, run between `start` and `drain`."""

    def __init__(self, settings: Settings, writer: sqlite3.Connection, reader: sqlite3.Connection, keys: SigningKeys) -> None:
        self.settings = settings
        self.build = build_sha256(Path(__file__).parent)
        self.listeners: list[Listener] = []
        self._writer, self._reader, self._keys = writer, reader, keys
        self._tx, self._tenants, self._reads = Batch(writer), TenantStore(writer), Reads(reader)
        self._commit: GroupCommit[Mutation | Chore, object] = GroupCommit(writer, self._decide, settings.lock_wait_s)
        self._in_flight = InFlight()
        self.answers_purged = 0
        self.draining = False
        self._sweeper: asyncio.Task[None] | None = None
        self.rail_listeners: list[Callable[[bool], None]] = []
        self._has_rail = settings.rail is not None or settings.rail_url is not None
        self._rail: RailLoop | None = None
        self._breaker: Breaker | None = None

    @classmethod
    def open(cls, settings: Settings) -> "Engine":
        """Open and migrate the database, load or make the signing key.

        Raises StartProblem, with the file and what to do, where that cannot be done.
        """
        migrate(settings.db)
        writer = open_writer(settings.db)
        keys = open_keys(settings, writer)
        return cls(settings, writer, open_reader(settings.db), keys)

    def observe_commits(self, observe: Callable[[float, int], None]) -> None:
        """Have each durable commit's seconds and number of requests told to `observe`."""
        self._commit.observe = observe

    async def start(self) -> None:
        """Begin to take mutations, and to tidy expired holds in the background."""
        self._commit.start()
        if self._has_rail:
            self._start_rail()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(), name="expiry")

    async def drain(self) -> None:
        """Refuse new mutations, finish those that were taken, move the log into the database, close."""
        self.draining = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        if self._rail is not None:
            await self._rail.stop()
        await self._commit.drain()
        self._reader.close()
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writer.close()

    async def mutate(self, mutation: Mutation, wait_s: int = 0) -> Answer:
        """Decide one request; returns once the answer is durable. Expected refusals are answers, not exceptions.

        `wait_s` is how long it may wait where the first request with its key is held up.
        """
        scope = scope_of(mutation)
        first = self._in_flight.first(scope)
        if first is None:
            self._in_flight.begin(scope, mutation.route.name, self.settings.clock())
            try:
                return await self._answer(mutation)
            finally:
                self._in_flight.end(scope)
        if self._commit.held_up and not await self._in_flight.wait(first, wait_s):
            detail = f"the first request with this key is held up since {format_utc(first.since)}"
            return refuse(Refusal(Code.IDEMPOTENCY_IN_FLIGHT, detail), mutation.request_id)
        return await self._answer(mutation)

    async def _answer(self, mutation: Mutation) -> Answer:
        if self.draining:
            return refuse(Refusal(Code.DRAINING, "the gateway is shutting down"), mutation.request_id)
        try:
            answer = await self._commit.submit(mutation)
        except StorageFailed as failure:
            moved = "unknown" if failure.ambiguous else "no"
            answer = refuse(Refusal(failure.code, failure.detail, money_moved=moved), mutation.request_id)
        except Exception:  # noqa: BLE001  # one defect must not stop the service; it is logged and answered as internal
            _log.exception("request %s failed", mutation.request_id)
            answer = refuse(Refusal(Code.INTERNAL, "the request was rolled back", money_moved="no"), mutation.request_id)
        assert isinstance(answer, Answer), "mutations are answered with answers"
        for listener in self.listeners:
            listener(mutation.route.kind, answer.outcome, answer.replayed)
        return answer

    def authenticate(self, token: str) -> Principal | None:
        """Whose API key `token` is. Keys hold 256 random bits, so one SHA-256 is as good as a slow hash here."""
        return self._reads.principal(hashlib.sha256(token.encode()).digest())

    def payment(self, principal: Principal, payment_id: str) -> PaymentView:
        """One payment; raises Refused."""
        return payment_view(self._reads.payment(principal.tenant_id, payment_id))

    def payments(self, principal: Principal, cursor: str | None, limit: int, *, waiting: bool = False) -> PaymentPage:
        """A page of payments, newest first; `waiting` shows only those that wait for approval."""
        return self._reads.payments(principal.tenant_id, cursor, limit, waiting=waiting)

    def payout(self, principal: Principal, payout_id: str) -> PayoutView:
        """One payout; raises Refused."""
        return self._reads.payout(principal.tenant_id, payout_id)

    def payouts(self, principal: Principal, cursor: str | None, limit: int) -> PayoutPage:
        """A page of payouts, newest first."""
        return self._reads.payouts(principal.tenant_id, cursor, limit)

    def wallet(self, principal: Principal, wallet_id: str) -> WalletView:
        """A wallet's balances; raises Refused."""
        return wallet_view(principal.tenant_id, self._reads.wallet(principal.tenant_id, wallet_id))

    def payee(self, principal: Principal, payee_id: str) -> PayeeView:
        """A payee's balance; raises Refused."""
        return payee_view(principal.tenant_id, self._reads.payee(principal.tenant_id, payee_id))

    def receipt(self, principal: Principal, receipt_id: str) -> EnvelopeView:
        """A receipt's envelope; raises Refused."""
        return self._reads.receipt(principal.tenant_id, receipt_id)

    def receipts(self, principal: Principal, payment_id: str | None, cursor: str | None, limit: int) -> ReceiptPage:
        """A page of receipts; `cursor` is a journal position as text."""
        return self._reads.receipts(principal.tenant_id, payment_id, int(cursor or 0), limit)

    def key(self, principal: Principal, key: str) -> KeyView:
        """What happened to an idempotency key; raises Refused."""
        under_way = tuple(in_flight_use(item) for item in self._in_flight.under(principal.tenant_id, key))
        return self._reads.key(principal.tenant_id, key, self.settings.now_text(), under_way)

    def ledger(self, principal: Principal, after: int, limit: int) -> list[LedgerLine]:
        """Ledger entries after a journal position."""
        return self._reads.ledger(principal.tenant_id, after, limit)

    def status(self, principal: Principal) -> StatusView:
        """The service's mode for this tenant, in words."""
        mode = self._reads.rows.mode(principal.tenant_id)
        if self.draining:
            return StatusView("draining", "shutting down; repeat with the same key in a moment", self.build, VERSION)
        if mode.mode == "paused":
            whose = " for all tenants" if mode.everywhere else ""
            message = f"new reserves are paused{whose} since {mode.at}: {mode.reason}; settles and reverses of open holds work"
            return StatusView("paused", message, self.build, VERSION)
        if self.rail_open:
            return StatusView("trust_only", TRUST_ONLY, self.build, VERSION)
        return StatusView("normal", "all operations are open", self.build, VERSION)

    def dry_run(self, principal: Principal, command: Reserve) -> DecisionView:
        """What the policy would say to this reserve now, for a wallet and payee that exist; writes nothing; raises Refused."""
        self.wallet(principal, command.wallet_id)
        payee = self._reads.payee(principal.tenant_id, command.payee_id)
        whose = (principal.tenant_id, principal.agent_id, command.wallet_id)
        asked = Asked(*whose, payee, int(command.amount), command.currency)
        return decision_view(screen(self._reads.rows, asked, self.settings.clock()).block)

    def policy(self, principal: Principal, digest: str) -> bytes:
        """The canonical bytes of a policy that is, or was, in force; raises Refused."""
        return self._reads.policy(principal.tenant_id, digest)

    def jwks(self) -> bytes:
        """The public keys that receipts were ever signed with, each with where in the journal it counts."""
        return jwks(self._reads.key_events.all())

    def service_facts(self) -> dict[str, int]:
        """For metrics: receipt keys by status, and whether all tenants are paused; empty where the database cannot be read."""
        try:
            latest = {event.keyid: event.event for event in self._reads.key_events.all()}
            facts = {status: list(latest.values()).count(status) for status in ("active", "retired", "revoked")}
            return facts | {"paused": int(self._reads.service_mode() == "paused")}
        except sqlite3.Error:
            return {}

    def ready(self) -> str | None:
        """None when mutations can be taken, else why not."""
        if self.draining:
            return "draining"
        try:
            self._reader.execute("SELECT count(*) FROM tenants").fetchone()
        except sqlite3.Error as error:
            return f"database: {error}"
        return None

    async def run_chore(self, chore: Chore) -> object:
        """Run the gateway's own work inside a batch; returns what it returned, once that is durable."""
        return await self._commit.submit(chore)

    def _decide(self, requests: Sequence[Mutation | Chore]) -> list[object]:
        context = Context.at(self.settings.clock(), self.settings.ids, self._keys.current(), has_rail=self._has_rail)
        return execute_batch(self._tx, self._tenants, requests, context)

    @property
    def rail_open(self) -> bool:
        """Whether the circuit to the rail is open: it does not answer, and payouts queue until it does."""
        return self._breaker is not None and self._breaker.open

    async def take_rail_event(self, event: RailEventRow) -> bool:
        """Store what the rail told; False for an event that is known. The workers make something of it afterwards."""
        new = await self.run_chore(partial(store_event, event=event))
        if self._rail is not None:
            self._rail.wake()
        return new is True

    def _start_rail(self) -> None:
        settings, payouts = self.settings, self._reads.rows.payouts
        rail = settings.rail or HttpRail(settings.rail_url or "", answer_s=settings.rail_timeout_s)
        self._breaker = Breaker(asyncio.get_running_loop().time, self._circuit_changed)
        desk = RailDesk(rail, self.run_chore, self._breaker, Timing.of(settings.rail_timeout_s))
        self._rail = RailLoop(desk, lambda: payouts.has_work(RAIL, settings.now_text()))
        self.listeners.append(self._rail.decided)
        self._rail.start()

    def _circuit_changed(self, is_open: bool) -> None:
        _log.warning("the circuit to the rail is %s", "open" if is_open else "closed")
        for listener in self.rail_listeners:
            listener(is_open)

    async def tidy(self) -> bool:
        """Give back expired holds and let old answers go, a bounded number of each; whether there may be more to do."""
        swept = await self._tidied(partial(sweep_expired, limit=SWEEP_LIMIT))
        purged = await self._tidied(partial(retention.run_once, limit=SWEEP_LIMIT))
        self.answers_purged += purged
        return SWEEP_LIMIT in (swept, purged)

    async def _sweep(self) -> None:
        while True:
            if not await self.tidy():
                await asyncio.sleep(SWEEP_EVERY_S)

    async def _tidied(self, chore: Chore) -> int:
        try:
            done = await self.run_chore(chore)
        except Exception:  # noqa: BLE001  # a busy database, say: the next round tries again, and operations look at the clock themselves
            _log.exception("tidying failed")
            return 0
        assert isinstance(done, int), "tidying counts what it did"
        return done
