"""Rows of payouts, and of what operators and the rail said of them."""

import msgspec

from gateway.kinds import ItemKind, ResourceKind
from gateway.machines.payout import PayoutState

RAIL_CLEARING = "system/rail_clearing"
SUSPENSE = "system/suspense"


class PayoutRow(msgspec.Struct, frozen=True):
    """A payout, column by column. `sent_at` is when a first byte may last have left; None says that none ever did."""

    tenant_id: str
    payout_id: str
    payee_id: str
    agent_id: str
    state: PayoutState
    currency: str
    amount: int
    rail_key: str
    rail_id: str | None
    reason: str | None
    payable_account: int
    paying_account: int
    clearing_account: int
    operations: int
    last_receipt_sha256: str
    epoch: int
    leased_until: str
    sent_at: str | None
    due_at: str
    tries: int
    created_at: str
    updated_at: str

    @property
    def account_names(self) -> dict[int, str]:
        """The accounts between which a payout moves money, as the ledger export writes them."""
        return {
            self.payable_account: f"payee/{self.payee_id}/payable",
            self.paying_account: f"payee/{self.payee_id}/paying",
            self.clearing_account: RAIL_CLEARING,
        }


class ReviewRow(msgspec.Struct, frozen=True):
    """What one operator said of a payout under review."""

    operator: str
    person_id: str | None
    outcome: PayoutState
    evidence: str
    at: str


class RailEventRow(msgspec.Struct, frozen=True):
    """A stored event of the rail."""

    rail_event_id: str
    rail_key: str
    type: str
    status: str
    body: bytes
    tries: int


class ItemRow(msgspec.Struct, frozen=True):
    """What does not fit between the rail and the books, for a person to look at; money of unknown origin has no resource."""

    seq: int
    kind: ItemKind
    tenant_id: str
    resource_kind: ResourceKind | None
    resource_id: str | None
    amount: int
    currency: str
    rail_id: str | None
    at: str
