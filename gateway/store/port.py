"""What the gateway needs of a store, whichever database keeps it: no other part knows a driver, its errors or its SQL."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from gateway.commands import Principal
from gateway.errors import Code
from gateway.ledger import Movement
from gateway.policy import Rules, Tally
from gateway.rate_limit import RateLimit
from gateway.receipts.batch_signer import BatchSigner
from gateway.receipts.signer import ReceiptSigner
from gateway.store.access_port import Access
from gateway.store.payout_rows import PayoutRow
from gateway.store.read_rows import KeyUseRow, LegRow, ReceiptRow
from gateway.store.rows import Like, Mode, OperationRow, PayeeRow, PaymentRow, StoredAnswer, Vote, WalletRow
from gateway.store.tables import KeyEvents, Payouts, Tenants


class StorageError(Exception):
    """The storage refused; `code` says how, `ambiguous` that the commit itself failed and its outcome is not known."""

    def __init__(self, code: Code, detail: str, *, ambiguous: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.ambiguous = ambiguous


class Transaction(Protocol):
    """What a handler reads and writes inside the one transaction that decides a request."""

    @property
    def payouts(self) -> Payouts:
        """The payouts' tables."""

    @property
    def tenants(self) -> Tenants:
        """The tables of what is set up once."""

    @property
    def key_events(self) -> KeyEvents:
        """The receipt keys' table."""

    @property
    def access(self) -> Access:
        """The tables of access."""

    def stored_answer(self, tenant_key: str, route_hash: bytes) -> StoredAnswer | None:
        """What this key led to on this route, if it was ever decided."""

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow | None:
        """A payment of this tenant."""

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow | None:
        """A wallet of this tenant with its balances."""

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow | None:
        """A payee of this tenant with its balance."""

    def rules(self, tenant_id: str) -> Rules:
        """The policy in force, compiled: its hash is read each time, what the document compiles to is kept by that hash."""

    def policy_document(self, tenant_id: str, digest: str) -> bytes | None:
        """The canonical bytes of a policy that is, or was, in force."""

    def mode(self, tenant_id: str) -> Mode:
        """The mode in force for the tenant: its own, unless all tenants are paused."""

    def key_ended(self, tenant_id: str, key_id: str) -> tuple[bool, bool]:
        """Whether the API key was revoked, and whether its tenant is disabled; one read. Keys are never deleted."""

    def forget_settings(self) -> None:
        """An administrator's command was carried out in this transaction: modes, policies and keys are read again."""

    def counters(self, tenant_id: str, names: Sequence[str]) -> dict[str, Tally]:
        """What has been counted under each of these names, read in one statement."""

    def count(self, tenant_id: str, names: Sequence[str], amount: int, payments: int) -> None:
        """Count minor units and payments under each of these names; negative numbers give back."""

    def last_like(self, payment: Like, since: str, apart_from: str) -> str | None:
        """When this agent last requested this amount for this payee, denied, rejected, released and expired payments apart."""

    def know_payee(self, tenant_id: str, payee_id: str) -> None:
        """A payment to this payee is held: the payee is known from now on."""

    def votes(self, tenant_id: str, payment_id: str) -> list[Vote]:
        """What people said to a payment that waits for approval."""

    def names_of(self, tenant_id: str, person_id: str) -> frozenset[str]:
        """Every name under which the tenant's keys of this person act or have acted."""

    def add_vote(self, tenant_id: str, payment_id: str, vote: Vote) -> None:
        """Record a vote; a second one of the same person or key breaks a unique key and with it the transaction."""

    def decide_payment(self, row: PaymentRow) -> None:
        """Store what a vote made of a payment that waited for approval."""

    def expired_holds(self, now: str, limit: int) -> list[tuple[str, str]]:
        """Tenant and payment ids of holds, oldest first, and of waits for approval, whose time is over."""

    def add_operation(self, row: OperationRow) -> int:
        """Append to the journal; returns the position."""

    def next_seq(self) -> int:
        """The position that the next operation will have: a receipt signs it, so it is known before the row is written."""

    def add_key(self, tenant_key: str, route_hash: bytes, seq: int) -> None:
        """Bind a key to its operation; a second binding breaks the primary key and with it the transaction."""

    def add_movements(self, seq: int, tenant_id: str, currency: str, movements: Sequence[Movement]) -> None:
        """Append the legs of an entry; the trigger keeps the balances."""

    def purge_answers(self, decided_until: str, limit: int) -> int:
        """Delete answers decided at or before a moment, looking at the `limit` oldest; the table's trigger checks each."""

    def add_payment(self, row: PaymentRow) -> None:
        """Store a new payment."""

    def update_payment(self, row: PaymentRow) -> None:
        """Store a payment's new amounts and state."""


class Batch(Transaction, Protocol):
    """A transaction that decides many requests; each sees what those before it did."""

    def open(self, keys: Sequence[tuple[str, bytes]], payments: Sequence[tuple[str, str]], signer: ReceiptSigner) -> None:
        """Begin a batch: read the stored answers and the payments that its requests name, a statement each."""

    def flush(self) -> None:
        """Send what was collected to the database; constraints and triggers speak now."""


class Reads(Protocol):
    """What callers can read: always of one tenant, always of the last durable commit."""

    @property
    def rows(self) -> Transaction:
        """The same rows as a handler reads them; nothing can be written here."""

    def close(self) -> None:
        """Read no more."""

    def problem(self) -> str | None:
        """Why the database does not answer; None if it does."""

    def service_mode(self) -> str:
        """Whether all tenants are paused at once."""

    def principal(self, key_sha256: bytes, default: RateLimit | None = None) -> Principal | None:
        """Whose API key this is, unless it was revoked; `default` limits a tenant that has set no rate.

        Raises Refused(tenant_disabled).
        """

    def payment(self, tenant_id: str, payment_id: str) -> PaymentRow:
        """One payment; raises Refused."""

    def wallet(self, tenant_id: str, wallet_id: str) -> WalletRow:
        """One wallet; raises Refused."""

    def payee(self, tenant_id: str, payee_id: str) -> PayeeRow:
        """One payee; raises Refused."""

    def policy(self, tenant_id: str, digest: str) -> bytes:
        """A policy's canonical bytes; raises Refused."""

    def payments(self, tenant_id: str, cursor: str | None, limit: int, *, waiting: bool = False) -> list[PaymentRow]:
        """Payments, newest first, or those that wait for approval; the cursor is the last id of the page before."""

    def wallets(self, tenant_id: str, cursor: str | None, limit: int) -> list[WalletRow]:
        """Wallets, newest first, after the cursor: the last id of the page before."""

    def payees(self, tenant_id: str, cursor: str | None, limit: int) -> list[PayeeRow]:
        """Payees, newest first, after the cursor: the last id of the page before."""

    def payout(self, tenant_id: str, payout_id: str) -> PayoutRow:
        """One payout; raises Refused."""

    def receipt(self, tenant_id: str, receipt_id: str) -> ReceiptRow:
        """One receipt; raises Refused."""

    def receipts(self, tenant_id: str, payment_id: str | None, after: int, limit: int) -> list[ReceiptRow]:
        """Receipts in journal order, of one payment or payout or of all; raises Refused for one that is not there."""

    def key_uses(self, tenant_id: str, key: str) -> list[KeyUseRow]:
        """Everything that was decided under a key."""

    def ledger(self, tenant_id: str, after: int, limit: int) -> list[LegRow]:
        """The legs of the entries after a position, in order; `limit` counts entries."""


class Store(Protocol):
    """An opened store. How it groups commits and tidies up between them is its own business."""

    def batch(self, signer: BatchSigner) -> Batch:
        """The transaction in which a group commit decides, one batch after another."""

    def alone(self) -> AbstractContextManager[Transaction]:
        """One transaction outside the group commit; raises StartProblem where it cannot be."""

    def close(self) -> None:
        """Close it as it is: a gateway that runs goes on with it."""
