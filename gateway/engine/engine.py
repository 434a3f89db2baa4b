"""The gateway's engine: one store, one writer, its readers and its key, without HTTP."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from gateway import package_dir
from gateway.access.funnel import note_returns
from gateway.access.mail.choose import open_delivery, sender_of
from gateway.access.mail.delivery import Delivered, Delivery
from gateway.access.mail.health import MailHealth
from gateway.access.mail.loop import MailLoop
from gateway.access.mail.worker import MailContext
from gateway.access_key import AccessKey
from gateway.build import build_sha256
from gateway.engine.access_keys import open_access_key
from gateway.engine.chores import purge_access, purge_answers, sweep_expired
from gateway.engine.clock_watch import ClockWatch
from gateway.engine.execute import execute_batch
from gateway.engine.receipt_keys import SigningKeys, open_keys
from gateway.engine.service import Service
from gateway.errors import Code
from gateway.idempotency.claim import Mutation
from gateway.journal import Answer
from gateway.mailing import NO_MAIL, MailCounts, MailState
from gateway.payouts.steps import store_event
from gateway.payouts.workers import RailContext, RailLoop, Timing
from gateway.rail.breaker import Breaker
from gateway.rail.port import RAIL, Rail
from gateway.receipts.batch_signer import BatchSigner
from gateway.rehearsal import RehearsalClock
from gateway.settings import Settings
from gateway.store.database import SqliteStore
from gateway.store.group_commit import GroupCommit, Waiter
from gateway.store.payout_rows import RailEventRow
from gateway.store.port import StorageError, Transaction
from gateway.store.reads import SqliteReads
from gateway.store.sqlite_version import SQLITE_VERSION, has_wal_reset_defect
from gateway.work import Chore, Context, Login

SWEEP_EVERY_S = 5.0
SWEEP_LIMIT = 200
RETURNS_EVERY_S = 60.0
"""How often the funnel's returning users are looked for: days are counted, so a minute is soon enough."""

_log = logging.getLogger(__name__)


class Engine(Service):
    """Decides mutations durably and answers reads. Made with `open`, run between `start` and `drain`."""

    def __init__(
        self,
        settings: Settings,
        store: SqliteStore,
        reads: SqliteReads,
        keys: SigningKeys,
        access_key: AccessKey,
        delivery: Delivery | None = None,
    ) -> None:
        super().__init__(settings, reads, build_sha256(package_dir()))
        self._store, self._keys = store, keys
        self._tx = store.batch(BatchSigner())
        self._notify_state: Callable[[], None] = lambda: None
        self._commit: GroupCommit[Mutation | Chore, object] = store.group_commit(self._decide, settings.lock_wait_s)
        self._purged = 0
        self._clock_watch = ClockWatch(settings.steady_clock, settings.clock())
        self._sweeper: asyncio.Task[None] | None = None
        self._has_rail = settings.rail is not None or settings.rail_url is not None
        self._access_key = access_key
        self._returns_due_s = 0.0
        self._seeing: set[asyncio.Task[int]] = set()
        self._rail: RailLoop | None = None
        self._breaker: Breaker | None = None
        self._delivery = delivery
        self._mail: MailLoop | None = None

    @classmethod
    def open(cls, settings: Settings) -> "Engine":
        """Open and migrate the store, load or make the signing key.

        Raises StartProblem, with the file or option and what to do, where that cannot be done.
        """
        delivery = open_delivery(settings)
        with contextlib.ExitStack() as failing:  # what is open when something fails is closed
            store = failing.enter_context(contextlib.closing(SqliteStore(settings.db)))
            keys, access_key = open_keys(settings, store), open_access_key(settings, store)
            reads = failing.enter_context(contextlib.closing(SqliteReads.open(settings.db)))
            engine = cls(settings, store, reads, keys, access_key, delivery)
            failing.pop_all()
        return engine

    def announce(self) -> None:
        """Log what operators should know about this start."""
        if isinstance(self.settings.clock, RehearsalClock):
            _log.warning("REHEARSAL: the time is that of %s", self.settings.clock.path)
        if has_wal_reset_defect():
            _log.warning("SQLite %s can lose commits (its WAL-reset defect); use 3.51.3, 3.50.7 or 3.44.6", SQLITE_VERSION)
        if not self._store.mark_in_use():
            _log.warning(
                "another gateway works on %s as well; nothing is lost, but end the one that is not wanted", self.settings.db
            )

    def observe_commits(self, observe: Callable[[float, int], None]) -> None:
        """Call `observe` with the seconds and the number of requests of each durable commit."""
        self._commit.observe = observe

    def on_state(self, notify: Callable[[], None]) -> None:
        """Call `notify` when `held_up`, `stopped`, `rail_open` or `mail` changes."""
        self._notify_state = self._commit.on_state = notify

    def commit_in_loop(self) -> None:
        """Another process talks to the callers: there is nothing that a commit in this one's loop would hold up."""
        self._commit.in_loop = True

    async def start(self) -> None:
        """Begin to take mutations, and to tidy expired holds in the background."""
        self._commit.between = self._store.checkpoints()
        self._commit.start()
        if self._has_rail:
            self._start_rail()
        if self._delivery is not None:
            self._start_mail(self._delivery)
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(), name="expiry")

    async def drain(self) -> None:
        """Refuse new mutations, finish those that were taken, close the store."""
        self.draining = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        if self._rail is not None:
            await self._rail.stop()
        if self._mail is not None:
            await self._mail.stop()
        await asyncio.gather(*self._seeing, return_exceptions=True)
        await self._commit.drain()
        self._reads.close()
        await self._store.drain()

    def enqueue(self, mutation: Mutation, waiter: Waiter[Answer]) -> None:
        """Have one request decided durably; `waiter` gets the answer, a StorageError or a defect inside the event loop."""
        self._commit.enqueue(mutation, cast("Waiter[object]", waiter))  # mutations are answered with answers

    async def run_chore(self, chore: Chore) -> object:
        """Run the gateway's own work inside a batch; returns what it returned, once that is durable."""
        return await self._commit.submit(chore)

    def _decide(self, requests: Sequence[Mutation | Chore]) -> list[object]:
        lost = self._files.lost()
        if lost is not None:
            raise StorageError(Code.STORAGE_UNUSABLE, lost)
        now, ids, signer = self.settings.clock(), self.settings.ids, self._keys.current()
        login = Login(self._access_key, self.mail)
        return execute_batch(self._tx, requests, Context.at(now, ids, signer, has_rail=self._has_rail, access=login))

    @property
    def answers_purged(self) -> int:
        """Stored answers let go since the start."""
        return self._purged

    @property
    def held_up(self) -> bool:
        """Whether a batch waits for another program's lock."""
        return self._commit.held_up

    @property
    def stopped(self) -> str | None:
        """Why nothing is committed any more."""
        return self._commit.stopped

    @property
    def rail_open(self) -> bool:
        """Whether the circuit to the rail is open."""
        return self._breaker is not None and self._breaker.open

    @property
    def mail(self) -> MailState:
        """Whether codes leave by mail."""
        return NO_MAIL if self._mail is None else self._mail.state

    @property
    def mail_counts(self) -> MailCounts:
        """What was mailed since the start."""
        return MailCounts() if self._mail is None else self._mail.counts

    async def take_rail_event(self, event: RailEventRow) -> bool:
        """Store the rail's event; False for an event that is known. The workers process it afterwards."""
        new = await self.run_chore(partial(store_event, event=event))
        if self._rail is not None:
            self._rail.wake()
        return new is True

    def see_session(self, session_id: str) -> None:
        """Write that a session was used, with the next batch; nobody waits for it."""
        task = asyncio.get_running_loop().create_task(self._tidied(partial(_see, session_id=session_id)))
        self._seeing.add(task)
        task.add_done_callback(self._seeing.discard)

    def _start_rail(self) -> None:
        settings, payouts = self.settings, self._reads.rows.payouts
        rail = settings.rail or _http_rail(settings)
        self._breaker = Breaker(asyncio.get_running_loop().time, self._circuit_changed)
        context = RailContext(rail, self.run_chore, self._breaker, Timing.of(settings.rail_timeout_s))
        self._rail = RailLoop(context, lambda: payouts.has_work(RAIL, settings.now_text()))
        self.listeners.append(self._rail.decided)
        self._rail.start()

    def _start_mail(self, delivery: Delivery) -> None:
        settings, mails = self.settings, self._reads.rows.access.mails
        health = MailHealth(settings.mail.mode, settings.now_text, self._mail_changed)
        context = MailContext(delivery, health, self.run_chore, self._access_key, sender_of(settings.mail), settings.clock)
        self._mail = MailLoop(context, lambda: (mails.next_due() or "~") <= settings.now_text())
        self.listeners.append(self._mail.decided)
        self._mail.start()

    def _mail_changed(self, why: Delivered) -> None:
        assert self._mail is not None, "its health changed"
        state = self._mail.state
        _log.warning("mail (%s) %s", state.mode, "leaves again" if state.healthy else f"does not leave: {why.code}")
        self._notify_state()

    def _circuit_changed(self, is_open: bool) -> None:
        _log.warning("the circuit to the rail is %s", "open" if is_open else "closed")
        self._notify_state()

    async def tidy(self) -> bool:
        """Give back expired holds and let old answers go, a bounded number of each; whether there may be more to do."""
        swept = await self._tidied(partial(sweep_expired, limit=SWEEP_LIMIT))
        purged = await self._tidied(self._purge)
        self._purged += purged
        forgotten = await self._tidied(self._purge_access)
        if self.settings.steady_clock() >= self._returns_due_s:
            self._returns_due_s = self.settings.steady_clock() + RETURNS_EVERY_S
            await self._tidied(note_returns)
        return SWEEP_LIMIT in (swept, purged, forgotten)

    def _purge(self, tx: Transaction, ctx: Context) -> int:
        """Bytes that are gone cannot come back, so a clock that was set does not let any go."""
        return purge_answers(tx, ctx, SWEEP_LIMIT) if self._clock_watch.trusts(ctx.now) else 0

    def _purge_access(self, tx: Transaction, ctx: Context) -> int:
        """What throttles count with goes by the clock as well, so a clock that was set removes none of it."""
        return purge_access(tx, ctx, SWEEP_LIMIT) if self._clock_watch.trusts(ctx.now) else 0

    async def _sweep(self) -> None:
        while True:
            if not await self.tidy():
                await asyncio.sleep(SWEEP_EVERY_S)

    async def _tidied(self, chore: Chore) -> int:
        if self.stopped is not None:
            return 0
        try:
            done = await self.run_chore(chore)
        except Exception:  # noqa: BLE001  # a busy store, say: the next round tries again, and operations look at the clock themselves
            _log.exception("tidying failed")
            return 0
        assert isinstance(done, int), "tidying counts what it did"
        return done


def _see(tx: Transaction, ctx: Context, *, session_id: str) -> int:
    tx.access.sessions.see(session_id, ctx.now_text)
    return 1


def _http_rail(settings: Settings) -> Rail:
    from gateway.rail.http import HttpRail  # an HTTP client is a sixth of the time to start, for those who have a rail

    return HttpRail(settings.rail_url or "", answer_s=settings.rail_timeout_s)
