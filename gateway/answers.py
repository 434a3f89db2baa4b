"""What the gateway answers: the bodies of its successes, as callers see them."""

import msgspec


class PaymentView(msgspec.Struct, frozen=True):
    """A payment. Amounts are decimal strings of minor units; authorized = settled + released + open at all times."""

    payment_id: str
    tenant_id: str
    wallet_id: str
    payee_id: str
    agent_id: str
    state: str
    currency: str
    authorized: str
    settled: str
    released: str
    open: str
    refunded: str
    charged_back: str
    expires_at: str
    created_at: str
    client_reference: str | None
    purpose: str | None


class OperationView(msgspec.Struct, frozen=True):
    """One operation on a payment; `seq` counts from 1 within the payment."""

    operation_id: str
    kind: str
    seq: int
    at: str


class MutationView(msgspec.Struct, frozen=True):
    """The answer to reserve, settle and reverse."""

    payment: PaymentView
    operation: OperationView
    receipt_id: str


class WalletView(msgspec.Struct, frozen=True):
    """A wallet's balances."""

    wallet_id: str
    tenant_id: str
    currency: str
    available: str
    held: str
    created_at: str


class PayeeView(msgspec.Struct, frozen=True):
    """A payee and what it is owed."""

    payee_id: str
    tenant_id: str
    name: str
    currency: str
    payable: str
    created_at: str


class PolicyView(msgspec.Struct, frozen=True):
    """The policy in force, and the sha256 of its canonical bytes that receipts name."""

    policy_sha256: str
    currency: str
    per_payment_max: str | None
    daily_limit: str | None
    allowed_payees: tuple[str, ...] | None


class DecisionView(msgspec.Struct, frozen=True):
    """What the policy says to a payment."""

    outcome: str
    reasons: tuple[str, ...]
    policy_sha256: str
    counters_before: dict[str, str]
    counters_after: dict[str, str]
    inputs_sha256: str


class StatusView(msgspec.Struct, frozen=True):
    """The service's mode: normal, trust_only, paused or draining; `build` is the sha256 of the running package."""

    mode: str
    message: str
    build: str
    version: str


class ModeView(msgspec.Struct, frozen=True):
    """The answer to pause and resume."""

    mode: str
    reason: str
    at: str
    actor: str


class KeyUse(msgspec.Struct, frozen=True):
    """One use of an idempotency key."""

    route: str
    state: str
    status: int
    operation_id: str
    resource: str | None
    created_at: str
    expires_at: str


class KeyView(msgspec.Struct, frozen=True):
    """Everything a tenant did under one key."""

    key: str
    uses: tuple[KeyUse, ...]


class SignatureView(msgspec.Struct, frozen=True):
    """A DSSE signature."""

    keyid: str
    sig: str


class EnvelopeView(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """A DSSE envelope."""

    payload_type: str
    payload: str
    signatures: tuple[SignatureView, ...]


class ReceiptItem(msgspec.Struct, frozen=True):
    """A receipt in a list; `seq` is its position in the journal."""

    receipt_id: str
    payment_id: str
    kind: str
    seq: int
    envelope: EnvelopeView


class ReceiptPage(msgspec.Struct, frozen=True):
    """One page of receipts; pass `next_cursor` on to get the next."""

    items: tuple[ReceiptItem, ...]
    next_cursor: str | None


class PaymentPage(msgspec.Struct, frozen=True):
    """One page of payments, newest first."""

    items: tuple[PaymentView, ...]
    next_cursor: str | None


class PostingView(msgspec.Struct, frozen=True):
    """One leg of an entry; the legs of an entry sum to zero per currency."""

    account: str
    amount: str
    currency: str


class LedgerLine(msgspec.Struct, frozen=True):
    """One line of the NDJSON export."""

    seq: int
    entry_id: str
    tenant_id: str
    payment_id: str | None
    operation_id: str
    kind: str
    at: str
    receipt_id: str | None
    postings: tuple[PostingView, ...]
