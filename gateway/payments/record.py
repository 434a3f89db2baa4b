"""Writing what was decided about a payment: effect, receipt and stored answer go into the journal together, or not at all."""

import msgspec

from gateway.answers import MutationView, OperationView
from gateway.canonical import sha256_hex
from gateway.errors import problem
from gateway.journal import Answer, append, first_answer, operation_row
from gateway.ledger import postings
from gateway.payments.decide import Change
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
from gateway.store.port import Transaction
from gateway.store.rows import PaymentAmounts, Resource
from gateway.views import payment_view
from gateway.work import NO_FINGERPRINT, Work

_ENCODE = msgspec.json.Encoder().encode


def record(tx: Transaction, work: Work, change: Change) -> Answer:
    """Write one change of a payment: journal row with receipt and answer, key, movements, counters, payment."""
    payment, tenant_id = change.payment, change.payment.identity.tenant_id
    payload = encode_receipt(_receipt(work, change, tx.next_seq()))
    location = payment.path if change.is_new and change.refusal is None else None
    body = _ENCODE(_body(work, change))
    row = operation_row(
        work,
        tenant_id,
        change.status,
        body,
        location,
        kind=change.kind,
        entry_kind=change.entry_kind,
        resource=Resource(kind="payment", id=payment.identity.payment_id, seq=payment.operations),
        receipt=payload,
    )
    seq = append(tx, work, row)
    tx.add_movements(seq, tenant_id, payment.identity.currency, change.moves)
    if payment.counters and (change.counted or change.tallied):
        tx.count(tenant_id, payment.counters.split("\n"), change.counted, change.tallied)
    if change.introduces:
        tx.know_payee(tenant_id, payment.identity.payee_id)
    stamped = msgspec.structs.replace(payment, last_receipt_sha256=payload_sha256(payload))
    if change.is_new:
        tx.add_payment(stamped)
    elif change.vote is not None:
        tx.add_vote(*payment.key, change.vote)
        tx.decide_payment(stamped)
    else:
        tx.update_payment(stamped)
    outcome = change.refusal.code if change.refusal else "ok"
    return first_answer(work, change.status, body, location, outcome)


def _body(work: Work, change: Change) -> msgspec.Struct:
    if change.refusal is not None:
        assert work.mutation is not None, "only requests are denied"
        return problem(change.refusal, work.mutation.request_id)
    operation = OperationView(f"opr_{work.suffix}", change.kind, change.payment.operations, work.now_text)
    return MutationView(payment_view(change.payment), operation, f"rcp_{work.suffix}")


def _receipt(work: Work, change: Change, journal_seq: int) -> Receipt:
    payment, identity, suffix = change.payment, change.payment.identity, work.suffix
    entry = _ENCODE(postings(change.moves, identity.currency, payment.account_names)) if change.moves else None
    return Receipt(
        cohort_sha256=None,
        expires_at=identity.expires_at,
        journal=Journal(
            entry_ids=(f"ent_{suffix}",) if entry else (),
            postings_sha256=sha256_hex(entry) if entry else None,
            seq=journal_seq,
        ),
        kind=change.kind,
        money=Money(
            amount=str(change.amount),
            currency=identity.currency,
            moved="yes" if entry else "no",
            totals=_totals(payment.amounts),
        ),
        operation=Operation(
            id=f"opr_{suffix}",
            request_fingerprint=(work.claim.fingerprint if work.claim else NO_FINGERPRINT).hex(),
            seq=payment.operations,
        ),
        parties=Parties(
            agent_id=identity.agent_id,
            payee_id=identity.payee_id,
            tenant_id=identity.tenant_id,
            wallet_id=identity.wallet_id,
        ),
        policy=msgspec.Raw(payment.policy),
        previous_receipt_sha256=payment.last_receipt_sha256 or None,
        receipt_id=f"rcp_{suffix}",
        signing=Signing(issued_at=work.now_text, key_id=work.signer.keyid, salt=work.ids.salt()),
        status=str(payment.state),
        subject=Subject(id=identity.payment_id, kind="payment"),
        version="2",
    )


def _totals(amounts: PaymentAmounts) -> Totals:
    return Totals(
        authorized=f"{amounts.authorized}",
        charged_back=f"{amounts.charged_back}",
        open=f"{amounts.open}",
        refunded=f"{amounts.refunded}",
        released=f"{amounts.released}",
        settled=f"{amounts.settled}",
    )
