"""What the rail's workers do inside a transaction: take a payout over, and store the rail's result.

Taking a payout over raises its epoch. Every later write names the epoch under which its worker began, so that a worker that was
slow, or thought dead, cannot overwrite its successor.
"""

import datetime as dt
from enum import StrEnum

import msgspec

from gateway.clock import format_utc
from gateway.machines.payout import PAYOUT, PayoutEvent, PayoutState
from gateway.payouts.decide import TRIES, PayoutChange, backoff, contradict, happen, suspend
from gateway.payouts.record import record_payout
from gateway.rail.port import RAIL, RailOutcome, RailResult
from gateway.store.payout_rows import PayoutRow, RailEventRow
from gateway.store.port import Transaction
from gateway.work import Context

_SOON = 3
"""The backoff step, four seconds, of the next query where the rail has not decided yet or could not be reached."""


class Written(StrEnum):
    """What became of one answer of the rail."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"
    LATER = "later"
    SEND_AGAIN = "send_again"
    STALE = "stale"
    LATE_SUCCESS = "late_success"
    CONTRADICTED = "contradicted_success"
    NOTHING_NEW = "nothing_new"


def take_to_send(tx: Transaction, ctx: Context, limit: int, lease_s: float) -> tuple[PayoutRow, ...]:
    """Take over payouts of which no byte has left. Once this is durable, a byte may have."""
    taken = []
    for row in tx.payouts.to_send(ctx.now_text, limit):
        edge = PAYOUT.edge(row.state, PayoutEvent.SEND)
        assert edge is not None, "the query finds states that may be sent"
        taken.append(_take(tx, ctx, msgspec.structs.replace(row, state=edge.next, sent_at=ctx.now_text), lease_s))
    return tuple(taken)


def take_to_ask(tx: Transaction, ctx: Context, limit: int, lease_s: float) -> tuple[PayoutRow, ...]:
    """Take over payouts whose outcome nobody knows; one whose worker never came back becomes unknown here."""
    taken = []
    for found in tx.payouts.to_ask(ctx.now_text, limit):
        row = found
        if row.state is PayoutState.EXECUTING:
            reason = "whoever sent it did not come back"
            _record(tx, ctx, happen(row, PayoutEvent.LOSE, ctx.now_text, row.epoch, reason=reason, tries=0))
            row = _again(tx, row)
        taken.append(_take(tx, ctx, row, lease_s))
    return tuple(taken)


def write_result(tx: Transaction, ctx: Context, held: PayoutRow, result: RailResult) -> Written:
    """Store the rail's result for the worker that holds the payout; nothing is stored if another worker holds it now."""
    row = _still_held(tx, held)
    if row is None:
        return Written.STALE
    if (
        result.outcome is RailOutcome.SUCCEEDED
        and result.rail_id is not None
        and tx.payouts.of_charge(result.rail_id) is not None
    ):
        result = RailResult(RailOutcome.UNKNOWN, f"the rail names {result.rail_id}, which has paid another payout")
    match result.outcome:
        case RailOutcome.SUCCEEDED:
            change = happen(row, PayoutEvent.SUCCEED, ctx.now_text, row.epoch, rail_id=result.rail_id, reason=None)
            return _record(tx, ctx, change, Written.SUCCEEDED)
        case RailOutcome.FAILED:
            change = happen(row, PayoutEvent.FAIL, ctx.now_text, row.epoch, reason=result.detail)
            return _record(tx, ctx, change, Written.FAILED)
        case RailOutcome.NOT_SENT:
            # Nothing left this machine. Of a payout that was sent before, that still says nothing.
            sent = row.state is PayoutState.UNKNOWN
            changes = {} if sent else {"sent_at": None, "tries": row.tries + 1}
            return _put_off(tx, ctx, row, PayoutEvent.REFUSE_CONNECTION, backoff(ctx.now, min(row.tries, _SOON)), **changes)
        case RailOutcome.PENDING if row.state is PayoutState.UNKNOWN:
            return _put_off(tx, ctx, row, PayoutEvent.WAIT, backoff(ctx.now, _SOON))
        case RailOutcome.PENDING | RailOutcome.UNKNOWN | RailOutcome.NEVER_SEEN:
            return _write_unknown(tx, ctx, row, result.detail)


def consider_sending_again(tx: Transaction, ctx: Context, held: PayoutRow, patience_s: float, lease_s: float) -> Written:
    """The rail has never seen the key: send it again, once the first request can no longer be on its way."""
    row = _still_held(tx, held)
    if row is None or row.state is not PayoutState.UNKNOWN:
        return Written.STALE
    arrived = _after(row.sent_at or row.created_at, patience_s)
    if ctx.now_text < arrived:
        return _put_off(tx, ctx, row, PayoutEvent.WAIT, arrived)
    again = msgspec.structs.replace(row, sent_at=ctx.now_text, leased_until=_from_now(ctx, lease_s), updated_at=ctx.now_text)
    return Written.SEND_AGAIN if tx.payouts.update(again, row.epoch) else Written.STALE


def store_event(tx: Transaction, ctx: Context, event: RailEventRow) -> bool:
    """Store the event before it is processed; False for an event that is known."""
    return tx.payouts.add_event(RAIL, event, ctx.now_text)


def take_events(tx: Transaction, ctx: Context, limit: int, lease_s: float) -> tuple[tuple[RailEventRow, PayoutRow], ...]:
    """Process stored events; returns those that need a query to the rail, with the payout, taken over if it is open."""
    taken = []
    for event in tx.payouts.events(RAIL, ctx.now_text, limit):
        row = tx.payouts.of_key(event.rail_key)
        said = _verdict(event, row)
        if said is not None:
            tx.payouts.handle_event(RAIL, event.rail_event_id, said, ctx.now_text)
            continue
        assert row is not None, "an event without a payout has a verdict"
        if _is_busy(ctx, row):
            tx.payouts.postpone_event(RAIL, event.rail_event_id, backoff(ctx.now, event.tries))
            continue
        tx.payouts.postpone_event(RAIL, event.rail_event_id, _from_now(ctx, lease_s))
        taken.append((event, _take(tx, ctx, row, lease_s) if row.state is PayoutState.UNKNOWN else row))
    return tuple(taken)


def write_event(tx: Transaction, ctx: Context, event: RailEventRow, held: PayoutRow, result: RailResult) -> Written:
    """Make of an event what the rail's own word, read back, says; a payout that is final only gathers reconciliation items."""
    row = tx.payouts.of_key(event.rail_key)
    assert row is not None, "payouts are never deleted"
    final = row.state in PAYOUT.final
    written = _write_late(tx, ctx, row, result) if final else write_result(tx, ctx, held, result)
    if written in (Written.LATER, Written.STALE, Written.UNKNOWN):
        tx.payouts.postpone_event(RAIL, event.rail_event_id, backoff(ctx.now, event.tries))
    else:
        tx.payouts.handle_event(RAIL, event.rail_event_id, written, ctx.now_text)
    return written


def _verdict(event: RailEventRow, row: PayoutRow | None) -> str | None:
    """What becomes of an event without a query to the rail; None where a query is needed."""
    if row is None:
        return "no_such_payout"
    if event.type == "review":
        return None
    agrees = row.state.value == event.status
    return "nothing_new" if event.status not in ("succeeded", "failed") or agrees else None


def _is_busy(ctx: Context, row: PayoutRow) -> bool:
    """Whether somebody else is to speak first: the worker that holds it, the outbox, the resolver, or two operators."""
    if row.state in PAYOUT.final:
        return False
    return row.state is not PayoutState.UNKNOWN or row.leased_until > ctx.now_text


def _write_late(tx: Transaction, ctx: Context, row: PayoutRow, result: RailResult) -> Written:
    if result.outcome in (RailOutcome.UNKNOWN, RailOutcome.PENDING, RailOutcome.NOT_SENT):
        return Written.LATER
    if row.state is PayoutState.FAILED and result.outcome is RailOutcome.SUCCEEDED:
        change = suspend(tx, row, result.rail_id, ctx.now_text)
        return _record(tx, ctx, change, Written.LATE_SUCCESS) if change else Written.NOTHING_NEW
    if row.state is PayoutState.SUCCEEDED and result.outcome is not RailOutcome.SUCCEEDED:
        change = contradict(tx, row, result.rail_id, ctx.now_text)
        return _record(tx, ctx, change, Written.CONTRADICTED) if change else Written.NOTHING_NEW
    return Written.NOTHING_NEW


def _write_unknown(tx: Transaction, ctx: Context, row: PayoutRow, detail: str) -> Written:
    if row.state is PayoutState.EXECUTING:
        due_at = backoff(ctx.now, 0)
        change = happen(row, PayoutEvent.LOSE, ctx.now_text, row.epoch, reason=detail, tries=0, due_at=due_at)
        return _record(tx, ctx, change, Written.UNKNOWN)
    tries = row.tries + 1
    if tries >= TRIES:
        change = happen(row, PayoutEvent.GIVE_UP, ctx.now_text, row.epoch, reason=detail, tries=tries)
        return _record(tx, ctx, change, Written.MANUAL_REVIEW)
    return _put_off(tx, ctx, row, PayoutEvent.LOSE, backoff(ctx.now, tries), tries=tries, reason=detail)


def _take(tx: Transaction, ctx: Context, row: PayoutRow, lease_s: float) -> PayoutRow:
    until = _from_now(ctx, lease_s)
    held = msgspec.structs.replace(row, epoch=row.epoch + 1, leased_until=until, updated_at=ctx.now_text)
    taken = tx.payouts.update(held, row.epoch)
    assert taken, "the row was read in this transaction"
    return held


def _still_held(tx: Transaction, held: PayoutRow) -> PayoutRow | None:
    """The payout as it is now, if its worker's epoch is the newest and the rail can still decide it."""
    row = tx.payouts.find(held.tenant_id, held.payout_id)
    ours = row is not None and row.epoch == held.epoch and row.state in (PayoutState.EXECUTING, PayoutState.UNKNOWN)
    return row if ours else None


def _put_off(tx: Transaction, ctx: Context, row: PayoutRow, event: PayoutEvent, due_at: str, **changes: object) -> Written:
    """Give the payout back until `due_at`: an event that leaves its state as it is, and no receipt."""
    edge = PAYOUT.edge(row.state, event)
    assert edge is not None, "the machine has an edge here"
    assert edge.next is row.state, "a step in a payout's life is recorded"
    later = msgspec.structs.replace(row, leased_until="", due_at=due_at, updated_at=ctx.now_text, **changes)
    return Written.LATER if tx.payouts.update(later, row.epoch) else Written.STALE


def _record(tx: Transaction, ctx: Context, change: PayoutChange | None, written: Written = Written.UNKNOWN) -> Written:
    assert change is not None, "the machine has an edge here"
    return Written.STALE if record_payout(tx, ctx.work(), change) is None else written


def _again(tx: Transaction, row: PayoutRow) -> PayoutRow:
    found = tx.payouts.find(row.tenant_id, row.payout_id)
    assert found is not None, "payouts are never deleted"
    return found


def _from_now(ctx: Context, seconds: float) -> str:
    return format_utc(ctx.now + dt.timedelta(seconds=seconds))


def _after(moment: str, seconds: float) -> str:
    return format_utc(dt.datetime.fromisoformat(moment) + dt.timedelta(seconds=seconds))
