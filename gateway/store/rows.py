"""Rows of the database as values."""

import msgspec

from gateway.ledger import PaymentAccounts
from gateway.machines.payment import PaymentState


class WalletRow(msgspec.Struct, frozen=True):
    """A wallet with its two accounts and their balances, in minor units."""

    wallet_id: str
    currency: str
    available_account: int
    held_account: int
    available: int
    held: int
    created_at: str


class PayeeRow(msgspec.Struct, frozen=True):
    """A payee with its account and balance. `known` tells that a payment to it was held before."""

    payee_id: str
    name: str
    currency: str
    payable_account: int
    payable: int
    created_at: str
    category: str
    known: int


class PaymentRow(msgspec.Struct, frozen=True):
    """A payment, column by column; amounts are minor units.

    `counters` names those in which it was counted, a line each; `guarded` tells that its policy looked for its like.
    """

    tenant_id: str
    payment_id: str
    wallet_id: str
    payee_id: str
    agent_id: str
    state: PaymentState
    currency: str
    requested: int
    authorized: int
    settled: int
    released: int
    open: int
    refunded: int
    charged_back: int
    available_account: int
    held_account: int
    payable_account: int
    counters: str
    guarded: int
    operations: int
    last_receipt_sha256: str
    policy: bytes
    expires_at: str
    created_at: str
    client_reference: str | None
    purpose: str | None

    @property
    def accounts(self) -> PaymentAccounts:
        """The accounts between which this payment moves money."""
        return PaymentAccounts(self.available_account, self.held_account, self.payable_account)

    @property
    def account_names(self) -> dict[int, str]:
        """Those accounts' names, as the ledger export writes them."""
        return {
            self.available_account: f"wallet/{self.wallet_id}/available",
            self.held_account: f"wallet/{self.wallet_id}/held",
            self.payable_account: f"payee/{self.payee_id}/payable",
        }


class StoredAnswer(msgspec.Struct, frozen=True):
    """What a key led to: enough to compare a new request with the first, and to repeat the answer byte for byte.

    `body` is None once the answer's time is over and its bytes are gone: the row is the key's tombstone.
    """

    suffix: str
    kind: str
    at: str
    actor: str
    fingerprint: bytes
    request: bytes
    status: int
    location: str | None
    payment_id: str | None
    body: bytes | None


class OperationRow(msgspec.Struct, frozen=True):
    """A row for the journal. `body`, the answer's bytes, goes to a table of its own; it is None where nobody asked.

    A receipt is signed when its batch is written, and nowhere else.
    """

    tenant_id: str
    suffix: str
    kind: str
    entry_kind: str | None
    payment_id: str | None
    payment_seq: int | None
    at: str
    actor: str
    route: str
    key: str | None
    fingerprint: bytes
    request: bytes
    status: int
    location: str | None
    receipt: bytes | None
    signature: bytes | None
    keyid: str | None
    body: bytes | None

    @property
    def answer(self) -> StoredAnswer:
        """What its key led to."""
        decided = (self.suffix, self.kind, self.at, self.actor, self.fingerprint, self.request)
        return StoredAnswer(*decided, self.status, self.location, self.payment_id, self.body)


class NewPayee(msgspec.Struct, frozen=True):
    """A payee to be stored."""

    tenant_id: str
    payee_id: str
    name: str
    currency: str
    created_at: str
    category: str = ""


class Like(msgspec.Struct, frozen=True):
    """What two payments have in common that look like one asked for twice."""

    tenant_id: str
    agent_id: str
    payee_id: str
    requested: int


class Vote(msgspec.Struct, frozen=True):
    """What one person said to a payment that waits for approval."""

    agent_id: str
    key_id: str
    vote: str
    reason: str
    at: str


class Mode(msgspec.Struct, frozen=True):
    """A tenant's mode, and who set it why and when; `everywhere` where it holds for all tenants at once."""

    mode: str
    reason: str
    at: str
    actor: str
    everywhere: bool = False


class KeyEvent(msgspec.Struct, frozen=True):
    """What became of a receipt key at a position of the journal; `x` is the public key as a JWK writes it."""

    seq: int
    keyid: str
    event: str
    at: str
    x: str
