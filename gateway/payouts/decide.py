"""What may be decided about a payout: plain functions that take rows, look up the edge, and return what should be written."""

import datetime as dt
import hashlib

import msgspec

from gateway.clock import format_utc
from gateway.commands import CreatePayout, ReviewPayout, is_same
from gateway.errors import Code, Refusal
from gateway.errors.callers import NO_PERSON
from gateway.kinds import EntryKind, ItemKind
from gateway.ledger import Movement
from gateway.machines.payout import PAYOUT, PayoutEffect, PayoutEvent, PayoutState
from gateway.rail.port import RAIL
from gateway.store.payout_rows import RAIL_CLEARING, SUSPENSE, PayoutRow, RailEventRow, ReviewRow
from gateway.store.port import Transaction
from gateway.views import payout_view
from gateway.work import Made, Work

FIRST_BACKOFF_MS = 500
LAST_BACKOFF_MS = 60_000
TRIES = 8
"""Answers that say nothing, after which people take over: about two minutes after the first."""

_ENTRY_KINDS: dict[PayoutEffect, EntryKind] = {
    PayoutEffect.SET_ASIDE: "payout",
    PayoutEffect.PAY_OUT: "payout_success",
    PayoutEffect.GIVE_BACK: "payout_failure",
    PayoutEffect.SUSPEND: "payout_suspense",
}


class PayoutChange(msgspec.Struct, frozen=True):
    """What one event does to one payout; `payouts.record` writes it and signs the receipt.

    `payout` is the row after it, before its receipt is known; `held` the epoch under which it is written, None for a new payout.
    `item` is the kind of reconciliation item that goes with it, `rail_id` the charge that the item is about.
    """

    payout: PayoutRow
    entry_kind: EntryKind | None
    moves: tuple[Movement, ...]
    names: dict[int, str]
    held: int | None = None
    item: ItemKind | None = None
    rail_id: str | None = None


def rail_key(tenant_id: str, key: str, operation: str, seq: int) -> str:
    """The key by which the rail knows one operation: derived from the caller's idempotency key, which outlives this database.

    So neither a restart nor a restored backup makes another of it, and the rail repeats its answer to what it has charged.
    """
    parts = (tenant_id, f"idempotency-key {key}", operation, str(seq))  # no payout_id has a space: rows of before keep theirs
    return "gng_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:48]


def create_payout(tx: Transaction, work: Work, command: CreatePayout) -> PayoutChange | Refusal:
    """Set the amount aside for the payee; the row is the durable intent, and a worker sends it."""
    if not work.has_rail:
        return Refusal(Code.RAIL_UNAVAILABLE, "this gateway was started without a rail; `serve --rail URL` names one")
    principal, now = work.request.principal, work.now_text
    tenant_id, amount = principal.tenant_id, int(command.amount)
    payee = tx.payee(tenant_id, command.payee_id)
    if payee is None:
        return Refusal(Code.NOT_FOUND, "$.payee_id: no such payee")
    if command.currency != payee.currency:
        return Refusal(Code.CURRENCY_MISMATCH, f"$.currency: the payee takes {payee.currency}")
    if payee.payable < amount:
        where = f"/v1/payees/{payee.payee_id}"
        return Refusal(Code.INSUFFICIENT_PAYABLE, f"$.amount: the payee is owed {payee.payable}", resource=where)
    accounts, payout_id = tx.payouts, f"pyo_{work.suffix}"
    row = PayoutRow(
        tenant_id=tenant_id,
        payout_id=payout_id,
        payee_id=payee.payee_id,
        agent_id=principal.agent_id,
        state=PayoutState.ACCEPTED,
        currency=payee.currency,
        amount=amount,
        rail_key=rail_key(tenant_id, work.request.key, "payout", 1),
        rail_id=None,
        reason=None,
        payable_account=payee.payable_account,
        paying_account=accounts.account(tenant_id, f"payee/{payee.payee_id}/paying", payee.currency, may_go_negative=False),
        clearing_account=accounts.account(tenant_id, RAIL_CLEARING, payee.currency, may_go_negative=True),
        operations=1,
        last_receipt_sha256="",
        epoch=0,
        leased_until="",
        sent_at=None,
        due_at=now,
        tries=0,
        created_at=now,
        updated_at=now,
    )
    edge = PAYOUT.edge(None, PayoutEvent.ACCEPT)
    assert edge is not None, "a payout can always be accepted"
    assert edge.next is row.state, "the row says what the machine says"
    return _change(row, edge.effect, None)


def happen(row: PayoutRow, event: PayoutEvent, now: str, held: int, **changes: object) -> PayoutChange | None:
    """The change that an event makes under the lease `held`, which it ends; None where the machine has no edge for it."""
    edge = PAYOUT.edge(row.state, event)
    if edge is None:
        return None
    step = {"state": edge.next, "operations": row.operations + 1, "leased_until": "", "updated_at": now}
    after = msgspec.structs.replace(row, **(step | changes))
    return _change(after, edge.effect, held)


def suspend(tx: Transaction, row: PayoutRow, rail_id: str | None, now: str) -> PayoutChange | None:
    """A success after the payout had failed: the rail's money has left, so it goes to suspense, once, for a person to look at."""
    if any(item.kind == "late_success" for item in tx.payouts.items(row.tenant_id, row.payout_id)):
        return None
    change = happen(row, PayoutEvent.LATE_SUCCESS, now, row.epoch)
    if change is None:
        return None
    suspense = tx.payouts.account(row.tenant_id, SUSPENSE, row.currency, may_go_negative=True)
    names = {**row.account_names, suspense: SUSPENSE}
    moves = (Movement(suspense, row.clearing_account, row.amount),)
    return msgspec.structs.replace(change, moves=moves, names=names, item="late_success", rail_id=rail_id)


def contradict(tx: Transaction, row: PayoutRow, rail_id: str | None, now: str) -> PayoutChange | None:
    """The rail denies a payout that counts as paid: nothing moves, and a person must look at it."""
    if any(item.kind == "contradicted_success" for item in tx.payouts.items(row.tenant_id, row.payout_id)):
        return None
    change = happen(row, PayoutEvent.CONTRADICT, now, row.epoch)
    return change and msgspec.structs.replace(change, item="contradicted_success", rail_id=rail_id)


def review_payout(tx: Transaction, work: Work, command: ReviewPayout) -> PayoutChange | Made | Refusal:
    """Note what an operator says; the payout is decided when the last words of two people agree."""
    principal, payout_id, now = work.request.principal, work.request.path_ids[0], work.now_text
    tenant_id = principal.tenant_id
    row = tx.payouts.find(tenant_id, payout_id)
    if row is None:
        return Refusal(Code.NOT_FOUND, "no such payout")
    if row.state in PAYOUT.final or row.state is not PayoutState.MANUAL_REVIEW:
        code = Code.PAYOUT_FINAL if row.state in PAYOUT.final else Code.OPERATION_OUTCOME_UNKNOWN
        return Refusal(code, f"the payout is {row.state}", resource=f"/v1/payouts/{payout_id}")
    if principal.person_id is None:
        return NO_PERSON
    outcome = PayoutState(command.outcome)
    review = ReviewRow(principal.agent_id, principal.person_id, outcome, command.evidence, now)
    tx.payouts.add_review(tenant_id, payout_id, review)
    reviews = tx.payouts.reviews(tenant_id, payout_id)
    if sum(review.outcome is outcome for review in _last_words(reviews)) < 2:
        return Made(payout_view(row, reviews, ()), status=200)
    # What two people found out is held against the rail's own word, whenever it gives one.
    check = RailEventRow(f"review_{work.suffix}", row.rail_key, "review", outcome.value, b"{}", 0)
    tx.payouts.add_event(RAIL, check, now)
    event = PayoutEvent.REVIEW_SUCCEEDED if outcome is PayoutState.SUCCEEDED else PayoutEvent.REVIEW_FAILED
    return happen(row, event, now, row.epoch, reason="decided by two operators") or Refusal(Code.PAYOUT_FINAL, "already decided")


def _last_words(reviews: tuple[ReviewRow, ...]) -> list[ReviewRow]:
    """Each person's last review: a later one by the same name, or by the same person under another name, takes its place."""
    return [review for at, review in enumerate(reviews) if not any(_same_author(review, later) for later in reviews[at + 1 :])]


def _same_author(one: ReviewRow, other: ReviewRow) -> bool:
    return is_same(one.person_id, other.person_id) or is_same(one.operator, other.operator)


def backoff(now: dt.datetime, tries: int) -> str:
    """When to try again after `tries` times in vain: half a second, doubled each time, at most a minute."""
    return format_utc(now + dt.timedelta(milliseconds=min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS << min(tries, 16))))


def _change(row: PayoutRow, effect: PayoutEffect, held: int | None) -> PayoutChange:
    moves: dict[PayoutEffect, tuple[int, int]] = {
        PayoutEffect.SET_ASIDE: (row.payable_account, row.paying_account),
        PayoutEffect.PAY_OUT: (row.paying_account, row.clearing_account),
        PayoutEffect.GIVE_BACK: (row.paying_account, row.payable_account),
    }
    legs = moves.get(effect)
    made = (Movement(*legs, row.amount),) if legs else ()
    return PayoutChange(row, _ENTRY_KINDS.get(effect), made, row.account_names, held)
