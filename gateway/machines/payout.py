"""A payout's life as rows: next states, the CHECK lists, the exhaustive test and the diagram all read them."""

from enum import StrEnum

import msgspec


class PayoutState(StrEnum):
    """Where a payout stands."""

    ACCEPTED = "accepted"
    EXECUTING = "executing"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PayoutEvent(StrEnum):
    """What can happen to it. Only the rail, or two operators with evidence, say that it succeeded or failed."""

    ACCEPT = "accept"
    SEND = "send"
    REFUSE_CONNECTION = "refuse_connection"
    SUCCEED = "succeed"
    FAIL = "fail"
    LOSE = "lose"
    WAIT = "wait"
    GIVE_UP = "give_up"
    REVIEW_SUCCEEDED = "review_succeeded"
    REVIEW_FAILED = "review_failed"
    LATE_SUCCESS = "late_success"
    CONTRADICT = "contradict"


class PayoutEffect(StrEnum):
    """What happens to the money with it."""

    NONE = "none"
    SET_ASIDE = "set_aside"
    PAY_OUT = "pay_out"
    GIVE_BACK = "give_back"
    SUSPEND = "suspend"


class PayoutTransition(msgspec.Struct, frozen=True):
    """One edge; `state` is None before the payout exists."""

    state: PayoutState | None
    event: PayoutEvent
    next: PayoutState
    effect: PayoutEffect


_S, _E, _F = PayoutState, PayoutEvent, PayoutEffect

PAYOUT_TRANSITIONS = (
    PayoutTransition(None, _E.ACCEPT, _S.ACCEPTED, _F.SET_ASIDE),
    PayoutTransition(_S.ACCEPTED, _E.SEND, _S.EXECUTING, _F.NONE),
    PayoutTransition(_S.EXECUTING, _E.SEND, _S.EXECUTING, _F.NONE),
    PayoutTransition(_S.EXECUTING, _E.REFUSE_CONNECTION, _S.EXECUTING, _F.NONE),
    PayoutTransition(_S.EXECUTING, _E.SUCCEED, _S.SUCCEEDED, _F.PAY_OUT),
    PayoutTransition(_S.EXECUTING, _E.FAIL, _S.FAILED, _F.GIVE_BACK),
    PayoutTransition(_S.EXECUTING, _E.LOSE, _S.UNKNOWN, _F.NONE),
    PayoutTransition(_S.UNKNOWN, _E.SEND, _S.UNKNOWN, _F.NONE),
    PayoutTransition(_S.UNKNOWN, _E.REFUSE_CONNECTION, _S.UNKNOWN, _F.NONE),
    PayoutTransition(_S.UNKNOWN, _E.LOSE, _S.UNKNOWN, _F.NONE),
    PayoutTransition(_S.UNKNOWN, _E.WAIT, _S.UNKNOWN, _F.NONE),
    PayoutTransition(_S.UNKNOWN, _E.SUCCEED, _S.SUCCEEDED, _F.PAY_OUT),
    PayoutTransition(_S.UNKNOWN, _E.FAIL, _S.FAILED, _F.GIVE_BACK),
    PayoutTransition(_S.UNKNOWN, _E.GIVE_UP, _S.MANUAL_REVIEW, _F.NONE),
    PayoutTransition(_S.MANUAL_REVIEW, _E.REVIEW_SUCCEEDED, _S.SUCCEEDED, _F.PAY_OUT),
    PayoutTransition(_S.MANUAL_REVIEW, _E.REVIEW_FAILED, _S.FAILED, _F.GIVE_BACK),
    PayoutTransition(_S.FAILED, _E.LATE_SUCCESS, _S.FAILED, _F.SUSPEND),
    PayoutTransition(_S.SUCCEEDED, _E.CONTRADICT, _S.SUCCEEDED, _F.NONE),
)

FINAL_STATES = (PayoutState.SUCCEEDED, PayoutState.FAILED)
"""States that never change again; what the rail says afterwards becomes a reconciliation item."""

_TABLE = {(row.state, row.event): row for row in PAYOUT_TRANSITIONS}


def payout_transition(state: PayoutState | None, event: PayoutEvent) -> PayoutTransition | None:
    """The edge for this event, or None: then nothing happens."""
    return _TABLE.get((state, event))


def payout_mermaid() -> str:
    """The rows as a mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {row.state or '[*]'} --> {row.next}: {row.event}" for row in PAYOUT_TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in FINAL_STATES]
    return "\n".join(lines)
