"""Rows of the database as values."""

import msgspec

from gateway.kinds import EntryKind, ResourceKind
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
    """A payee with its account and balance. `known` says that a payment to it was held before."""

    payee_id: str
    name: str
    currency: str
    payable_account: int
    payable: int
    created_at: str
    category: str
    known: int


class PaymentIdentity(msgspec.Struct, frozen=True):
    """Who pays whom, how much and until when: what never changes about a payment."""

    tenant_id: str
    payment_id: str
    wallet_id: str
    payee_id: str
    agent_id: str
    currency: str
    requested: int
    expires_at: str
    created_at: str
    client_reference: str | None
    purpose: str | None


class PaymentAmounts(msgspec.Struct, frozen=True):
    """Minor units: authorized = settled + released + open, and refunded + charged_back <= settled."""

    authorized: int
    settled: int
    released: int
    open: int
    refunded: int
    charged_back: int


class PaymentRow(msgspec.Struct, frozen=True):
    """A payment: what never changes, what moves, and how far it has come.

    `counters` names those in which it was counted, a line each; `guarded` says that its policy checked for duplicates.
    """

    identity: PaymentIdentity
    accounts: PaymentAccounts
    amounts: PaymentAmounts
    state: PaymentState
    counters: str
    guarded: int
    operations: int
    last_receipt_sha256: str
    policy: bytes

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and payment id: what the table's rows are found by."""
        return self.identity.tenant_id, self.identity.payment_id

    @property
    def path(self) -> str:
        """Where the payment can be read."""
        return f"/v1/payments/{self.identity.payment_id}"

    @property
    def account_names(self) -> dict[int, str]:
        """The names of its accounts, as the ledger export writes them."""
        accounts, identity = self.accounts, self.identity
        return {
            accounts.available: f"wallet/{identity.wallet_id}/available",
            accounts.held: f"wallet/{identity.wallet_id}/held",
            accounts.payable: f"payee/{identity.payee_id}/payable",
        }


class Resource(msgspec.Struct, frozen=True):
    """What an operation, an event or an item is about; `seq` numbers the operations on it from 1."""

    kind: ResourceKind
    id: str
    seq: int


class Request(msgspec.Struct, frozen=True):
    """The request that was decided: who sent it where, under which key, and its bytes in canonical form."""

    actor: str
    route: str
    key: str | None
    fingerprint: bytes
    body: bytes


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
    resource_kind: ResourceKind | None
    resource_id: str | None
    body: bytes | None


class OperationRow(msgspec.Struct, frozen=True):
    """A row for the journal. `body`, the answer's bytes, goes to a table of its own; it is None where no caller waits for one.

    A receipt is signed when its batch is written, and nowhere else.
    """

    tenant_id: str
    suffix: str
    kind: str
    at: str
    request: Request
    status: int = 200
    entry_kind: EntryKind | None = None
    resource: Resource | None = None
    location: str | None = None
    receipt: bytes | None = None
    keyid: str | None = None
    body: bytes | None = None

    @property
    def answer(self) -> StoredAnswer:
        """What its key led to."""
        request, resource = self.request, self.resource
        return StoredAnswer(
            suffix=self.suffix,
            kind=self.kind,
            at=self.at,
            actor=request.actor,
            fingerprint=request.fingerprint,
            request=request.body,
            status=self.status,
            location=self.location,
            resource_kind=resource.kind if resource else None,
            resource_id=resource.id if resource else None,
            body=self.body,
        )


class NewPayee(msgspec.Struct, frozen=True):
    """A payee to be stored."""

    tenant_id: str
    payee_id: str
    name: str
    currency: str
    created_at: str
    category: str = ""


class Like(msgspec.Struct, frozen=True):
    """What two payments have in common where the second may be a duplicate of the first."""

    tenant_id: str
    agent_id: str
    payee_id: str
    requested: int


class Vote(msgspec.Struct, frozen=True):
    """What one person said to a payment that waits for approval."""

    agent_id: str
    key_id: str
    person_id: str | None
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
