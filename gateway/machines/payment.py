"""The payment's life as rows."""

from enum import StrEnum

from gateway.errors import Code
from gateway.machines.machine import Machine


class PaymentState(StrEnum):
    """Where a payment stands."""

    DENIED = "denied"
    RESERVED = "reserved"
    PARTIALLY_SETTLED = "partially_settled"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"
    APPROVAL_REQUIRED = "approval_required"
    REJECTED = "rejected"
    APPROVAL_EXPIRED = "approval_expired"


class PaymentEvent(StrEnum):
    """What can happen to it.

    The amount decides between settle_part and settle_rest before the machine is used. The policy, which is evaluated again with
    every approval, decides between approve_part, approve_last and approve_denied.
    """

    RESERVE_DENIED = "reserve_denied"
    RESERVE_ALLOWED = "reserve_allowed"
    SETTLE_PART = "settle_part"
    SETTLE_REST = "settle_rest"
    REVERSE = "reverse"
    EXPIRE = "expire"
    RESERVE_ESCALATED = "reserve_escalated"
    APPROVE_PART = "approve_part"
    APPROVE_LAST = "approve_last"
    APPROVE_DENIED = "approve_denied"
    REJECT = "reject"


class PaymentEffect(StrEnum):
    """What happens to the money with it."""

    NONE = "none"
    HOLD = "hold"
    PAY = "pay"
    PAY_AND_RELEASE = "pay_and_release"
    RELEASE = "release"
    REFUND = "refund"


_S, _E, _F = PaymentState, PaymentEvent, PaymentEffect

PAYMENT = Machine(
    "payments",
    PaymentState,
    PaymentEvent,
    (
        (None, _E.RESERVE_DENIED, _S.DENIED, _F.NONE),
        (None, _E.RESERVE_ALLOWED, _S.RESERVED, _F.HOLD),
        (_S.RESERVED, _E.SETTLE_PART, _S.PARTIALLY_SETTLED, _F.PAY),
        (_S.RESERVED, _E.SETTLE_REST, _S.SETTLED, _F.PAY_AND_RELEASE),
        (_S.RESERVED, _E.REVERSE, _S.RELEASED, _F.RELEASE),
        (_S.RESERVED, _E.EXPIRE, _S.EXPIRED, _F.RELEASE),
        (_S.PARTIALLY_SETTLED, _E.SETTLE_PART, _S.PARTIALLY_SETTLED, _F.PAY),
        (_S.PARTIALLY_SETTLED, _E.SETTLE_REST, _S.SETTLED, _F.PAY_AND_RELEASE),
        (_S.PARTIALLY_SETTLED, _E.REVERSE, _S.SETTLED, _F.RELEASE),
        (_S.PARTIALLY_SETTLED, _E.EXPIRE, _S.SETTLED, _F.RELEASE),
        (_S.SETTLED, _E.REVERSE, _S.SETTLED, _F.REFUND),
        (None, _E.RESERVE_ESCALATED, _S.APPROVAL_REQUIRED, _F.NONE),
        (_S.APPROVAL_REQUIRED, _E.APPROVE_PART, _S.APPROVAL_REQUIRED, _F.NONE),
        (_S.APPROVAL_REQUIRED, _E.APPROVE_LAST, _S.RESERVED, _F.HOLD),
        (_S.APPROVAL_REQUIRED, _E.APPROVE_DENIED, _S.DENIED, _F.NONE),
        (_S.APPROVAL_REQUIRED, _E.REJECT, _S.REJECTED, _F.NONE),
        (_S.APPROVAL_REQUIRED, _E.EXPIRE, _S.APPROVAL_EXPIRED, _F.NONE),
    ),
)

REFUSALS: dict[PaymentState, Code] = {
    _S.DENIED: Code.POLICY_DENIED,
    _S.SETTLED: Code.ALREADY_SETTLED,
    _S.RELEASED: Code.ALREADY_RELEASED,
    _S.EXPIRED: Code.RESERVATION_EXPIRED,
    _S.APPROVAL_REQUIRED: Code.APPROVAL_REQUIRED,
    _S.REJECTED: Code.PAYMENT_REJECTED,
    _S.APPROVAL_EXPIRED: Code.APPROVAL_EXPIRED,
    _S.RESERVED: Code.NOT_AWAITING_APPROVAL,
    _S.PARTIALLY_SETTLED: Code.NOT_AWAITING_APPROVAL,
}
"""The answer to an operation that finds the payment in a state without a row for it."""

OPEN_STATES = (_S.RESERVED, _S.PARTIALLY_SETTLED)
"""States that hold money of the wallet."""

UNFUNDED_STATES = (_S.DENIED, _S.APPROVAL_REQUIRED, _S.REJECTED, _S.APPROVAL_EXPIRED)
"""States in which nothing was ever authorized."""
