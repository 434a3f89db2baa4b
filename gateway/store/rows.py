"""Rows of the database as values."""

import msgspec

from gateway.ledger import PaymentAccounts
from gateway.machines import State


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
    """A payee with its account and balance."""

    payee_id: str
    name: str
    currency: str
    payable_account: int
    payable: int
    created_at: str


class PaymentRow(msgspec.Struct, frozen=True):
    """A payment, column by column; amounts are minor units."""

    tenant_id: str
    payment_id: str
    wallet_id: str
    payee_id: str
    agent_id: str
    state: State
    currency: str
    authorized: int
    settled: int
    released: int
    open: int
    refunded: int
    charged_back: int
    available_account: int
    held_account: int
    payable_account: int
    counter_window: str
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
    """What a key led to: enough to compare a new request with the first, and to repeat the answer byte for byte."""

    seq: int
    suffix: str
    kind: str
    at: str
    fingerprint: bytes
    request: bytes
    status: int
    body: bytes
    location: str | None


class OperationRow(msgspec.Struct, frozen=True):
    """A row for the journal."""

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
    body: bytes
    location: str | None
    receipt: bytes | None
    signature: bytes | None
    keyid: str | None


class NewPayee(msgspec.Struct, frozen=True):
    """A payee to be stored."""

    tenant_id: str
    payee_id: str
    name: str
    currency: str
    created_at: str


class Mode(msgspec.Struct, frozen=True):
    """A tenant's mode, and who set it why and when."""

    mode: str
    reason: str
    at: str
    actor: str
