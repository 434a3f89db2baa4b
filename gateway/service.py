"""What the HTTP layer asks: reads from a connection that cannot write, mutations handed to whoever holds the one that can."""

import hashlib
import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable

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
from gateway.build import VERSION
from gateway.clock import format_utc
from gateway.commands import Principal, Reserve
from gateway.errors import Code, Refusal
from gateway.idempotency import Mutation
from gateway.in_flight import InFlight, in_flight_use, scope_of
from gateway.journal import Answer, refuse
from gateway.screening import Asked, screen
from gateway.settings import Settings
from gateway.signing import jwks
from gateway.store.commit import StorageFailed
from gateway.store.payouts import RailEventRow
from gateway.store.reads import Reads
from gateway.views import decision_view, payee_view, payment_view, wallet_view

Listener = Callable[[str, str, bool], None]
"""Told of each decided mutation: operation kind, outcome (ok or the refusal's code), whether it was a replay."""

TRUST_ONLY = "the rail does not answer: reserves, settles and reverses work as ever, payouts wait until it does"

_log = logging.getLogger("gateway.service")


class Service(ABC):
    """One gateway as its HTTP layer sees it, whether the engine runs in this process or in another."""

    def __init__(self, settings: Settings, reader: sqlite3.Connection, build: str) -> None:
        self.settings = settings
        self.build = build
        self.draining = False
        self.listeners: list[Listener] = []
        self._reader, self._reads = reader, Reads(reader)
        self._in_flight = InFlight()

    @property
    @abstractmethod
    def answers_purged(self) -> int:
        """Stored answers let go since the start."""

    @property
    @abstractmethod
    def held_up(self) -> bool:
        """Whether a batch waits for another program's lock, and all that is queued behind it too."""

    @property
    @abstractmethod
    def rail_open(self) -> bool:
        """Whether the circuit to the rail is open: it does not answer, and payouts queue until it does."""

    @abstractmethod
    def observe_commits(self, observe: Callable[[float, int], None]) -> None:
        """Have each durable commit's seconds and number of requests told to `observe`."""

    @abstractmethod
    async def submit(self, mutation: Mutation) -> Answer:
        """Decide one request durably; raises StorageFailed, or whatever went wrong with this request alone."""

    @abstractmethod
    async def take_rail_event(self, event: RailEventRow) -> bool:
        """Store what the rail told; False for an event that is known. The workers make something of it afterwards."""

    async def mutate(self, mutation: Mutation, wait_s: int = 0) -> Answer:
        """Decide one request; returns once the answer is durable. Expected refusals are answers, not exceptions.

        `wait_s` is how long it may wait where the first request with its key is held up.
        """
        scope = scope_of(mutation)
        first = self._in_flight.first(scope)
        if first is None:
            self._in_flight.begin(scope, mutation.route, self.settings.clock())
            try:
                return await self._answer(mutation)
            finally:
                self._in_flight.end(scope)
        if self.held_up and not await self._in_flight.wait(first, wait_s):
            detail = f"the first request with this key is held up since {format_utc(first.since)}"
            return refuse(Refusal(Code.IDEMPOTENCY_IN_FLIGHT, detail), mutation.request_id)
        return await self._answer(mutation)

    async def _answer(self, mutation: Mutation) -> Answer:
        if self.draining:
            return refuse(Refusal(Code.DRAINING, "the gateway is shutting down"), mutation.request_id)
        try:
            answer = await self.submit(mutation)
        except StorageFailed as failure:
            moved = "unknown" if failure.ambiguous else "no"
            answer = refuse(Refusal(failure.code, failure.detail, money_moved=moved), mutation.request_id)
        except Exception:  # noqa: BLE001  # one defect must not stop the service; it is logged and answered as internal
            _log.exception("request %s failed", mutation.request_id)
            answer = refuse(Refusal(Code.INTERNAL, "the request was rolled back", money_moved="no"), mutation.request_id)
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
