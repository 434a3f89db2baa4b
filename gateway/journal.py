"""Writing what was decided: effect, receipt and stored answer go into the journal together, or not at all."""

import datetime as dt

import msgspec

from gateway.answers import MutationView, OperationView
from gateway.canonical import canonical, sha256_hex
from gateway.errors import CATALOGUE, PROBLEM_JSON, Code, Refusal, problem
from gateway.idempotency.claim import Claim, Mutation
from gateway.ids import Ids
from gateway.ledger import postings
from gateway.payments.decide import Change
from gateway.receipts.receipt import Receipt, ReceiptSigner, Totals, encode_receipt, payload_sha256
from gateway.store.rows import OperationRow, PaymentRow
from gateway.store.transaction import Transaction
from gateway.views import payment_view

_ENCODE = msgspec.json.Encoder().encode
JSON = "application/json"
NO_FINGERPRINT = bytes(32)
"""The request fingerprint of what the gateway does of itself, such as an expiry."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What goes back to the caller, byte for byte. `outcome` is ok or the refusal's code, for metrics.

    `decided_at` is when it was decided and stored; None where nothing was. `headers` stand besides those of a stored answer.
    """

    status: int
    body: bytes
    decided_at: str | None
    headers: tuple[tuple[str, str], ...] = ()
    outcome: str = "ok"
    replayed: bool = False

    @property
    def media_type(self) -> str:
        """Problems have one of their own."""
        return JSON if self.status < 400 else PROBLEM_JSON


class Work(msgspec.Struct, frozen=True):
    """One operation about to be written. Mutation and claim are None for the gateway's own doings.

    `suffix` names it: operation opr_, receipt rcp_, entry ent_ and, for a reserve, payment pay_.
    """

    now: dt.datetime
    now_text: str
    ids: Ids
    signer: ReceiptSigner
    suffix: str
    mutation: Mutation | None = None
    claim: Claim | None = None


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


def store(tx: Transaction, work: Work, status: int, view: msgspec.Struct, location: str | None, outcome: str = "ok") -> Answer:
    """Write an answer that moves no money: a sticky refusal, or something an administrator made."""
    assert work.mutation is not None, "only requests are answered"
    body = _ENCODE(view)
    append(tx, work, operation_row(work, work.mutation.principal.tenant_id, status, body, location))
    return first_answer(work, status, body, location, outcome)


def refuse(refusal: Refusal, request_id: str) -> Answer:
    """The answer to a request that was refused without a stored decision."""
    row = CATALOGUE[refusal.code]
    after_ms = refusal.retry_after_ms
    headers: tuple[tuple[str, str], ...] = (("Retry-After", str(-(-after_ms // 1000))),) if after_ms else ()
    if refusal.code is Code.IDEMPOTENCY_KEY_EXPIRED and refusal.resource:
        headers = (*headers, ("Link", f'<{refusal.resource}>; rel="related"'))
    return Answer(row.status, _ENCODE(problem(refusal, request_id)), None, headers, refusal.code)


def repeat(at: str, status: int, body: bytes, location: str | None) -> Answer:
    """The stored answer once more: same status, same bytes."""
    return _stored(at, status, body, location, "ok", replayed=True)


def append(tx: Transaction, work: Work, row: OperationRow) -> int:
    """Add a row to the journal, with the key that led to it."""
    seq = tx.add_operation(row)
    if work.claim is not None:
        tx.add_key(work.claim.tenant_key, work.claim.route_hash, seq)
    return seq


def first_answer(work: Work, status: int, body: bytes, location: str | None, outcome: str) -> Answer:
    """What the caller is told the first time; `repeat` tells it again."""
    return _stored(work.now_text, status, body, location, outcome, replayed=False)


def _stored(at: str, status: int, body: bytes, location: str | None, outcome: str, *, replayed: bool) -> Answer:
    return Answer(status, body, at, (("Location", location),) if location else (), outcome, replayed)


def _body(work: Work, change: Change) -> msgspec.Struct:
    if change.refusal is not None:
        assert work.mutation is not None, "only requests are denied"
        return problem(change.refusal, work.mutation.request_id)
    operation = OperationView(f"opr_{work.suffix}", change.kind, change.payment.operations, work.now_text)
    return MutationView(payment_view(change.payment), operation, f"rcp_{work.suffix}")


def operation_row(
    work: Work,
    tenant_id: str,
    status: int,
    body: bytes,
    location: str | None,
    *,
    kind: str | None = None,
    entry_kind: str | None = None,
    payment_id: str | None = None,
    payment_seq: int | None = None,
    receipt: bytes | None = None,
    signature: bytes | None = None,
) -> OperationRow:
    """The journal's row for this operation; `kind` is the route's where it is not given."""
    mutation, claim = work.mutation, work.claim
    return OperationRow(  # in order: beyond fifteen names Python makes a dict of them first
        tenant_id,
        work.suffix,
        kind or (mutation.route.kind if mutation else "system"),
        entry_kind,
        payment_id,
        payment_seq,
        work.now_text,
        mutation.principal.agent_id if mutation else "system",
        mutation.route.name if mutation else "system",
        mutation.key if mutation else None,
        claim.fingerprint if claim else NO_FINGERPRINT,
        claim.request if claim else b"{}",
        status,
        location,
        receipt,
        signature,
        work.signer.keyid if receipt else None,
        body if mutation else None,
    )


def system_row(tenant_id: str, kind: str, at: str, suffix: str, actor: str, request: object) -> OperationRow:
    """A row for what nobody asked over HTTP: done by the gateway itself, or by its operator at the command line."""
    return OperationRow(
        tenant_id=tenant_id,
        suffix=suffix,
        kind=kind,
        entry_kind=None,
        payment_id=None,
        payment_seq=None,
        at=at,
        actor=actor,
        route="system",
        key=None,
        fingerprint=NO_FINGERPRINT,
        request=canonical(request),
        status=200,
        location=None,
        receipt=None,
        signature=None,
        keyid=None,
        body=None,
    )


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
