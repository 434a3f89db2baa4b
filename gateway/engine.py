"""The gateway's engine: one database, one writer, its readers and its key, without HTTP."""

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.answers import (
    DecisionView,
    EnvelopeView,
    KeyView,
    LedgerLine,
    PayeeView,
    PaymentPage,
    PaymentView,
    ReceiptPage,
    StatusView,
    WalletView,
)
from gateway.build import VERSION, build_sha256
from gateway.commands import Principal, Reserve
from gateway.errors import Code, Refusal
from gateway.execute import Context, execute, sweep_expired
from gateway.idempotency import Mutation
from gateway.journal import Answer, refuse
from gateway.payments import policy_block
from gateway.receipts import ReceiptSigner, load_signer
from gateway.settings import Settings
from gateway.store.commit import GroupCommit, StorageFailed
from gateway.store.connections import open_reader, open_writer
from gateway.store.migrations import migrate
from gateway.store.reads import Reads
from gateway.store.store import Transaction
from gateway.store.tenants import TenantStore
from gateway.views import payee_view, payment_view, wallet_view

Listener = Callable[[str, str, bool], None]
"""Told of each decided mutation: operation kind, outcome (ok or the refusal's code), whether it was a replay."""

SWEEP = object()
SWEEP_EVERY_S = 5.0
SWEEP_LIMIT = 200

_log = logging.getLogger("gateway.engine")


class Engine:
    """Decides mutations durably and answers reads. Made with `open`, run between `start` and `drain`."""

    def __init__(self, settings: Settings, writer: sqlite3.Connection, reader: sqlite3.Connection, signer: ReceiptSigner) -> None:
        self.settings = settings
        self.build = build_sha256(Path(__file__).parent)
        self.listeners: list[Listener] = []
        self._writer, self._reader, self._signer = writer, reader, signer
        self._tx, self._tenants, self._reads = Transaction(writer), TenantStore(writer), Reads(reader)
        self._commit: GroupCommit[Mutation | object, Answer | int] = GroupCommit(writer, self._decide, settings.lock_wait_s)
        self.draining = False
        self._sweeper: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, settings: Settings) -> "Engine":
        """Open and migrate the database, load or make the signing key.

        Raises StartProblem, with the file and what to do, where that cannot be done.
        """
        migrate(settings.db)
        signer = load_signer(settings)
        return cls(settings, open_writer(settings.db), open_reader(settings.db), signer)

    async def start(self) -> None:
        """Begin to take mutations, and to tidy expired holds in the background."""
        self._commit.start()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(), name="expiry")

    async def drain(self) -> None:
        """Refuse new mutations, finish those that were taken, move the log into the database, close."""
        self.draining = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        await self._commit.drain()
        self._reader.close()
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writer.close()

    async def mutate(self, mutation: Mutation) -> Answer:
        """Decide one request; returns once the answer is durable. Expected refusals are answers, not exceptions."""
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

    def payments(self, principal: Principal, cursor: str | None, limit: int) -> PaymentPage:
        """A page of payments, newest first."""
        return self._reads.payments(principal.tenant_id, cursor, limit)

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
        return self._reads.key(principal.tenant_id, key)

    def ledger(self, principal: Principal, after: int, limit: int) -> list[LedgerLine]:
        """Ledger entries after a journal position."""
        return self._reads.ledger(principal.tenant_id, after, limit)

    def status(self, principal: Principal) -> StatusView:
        """The service's mode for this tenant, in words."""
        mode = self._reads.rows.mode(principal.tenant_id)
        if self.draining:
            return StatusView("draining", "shutting down; repeat with the same key in a moment", self.build, VERSION)
        if mode.mode == "paused":
            message = f"new reserves are paused since {mode.at}: {mode.reason}"
            return StatusView("paused", message, self.build, VERSION)
        return StatusView("normal", "all operations are open", self.build, VERSION)

    def dry_run(self, principal: Principal, command: Reserve) -> DecisionView:
        """What the policy would say to this reserve now; writes nothing."""
        block = policy_block(self._reads.rows, principal, command, self.settings.clock())
        reasons = tuple(reason.value for reason in block.reasons)
        counters = (block.counters_before, block.counters_after)
        return DecisionView(block.outcome.value, reasons, block.policy_sha256, *counters, block.inputs_sha256)

    def jwks(self) -> bytes:
        """The public keys that receipts are signed with."""
        return self._signer.jwks()

    def ready(self) -> str | None:
        """None when mutations can be taken, else why not."""
        if self.draining:
            return "draining"
        try:
            self._reader.execute("SELECT count(*) FROM tenants").fetchone()
        except sqlite3.Error as error:
            return f"database: {error}"
        return None

    def _decide(self, requests: Sequence[Mutation | object]) -> list[Answer | int]:
        context = Context.at(self.settings.clock(), self.settings.ids, self._signer)
        return [
            execute(self._tx, self._tenants, request, context)
            if isinstance(request, Mutation)
            else sweep_expired(self._tx, context, SWEEP_LIMIT)
            for request in requests
        ]

    async def _sweep(self) -> None:
        while True:
            try:
                swept = await self._commit.submit(SWEEP)
            except Exception:  # noqa: BLE001  # a busy database, say: the next round tries again, and operations decide expiry themselves
                _log.exception("the expiry sweep failed")
                swept = 0
            if swept != SWEEP_LIMIT:
                await asyncio.sleep(SWEEP_EVERY_S)
