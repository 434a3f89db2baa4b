"""Writing what was decided about a payment: effect, receipt and stored answer go into the journal together, or not at all."""

import msgspec

from gateway.answers import MutationView, OperationView
from gateway.canonical import sha256_hex
from gateway.errors import problem
from gateway.journal import Answer, append, first_answer, operation_row
from gateway.ledger import postings
from gateway.payments.decide import Change
from gateway.receipts.receipt import Receipt, Totals, encode_receipt, payload_sha256
from gateway.store.port import Transaction
from gateway.store.rows import PaymentRow
from gateway.views import payment_view
from gateway.work import NO_FINGERPRINT, Work

_ENCODE = msgspec.json.Encoder().encode


def record(tx: Transaction, work: Work, change: Change) -> Answer:
    """Write one change of a payment: journal row with receipt and answer, key, movements, counters, payment."""
    payment = change.payment
    payload = encode_receipt(_receipt(work, change, tx.next_seq()))
    location = f"/v1/payments/{payment.payment_id}" if change.is_new and change.refusal is None else None
    body = _ENCODE(_body(work, change))
    row = operation_row(
        work,
        payment.tenant_id,
        change.status,
        body,
        location,
        kind=change.kind,
        entry_kind=change.entry_kind,
        payment_id=payment.payment_id,
        payment_seq=payment.operations,
        receipt=payload,
    )
    seq = append(tx, work, row)
    tx.add_movements(seq, payment.tenant_id, payment.currency, change.moves)
    if payment.counters and (change.counted or change.tallied):
        tx.count(payment.tenant_id, payment.counters.split("\n"), change.counted, change.tallied)
    if change.introduces:
        tx.know_payee(payment.tenant_id, payment.payee_id)
    stamped = msgspec.structs.replace(payment, last_receipt_sha256=payload_sha256(payload))
    if change.is_new:
        tx.add_payment(stamped)
    elif change.vote is not None:
        tx.add_vote(payment.tenant_id, payment.payment_id, change.vote)
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
    payment, suffix = change.payment, work.suffix
    entry = _ENCODE(postings(change.moves, payment.currency, payment.account_names)) if change.moves else None
    return Receipt(  # in order: beyond fifteen names Python makes a dict of them first
        payment.agent_id,
        str(change.amount),
        payment.currency,
        (f"ent_{suffix}",) if entry else (),
        payment.expires_at,
        work.now_text,
        journal_seq,
        work.signer.keyid,
        change.kind,
        "yes" if entry else "no",
        f"opr_{suffix}",
        payment.payee_id,
        payment.payment_id,
        msgspec.Raw(payment.policy),
        sha256_hex(entry) if entry else None,
        payment.last_receipt_sha256 or None,
        f"rcp_{suffix}",
        (work.claim.fingerprint if work.claim else NO_FINGERPRINT).hex(),
        work.ids.salt(),
        payment.operations,
        str(payment.state),
        payment.tenant_id,
        _totals(payment),
        "1",
        payment.wallet_id,
    )


def _totals(payment: PaymentRow) -> Totals:
    return Totals(
        authorized=str(payment.authorized),
        charged_back=str(payment.charged_back),
        open=str(payment.open),
        refunded=str(payment.refunded),
        released=str(payment.released),
        settled=str(payment.settled),
    )
