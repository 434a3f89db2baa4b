"""The service that the HTTP layer calls: reads on a connection that cannot write, mutations through the process that can."""

from abc import abstractmethod
from collections.abc import Callable

from gateway.access.funnel import funnel_lines
from gateway.access.house import waitlist_view
from gateway.access.keys import keys_view
from gateway.access.me import me_of
from gateway.access.sessions import fault, is_due_to_be_seen, principal_of, stale
from gateway.access_answers import AuthDocument, MeView
from gateway.access_key import token_sha256
from gateway.answers import (
    DecisionView,
    EnvelopeView,
    KeyView,
    LedgerLine,
    PayeePage,
    PayeeView,
    PaymentPage,
    PaymentView,
    PayoutPage,
    PayoutView,
    ReceiptPage,
    StatusView,
    WalletPage,
    WalletView,
)
from gateway.build import VERSION
from gateway.commands import NOBODY, Principal, Reserve
from gateway.engine.deciding import Decider
from gateway.engine.receipt_keys import jwks, missing_key_file
from gateway.errors import Code, Refusal, Refused
from gateway.house_answers import FunnelLine, KeysView, WaitlistView
from gateway.idempotency.in_flight import in_flight_use
from gateway.mailing import MailCounts, MailState
from gateway.payments.screening import ProposedPayment, screen
from gateway.receipts.receipt import envelope
from gateway.routes import Route
from gateway.settings import Settings
from gateway.store.health import DatabaseFiles
from gateway.store.payout_rows import PayoutRow, RailEventRow
from gateway.store.port import Reads, StorageError
from gateway.store.read_rows import RECEIPTS_BYTES
from gateway.store.sqlite_version import SQLITE_VERSION
from gateway.views import (
    decision_view,
    key_use,
    ledger_lines,
    payee_view,
    payment_view,
    payout_view,
    receipt_item,
    wallet_view,
)

TRUST_ONLY = "the rail does not answer: reserves, settles and reverses work as before, payouts wait until it does"


class Service(Decider):
    """One gateway as its HTTP layer sees it, whether the engine runs in this process or in another."""

    def __init__(self, settings: Settings, reads: Reads, build: str) -> None:
        super().__init__(settings)
        self.build = build
        self._reads = reads
        self._files = DatabaseFiles(settings.db)

    @property
    @abstractmethod
    def answers_purged(self) -> int:
        """Stored answers let go since the start."""

    @property
    @abstractmethod
    def rail_open(self) -> bool:
        """Whether the circuit to the rail is open: it does not answer, and payouts queue until it does."""

    @property
    @abstractmethod
    def mail(self) -> MailState:
        """Whether codes leave by mail, for all addresses alike."""

    @property
    @abstractmethod
    def mail_counts(self) -> MailCounts:
        """What was mailed since the start."""

    @property
    @abstractmethod
    def stopped(self) -> str | None:
        """Why nothing is committed any more, after a commit that could not be made durable; None while commits are."""

    @abstractmethod
    def observe_commits(self, observe: Callable[[float, int], None]) -> None:
        """Call `observe` with the seconds and the number of requests of each durable commit."""

    @abstractmethod
    async def take_rail_event(self, event: RailEventRow) -> bool:
        """Store the rail's event; False for an event that is known. The workers process it afterwards."""

    def authenticate(self, token: str) -> Principal | None:
        """Whose API key `token` is. Keys hold 256 random bits, so one SHA-256 is as good as a slow hash here."""
        return self._reads.principal(token_sha256(token), self.settings.default_limit)

    @abstractmethod
    def see_session(self, session_id: str) -> None:
        """Have it written, soon, that a session was used."""

    def session(self, token: str, route: Route) -> Principal:
        """Whose session `token` is, if it may call this route now; raises Refused."""
        row, now = self._reads.rows.access.sessions.of_token(token_sha256(token)), self.settings.now_text()
        if row is None:
            raise Refused(Refusal(Code.SESSION_EXPIRED, "The session is not known any more."))
        refusal = fault(row, now)
        principal = principal_of(row, self.settings.default_limit)
        if refusal is None and principal.role in route.roles:
            if principal.tenant_id == NOBODY and route.scope == "tenant":
                refusal = Refusal(Code.TENANT_CHOICE_REQUIRED, f"{route.name} is about one tenant; the session has chosen none.")
            elif route.fresh:
                refusal = stale(row, now)
        if refusal is not None:
            raise Refused(refusal)
        if is_due_to_be_seen(row, now):
            self.see_session(row.session_id)
        return principal

    def has_bootstrap_key(self, token: str) -> bool:
        """Whether `token` is a bootstrap key, used or not."""
        return self._reads.rows.access.bootstrap_keys.of_key(token_sha256(token)) is not None

    def payment(self, principal: Principal, payment_id: str) -> PaymentView:
        """One payment; raises Refused."""
        return payment_view(self._reads.payment(principal.tenant_id, payment_id))

    def payments(self, principal: Principal, cursor: str | None, limit: int, *, waiting: bool = False) -> PaymentPage:
        """A page of payments, newest first; `waiting` shows only those that wait for approval."""
        found = self._reads.payments(principal.tenant_id, cursor, limit + 1, waiting=waiting)
        items = tuple(payment_view(row) for row in found[:limit])
        return PaymentPage(items, items[-1].payment_id if len(found) > limit else None)

    def payout(self, principal: Principal, payout_id: str) -> PayoutView:
        """One payout; raises Refused."""
        return self._payout_view(self._reads.payout(principal.tenant_id, payout_id))

    def payouts(self, principal: Principal, cursor: str | None, limit: int) -> PayoutPage:
        """A page of payouts, newest first."""
        found = self._reads.rows.payouts.page(principal.tenant_id, cursor, limit + 1)
        items = tuple(self._payout_view(row) for row in found[:limit])
        return PayoutPage(items, items[-1].payout_id if len(found) > limit else None)

    def _payout_view(self, row: PayoutRow) -> PayoutView:
        payouts, of = self._reads.rows.payouts, (row.tenant_id, row.payout_id)
        return payout_view(row, payouts.reviews(*of), payouts.items(*of))

    def wallet(self, principal: Principal, wallet_id: str) -> WalletView:
        """A wallet's balances; raises Refused."""
        return wallet_view(principal.tenant_id, self._reads.wallet(principal.tenant_id, wallet_id))

    def payee(self, principal: Principal, payee_id: str) -> PayeeView:
        """A payee's balance; raises Refused."""
        return payee_view(principal.tenant_id, self._reads.payee(principal.tenant_id, payee_id))

    def wallets(self, principal: Principal, cursor: str | None, limit: int) -> WalletPage:
        """A page of wallets, newest first."""
        found = self._reads.wallets(principal.tenant_id, cursor, limit + 1)
        items = tuple(wallet_view(principal.tenant_id, row) for row in found[:limit])
        return WalletPage(items, items[-1].wallet_id if len(found) > limit else None)

    def payees(self, principal: Principal, cursor: str | None, limit: int) -> PayeePage:
        """A page of payees, newest first."""
        found = self._reads.payees(principal.tenant_id, cursor, limit + 1)
        items = tuple(payee_view(principal.tenant_id, row) for row in found[:limit])
        return PayeePage(items, items[-1].payee_id if len(found) > limit else None)

    def me(self, principal: Principal) -> MeView:
        """Who calls; raises Refused for a session that has ended this moment."""
        return me_of(self._reads.rows, principal)

    def receipt(self, principal: Principal, receipt_id: str) -> EnvelopeView:
        """A receipt's envelope; raises Refused."""
        row = self._reads.receipt(principal.tenant_id, receipt_id)
        return envelope(row.payload, row.signature, row.keyid)

    def receipts(self, principal: Principal, payment_id: str | None, cursor: str | None, limit: int) -> ReceiptPage:
        """A page of at most `limit` receipts and about 512 KiB; `cursor` is a journal position as text."""
        found = self._reads.receipts(principal.tenant_id, payment_id, int(cursor or 0), limit + 1)
        fits = len(found) <= limit and sum(len(row.payload) for row in found) <= RECEIPTS_BYTES
        items = tuple(receipt_item(row) for row in (found if fits else found[:-1] or found))
        return ReceiptPage(items, str(items[-1].seq) if len(items) < len(found) else None)

    def key(self, principal: Principal, key: str) -> KeyView:
        """What happened to an idempotency key; raises Refused for a key that led to nothing."""
        now = self.settings.now_text()
        decided = (key_use(row, now) for row in self._reads.key_uses(principal.tenant_id, key))
        under_way = (in_flight_use(item) for item in self._in_flight.under(principal.tenant_id, key))
        uses = (*decided, *under_way)
        if not uses:
            raise Refused(Refusal(Code.NOT_FOUND, "no request with this key was decided"))
        return KeyView(key, uses)

    def ledger(self, principal: Principal, after: int, limit: int) -> list[LedgerLine]:
        """Ledger entries after a journal position."""
        return ledger_lines(principal.tenant_id, self._reads.ledger(principal.tenant_id, after, limit))

    def status(self, principal: Principal) -> StatusView:
        """The service's mode for this tenant, in words."""
        mode = self._reads.rows.mode(principal.tenant_id)
        if self.draining:
            return self._status("draining", "shutting down; repeat with the same key in a moment")
        reason = self.ready()
        if reason is not None:
            return self._status("not_ready", reason)
        if mode.mode == "paused":
            whose = " for all tenants" if mode.everywhere else ""
            message = f"new reserves are paused{whose} since {mode.at}: {mode.reason}; settles and reverses of open holds work"
            return self._status("paused", message)
        if self.rail_open:
            return self._status("trust_only", TRUST_ONLY)
        return self._status("normal", "all operations are open")

    def _status(self, mode: str, message: str) -> StatusView:
        return StatusView(mode, message, self.build, VERSION, SQLITE_VERSION, self.settings.now_text())

    def dry_run(self, principal: Principal, command: Reserve) -> DecisionView:
        """What the policy would say to this reserve now, for a wallet and payee that exist; writes nothing; raises Refused."""
        self.wallet(principal, command.wallet_id)
        payee = self._reads.payee(principal.tenant_id, command.payee_id)
        whose = (principal.tenant_id, principal.agent_id, command.wallet_id)
        proposed = ProposedPayment(*whose, payee, int(command.amount), command.currency)
        return decision_view(screen(self._reads.rows, proposed, self.settings.clock()).block)

    def keys(self, principal: Principal) -> KeysView:
        """The tenant's API keys, without the keys themselves."""
        return keys_view(self._reads.rows, principal.tenant_id)

    def waitlist(self) -> WaitlistView:
        """Who waits to make a tenant."""
        return waitlist_view(self._reads.rows)

    def funnel(self, after: int, limit: int) -> list[FunnelLine]:
        """The activation funnel after a position."""
        return funnel_lines(self._reads.rows, after, limit)

    def policy(self, principal: Principal, digest: str) -> bytes:
        """The canonical bytes of a policy that is, or was, in force; raises Refused."""
        return self._reads.policy(principal.tenant_id, digest)

    def jwks(self) -> bytes:
        """The public keys that receipts were ever signed with, each with where in the journal it counts."""
        return jwks(self._reads.rows.key_events.all())

    def auth(self) -> AuthDocument:
        """How to sign in here; the address is the configured one, never what a caller sent as Host."""
        settings, mode = self.settings, self._reads.rows.access.house.sign_up().mode
        base_url = settings.public_url or f"http://{settings.host}:{settings.port}"
        return AuthDocument(mode, base_url, ("email_code",), self.mail, self.build, settings.now_text())

    def service_facts(self) -> dict[str, int]:
        """For metrics: receipt keys by status, and whether all tenants are paused; empty where the database cannot be read."""
        try:
            latest = {event.keyid: event.event for event in self._reads.rows.key_events.all()}
            facts = {status: list(latest.values()).count(status) for status in ("active", "retired", "revoked")}
            return facts | {"paused": int(self._reads.service_mode() == "paused")}
        except StorageError:
            return {}

    def ready(self) -> str | None:
        """None when mutations can be taken, else why not."""
        if self.draining:
            return "draining"
        problem = self.stopped or self._reads.problem() or self._files.problem()
        return problem or missing_key_file(self.settings, self._reads.rows.key_events.all())
