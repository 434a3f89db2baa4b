"""What the gateway answers: the bodies of its successes, as callers see them."""

from typing import Literal

import msgspec

from gateway.policy.block import PolicyInputs
from gateway.policy.schema import Policy


class ApprovalView(msgspec.Struct, frozen=True):
    """How many people must approve a payment that waits, and who has."""

    needed: int
    given: tuple[str, ...]


class AmountsView(msgspec.Struct, frozen=True):
    """Decimal strings of minor units; authorized = settled + released + open at all times."""

    requested: str
    authorized: str
    settled: str
    released: str
    open: str
    refunded: str
    charged_back: str


class PaymentView(msgspec.Struct, frozen=True):
    """A payment. Nothing is authorized while it waits for approval, and `approval` is null when it does not."""

    payment_id: str
    tenant_id: str
    wallet_id: str
    payee_id: str
    agent_id: str
    state: str
    currency: str
    amounts: AmountsView
    expires_at: str
    created_at: str
    client_reference: str | None
    purpose: str | None
    approval: ApprovalView | None


class OperationView(msgspec.Struct, frozen=True):
    """One operation on a payment; `seq` counts from 1 within the payment."""

    operation_id: str
    kind: str
    seq: int
    at: str


class MutationView(msgspec.Struct, frozen=True):
    """The answer to reserve, settle, reverse, approve and reject."""

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
    category: str


class PolicyView(msgspec.Struct, frozen=True):
    """The policy in force, and the sha256 of its canonical bytes that receipts name."""

    policy_sha256: str
    policy: Policy


class DecisionView(msgspec.Struct, frozen=True):
    """What the policy says to a payment; `approvals_needed` is how many people must approve what failed."""

    outcome: str
    reasons: tuple[str, ...]
    approvals_needed: int
    policy_sha256: str
    counters_before: dict[str, str]
    counters_after: dict[str, str]
    inputs: PolicyInputs
    inputs_sha256: str


class StatusView(msgspec.Struct, frozen=True):
    """The service's mode: normal, trust_only, paused, draining or not_ready; `build` is the sha256 of the running package.

    `sqlite_version` is the library's: releases differ in known defects. `time` is that of the gateway's own clock, UTC.
    """

    mode: str
    message: str
    build: str
    version: str
    sqlite_version: str
    time: str


class ModeView(msgspec.Struct, frozen=True):
    """The answer to pause and resume."""

    mode: str
    reason: str
    at: str
    actor: str


class KeyUse(msgspec.Struct, frozen=True):
    """One use of an idempotency key.

    in_flight: under way, nothing decided. answered: repeated until `expires_at`. expired: refused ever after, with 410.
    """

    route: str
    state: Literal["in_flight", "answered", "expired"]
    status: int | None
    operation_id: str | None
    resource: str | None
    created_at: str
    expires_at: str | None


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


class WalletPage(msgspec.Struct, frozen=True):
    """One page of wallets, newest first."""

    items: tuple[WalletView, ...]
    next_cursor: str | None


class PayeePage(msgspec.Struct, frozen=True):
    """One page of payees, newest first."""

    items: tuple[PayeeView, ...]
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


class ReviewView(msgspec.Struct, frozen=True):
    """What one operator said of a payout under review."""

    operator: str
    outcome: str
    evidence: str
    at: str


class ReconciliationView(msgspec.Struct, frozen=True):
    """What does not fit between the rail and a payout; a person must look at it. `seq` is its place in the journal."""

    kind: str
    amount: str
    currency: str
    rail_id: str | None
    seq: int
    at: str


class PayoutView(msgspec.Struct, frozen=True):
    """A payout. `rail_key` is what the rail knows it by, `reason` why it failed or is not known, `next_step` what to do now."""

    payout_id: str
    tenant_id: str
    payee_id: str
    amount: str
    currency: str
    state: str
    reason: str | None
    failure_code: str | None
    rail_key: str
    rail_id: str | None
    tries: int
    created_at: str
    updated_at: str
    next_step: str | None
    reviews: tuple[ReviewView, ...]
    reconciliation: tuple[ReconciliationView, ...]


class PayoutMutationView(msgspec.Struct, frozen=True):
    """The answer to a payout that was accepted: the outcome is read where Location says."""

    payout: PayoutView
    operation: OperationView
    receipt_id: str


class PayoutPage(msgspec.Struct, frozen=True):
    """One page of payouts, newest first."""

    items: tuple[PayoutView, ...]
    next_cursor: str | None
