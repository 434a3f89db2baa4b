"""The payout's life as rows."""

from enum import StrEnum

from gateway.machines.machine import Machine


class PayoutState(StrEnum):
    """Where a payout stands."""

    ACCEPTED = "accepted"
    EXECUTING = "executing"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PayoutEvent(StrEnum):
    """What can happen to it. Only the rail, or two operators with evidence, decide that it succeeded or failed."""

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


_S, _E, _F = PayoutState, PayoutEvent, PayoutEffect

PAYOUT = Machine(
    "payouts",
    PayoutState,
    PayoutEvent,
    (
        (None, _E.ACCEPT, _S.ACCEPTED, _F.SET_ASIDE),
        (_S.ACCEPTED, _E.SEND, _S.EXECUTING, _F.NONE),
        (_S.EXECUTING, _E.SEND, _S.EXECUTING, _F.NONE),
        (_S.EXECUTING, _E.REFUSE_CONNECTION, _S.EXECUTING, _F.NONE),
        (_S.EXECUTING, _E.SUCCEED, _S.SUCCEEDED, _F.PAY_OUT),
        (_S.EXECUTING, _E.FAIL, _S.FAILED, _F.GIVE_BACK),
        (_S.EXECUTING, _E.LOSE, _S.UNKNOWN, _F.NONE),
        (_S.UNKNOWN, _E.SEND, _S.UNKNOWN, _F.NONE),
        (_S.UNKNOWN, _E.REFUSE_CONNECTION, _S.UNKNOWN, _F.NONE),
        (_S.UNKNOWN, _E.LOSE, _S.UNKNOWN, _F.NONE),
        (_S.UNKNOWN, _E.WAIT, _S.UNKNOWN, _F.NONE),
        (_S.UNKNOWN, _E.SUCCEED, _S.SUCCEEDED, _F.PAY_OUT),
        (_S.UNKNOWN, _E.FAIL, _S.FAILED, _F.GIVE_BACK),
        (_S.UNKNOWN, _E.GIVE_UP, _S.MANUAL_REVIEW, _F.NONE),
        (_S.MANUAL_REVIEW, _E.REVIEW_SUCCEEDED, _S.SUCCEEDED, _F.PAY_OUT),
        (_S.MANUAL_REVIEW, _E.REVIEW_FAILED, _S.FAILED, _F.GIVE_BACK),
        (_S.FAILED, _E.LATE_SUCCESS, _S.FAILED, _F.SUSPEND),
        (_S.SUCCEEDED, _E.CONTRADICT, _S.SUCCEEDED, _F.NONE),
    ),
)
"""Nothing leaves succeeded or failed: a later message of the rail becomes a reconciliation item."""
