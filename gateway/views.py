"""Rows as callers see them: amounts become strings, columns that are ours alone stay here."""

from collections.abc import Iterable
from itertools import groupby
from typing import Literal

import msgspec

from gateway.answers import (
    AmountsView,
    ApprovalView,
    DecisionView,
    KeyUse,
    LedgerLine,
    PayeeView,
    PaymentView,
    PayoutView,
    PostingView,
    ReceiptItem,
    ReconciliationView,
    ReviewView,
    WalletView,
)
from gateway.errors import Code
from gateway.idempotency.claim import expires_at, resource_path
from gateway.machines.payment import PaymentState
from gateway.machines.payout import PayoutState
from gateway.policy import PolicyBlock
from gateway.receipts.receipt import envelope
from gateway.routes import MUTATIONS
from gateway.store.payout_rows import ItemRow, PayoutRow, ReviewRow
from gateway.store.read_rows import KeyUseRow, LegRow, ReceiptRow
from gateway.store.rows import PayeeRow, PaymentRow, WalletRow


def payment_view(row: PaymentRow) -> PaymentView:
    """A payment for its tenant."""
    identity, amounts = row.identity, row.amounts
    return PaymentView(
        payment_id=identity.payment_id,
        tenant_id=identity.tenant_id,
        wallet_id=identity.wallet_id,
        payee_id=identity.payee_id,
        agent_id=identity.agent_id,
        state=str(row.state),
        currency=identity.currency,
        amounts=AmountsView(
            requested=f"{identity.requested}",
            authorized=f"{amounts.authorized}",
            settled=f"{amounts.settled}",
            released=f"{amounts.released}",
            open=f"{amounts.open}",
            refunded=f"{amounts.refunded}",
            charged_back=f"{amounts.charged_back}",
        ),
        expires_at=identity.expires_at,
        created_at=identity.created_at,
        client_reference=identity.client_reference,
        purpose=identity.purpose,
        approval=_approval(row) if row.state is PaymentState.APPROVAL_REQUIRED else None,
    )


def _approval(row: PaymentRow) -> ApprovalView:
    block = msgspec.json.decode(row.policy, type=PolicyBlock)
    return ApprovalView(block.approvals_needed, block.inputs.approvals)


def wallet_view(tenant_id: str, row: WalletRow) -> WalletView:
    """A wallet for its tenant."""
    return WalletView(row.wallet_id, tenant_id, row.currency, str(row.available), str(row.held), row.created_at)


def payee_view(tenant_id: str, row: PayeeRow) -> PayeeView:
    """A payee for its tenant."""
    return PayeeView(row.payee_id, tenant_id, row.name, row.currency, str(row.payable), row.created_at, row.category)


_NEXT_STEPS = {
    PayoutState.ACCEPTED: "Read it again: it is sent as soon as the rail can be reached.",
    PayoutState.EXECUTING: "Read it again: the rail is about to answer.",
    PayoutState.UNKNOWN: "Read it again: the gateway queries the rail for the result; the money stays set aside.",
    PayoutState.MANUAL_REVIEW: "Two operators find out what became of it and say so at the payout's /review, with evidence.",
    PayoutState.FAILED: "Fix what the reason names, then pay out again with a new key; the payee's balance has the money back.",
}


def payout_view(row: PayoutRow, reviews: tuple[ReviewRow, ...], items: tuple[ItemRow, ...]) -> PayoutView:
    """A payout for its tenant, with what operators said of it and what does not fit."""
    return PayoutView(
        payout_id=row.payout_id,
        tenant_id=row.tenant_id,
        payee_id=row.payee_id,
        amount=str(row.amount),
        currency=row.currency,
        state=row.state.value,
        reason=row.reason,
        failure_code=Code.RAIL_DECLINED.value if row.state is PayoutState.FAILED else None,
        rail_key=row.rail_key,
        rail_id=row.rail_id,
        tries=row.tries,
        created_at=row.created_at,
        updated_at=row.updated_at,
        next_step=_NEXT_STEPS.get(row.state),
        reviews=tuple(ReviewView(review.operator, review.outcome.value, review.evidence, review.at) for review in reviews),
        reconciliation=tuple(
            ReconciliationView(item.kind, str(item.amount), item.currency, item.rail_id, item.seq, item.at) for item in items
        ),
    )


def receipt_item(row: ReceiptRow) -> ReceiptItem:
    """A receipt with its envelope, in a list."""
    signed = envelope(row.payload, row.signature, row.keyid)
    return ReceiptItem(f"rcp_{row.suffix}", row.resource_id, row.kind, row.seq, signed)


_SECRET = frozenset(route.name for route in MUTATIONS if route.secret)


def key_use(row: KeyUseRow, now: str) -> KeyUse:
    """What one request under a key led to."""
    until = expires_at(row.at, secret=row.route in _SECRET and row.status < 400)
    state: Literal["answered", "expired"] = "answered" if row.kept and now < until else "expired"
    resource = resource_path(row.location, row.resource_kind, row.resource_id)
    return KeyUse(row.route, state, row.status, f"opr_{row.suffix}", resource, row.at, until)


def ledger_lines(tenant_id: str, legs: Iterable[LegRow]) -> list[LedgerLine]:
    """Ledger entries, each with its legs, of movements in journal order."""
    return [_ledger_line(tenant_id, list(entry)) for _, entry in groupby(legs, key=lambda leg: leg.seq)]


def _ledger_line(tenant_id: str, legs: list[LegRow]) -> LedgerLine:
    first, postings = legs[0], []
    for leg in legs:
        postings.append(PostingView(leg.debit, str(-leg.amount), leg.currency))
        postings.append(PostingView(leg.credit, str(leg.amount), leg.currency))
    names = (f"ent_{first.suffix}", tenant_id, first.resource_id, f"opr_{first.suffix}")
    receipt_id = f"rcp_{first.suffix}" if first.has_receipt else None
    return LedgerLine(first.seq, *names, first.entry_kind, first.at, receipt_id, tuple(postings))


def decision_view(block: PolicyBlock) -> DecisionView:
    """The policy's decision, for the caller."""
    return DecisionView(
        outcome=block.outcome.value,
        reasons=tuple(reason.value for reason in block.reasons),
        approvals_needed=block.approvals_needed,
        policy_sha256=block.policy_sha256,
        counters_before=block.counters_before,
        counters_after=block.counters_after,
        inputs=block.inputs,
        inputs_sha256=block.inputs_sha256,
    )
