"""Writing what happened to a payout: row, receipt, movements and reconciliation item together, or not at all."""

import msgspec

from gateway.answers import OperationView, PayoutMutationView
from gateway.canonical import canonical, sha256_hex
from gateway.commands import CreatePayout
from gateway.journal import Answer, append, first_answer, operation_row
from gateway.ledger import postings
from gateway.machines.payout import PayoutState
from gateway.payouts.decide import PayoutChange
from gateway.receipts.receipt import (
    Journal,
    Money,
    Operation,
    Parties,
    Receipt,
    Signing,
    Subject,
    Totals,
    encode_receipt,
    payload_sha256,
)
from gateway.store.payout_rows import ItemRow, PayoutRow
from gateway.store.port import Transaction
from gateway.store.rows import Resource
from gateway.views import payout_view
from gateway.work import NO_FINGERPRINT, Work

_ENCODE = msgspec.json.Encoder().encode


def record_payout(tx: Transaction, work: Work, change: PayoutChange) -> Answer | None:
    """Write one change of a payout; None, and nothing is written, when its lease has passed to somebody else meanwhile."""
    row = change.payout
    seq = tx.next_seq()
    payload = encode_receipt(_receipt(work, change, seq))
    stamped = msgspec.structs.replace(row, last_receipt_sha256=payload_sha256(payload))
    if change.held is None:
        tx.payouts.add(stamped)
    elif not tx.payouts.update(stamped, change.held):
        return None
    if change.item is not None:
        item = ItemRow(
            seq=seq,
            kind=change.item,
            tenant_id=row.tenant_id,
            resource_kind="payout",
            resource_id=row.payout_id,
            amount=row.amount,
            currency=row.currency,
            rail_id=change.rail_id,
            at=work.now_text,
        )
        tx.payouts.add_item(item)
    status, location, body = _response(tx, work, stamped)
    operation = operation_row(
        work,
        row.tenant_id,
        status,
        body,
        location,
        kind="payout",
        entry_kind=change.entry_kind if change.moves else None,
        resource=Resource(kind="payout", id=row.payout_id, seq=row.operations),
        receipt=payload,
    )
    written = append(tx, work, operation)
    assert written == seq, "the receipt names its place in the journal"
    tx.add_movements(seq, row.tenant_id, row.currency, change.moves)
    return first_answer(work, status, body, location, "ok")


def _response(tx: Transaction, work: Work, row: PayoutRow) -> tuple[int, str | None, bytes]:
    """The response: 202 and where to read the outcome, or the payout that was reviewed. A worker gets an empty one."""
    if work.mutation is None:
        return 200, None, b"{}"
    view = payout_view(row, tx.payouts.reviews(row.tenant_id, row.payout_id), ())
    if not isinstance(work.mutation.command, CreatePayout):
        return 200, None, _ENCODE(view)
    operation = OperationView(f"opr_{work.suffix}", "payout", row.operations, work.now_text)
    return 202, f"/v1/payouts/{row.payout_id}", _ENCODE(PayoutMutationView(view, operation, f"rcp_{work.suffix}"))


def _receipt(work: Work, change: PayoutChange, journal_seq: int) -> Receipt:
    row = change.payout
    entry = canonical(postings(change.moves, row.currency, change.names)) if change.moves else None
    open_question = row.state in (PayoutState.UNKNOWN, PayoutState.MANUAL_REVIEW)
    return Receipt(
        cohort_sha256=None,
        expires_at=None,
        journal=Journal(
            entry_ids=(f"ent_{work.suffix}",) if entry else (),
            postings_sha256=sha256_hex(entry) if entry else None,
            seq=journal_seq,
        ),
        kind="payout",
        money=Money(
            amount=str(row.amount),
            currency=row.currency,
            moved="yes" if entry else "unknown" if open_question else "no",
            totals=_totals(row),
        ),
        operation=Operation(
            id=f"opr_{work.suffix}",
            request_fingerprint=(work.claim.fingerprint if work.claim else NO_FINGERPRINT).hex(),
            seq=row.operations,
        ),
        parties=Parties(agent_id=row.agent_id, payee_id=row.payee_id, tenant_id=row.tenant_id, wallet_id=None),
        policy=None,
        previous_receipt_sha256=row.last_receipt_sha256 or None,
        receipt_id=f"rcp_{work.suffix}",
        signing=Signing(issued_at=work.now_text, key_id=work.signer.keyid, salt=work.ids.salt()),
        status=row.state.value,
        subject=Subject(id=row.payout_id, kind="payout"),
        version="2",
    )


def _totals(row: PayoutRow) -> Totals:
    """In a payment's words: what was set aside is authorized; it is open until it has settled or was released."""
    amount = str(row.amount)
    return Totals(
        authorized=amount,
        charged_back="0",
        open="0" if row.state in (PayoutState.SUCCEEDED, PayoutState.FAILED) else amount,
        refunded="0",
        released=amount if row.state is PayoutState.FAILED else "0",
        settled=amount if row.state is PayoutState.SUCCEEDED else "0",
    )
