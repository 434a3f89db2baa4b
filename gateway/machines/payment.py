"""The payment's life as rows: next_state(), the CHECK lists, the exhaustive test and the diagram all read them."""

from enum import StrEnum

import msgspec

from gateway.errors import Code


class State(StrEnum):
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


class Event(StrEnum):
    """What can happen to it.

    Amounts decide between settle_part and settle_rest before the machine is asked; the policy, which is asked again with every
    approval, decides between approve_part, approve_last and approve_denied.
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


class Effect(StrEnum):
    """What happens to the money with it."""

    NONE = "none"
    HOLD = "hold"
    PAY = "pay"
    PAY_AND_RELEASE = "pay_and_release"
    RELEASE = "release"
    REFUND = "refund"


class Transition(msgspec.Struct, frozen=True):
    """One edge; `state` is None before the payment exists."""

    state: State | None
    event: Event
    next: State
    effect: Effect


TRANSITIONS = (
    Transition(None, Event.RESERVE_DENIED, State.DENIED, Effect.NONE),
    Transition(None, Event.RESERVE_ALLOWED, State.RESERVED, Effect.HOLD),
    Transition(State.RESERVED, Event.SETTLE_PART, State.PARTIALLY_SETTLED, Effect.PAY),
    Transition(State.RESERVED, Event.SETTLE_REST, State.SETTLED, Effect.PAY_AND_RELEASE),
    Transition(State.RESERVED, Event.REVERSE, State.RELEASED, Effect.RELEASE),
    Transition(State.RESERVED, Event.EXPIRE, State.EXPIRED, Effect.RELEASE),
    Transition(State.PARTIALLY_SETTLED, Event.SETTLE_PART, State.PARTIALLY_SETTLED, Effect.PAY),
    Transition(State.PARTIALLY_SETTLED, Event.SETTLE_REST, State.SETTLED, Effect.PAY_AND_RELEASE),
    Transition(State.PARTIALLY_SETTLED, Event.REVERSE, State.SETTLED, Effect.RELEASE),
    Transition(State.PARTIALLY_SETTLED, Event.EXPIRE, State.SETTLED, Effect.RELEASE),
    Transition(State.SETTLED, Event.REVERSE, State.SETTLED, Effect.REFUND),
    Transition(None, Event.RESERVE_ESCALATED, State.APPROVAL_REQUIRED, Effect.NONE),
    Transition(State.APPROVAL_REQUIRED, Event.APPROVE_PART, State.APPROVAL_REQUIRED, Effect.NONE),
    Transition(State.APPROVAL_REQUIRED, Event.APPROVE_LAST, State.RESERVED, Effect.HOLD),
    Transition(State.APPROVAL_REQUIRED, Event.APPROVE_DENIED, State.DENIED, Effect.NONE),
    Transition(State.APPROVAL_REQUIRED, Event.REJECT, State.REJECTED, Effect.NONE),
    Transition(State.APPROVAL_REQUIRED, Event.EXPIRE, State.APPROVAL_EXPIRED, Effect.NONE),
)

REFUSALS: dict[State, Code] = {
    State.DENIED: Code.POLICY_DENIED,
    State.SETTLED: Code.ALREADY_SETTLED,
    State.RELEASED: Code.ALREADY_RELEASED,
    State.EXPIRED: Code.RESERVATION_EXPIRED,
    State.APPROVAL_REQUIRED: Code.APPROVAL_REQUIRED,
    State.REJECTED: Code.PAYMENT_REJECTED,
    State.APPROVAL_EXPIRED: Code.APPROVAL_EXPIRED,
    State.RESERVED: Code.NOT_AWAITING_APPROVAL,
    State.PARTIALLY_SETTLED: Code.NOT_AWAITING_APPROVAL,
}
"""What an operation is told that finds the payment in a state without an edge for it."""

OPEN_STATES = (State.RESERVED, State.PARTIALLY_SETTLED)
"""States that hold money of the wallet. They can expire, and so can the wait for approval."""

UNFUNDED_STATES = (State.DENIED, State.APPROVAL_REQUIRED, State.REJECTED, State.APPROVAL_EXPIRED)
"""States in which nothing was ever authorized."""

_TABLE = {(row.state, row.event): row for row in TRANSITIONS}


def transition(state: State | None, event: Event) -> Transition | None:
    """The edge for this event, or None: then REFUSALS[state] is the answer."""
    return _TABLE.get((state, event))


def mermaid() -> str:
    """The rows as a mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {row.state or '[*]'} --> {row.next}: {row.event}" for row in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in State if state not in (*OPEN_STATES, State.APPROVAL_REQUIRED)]
    return "\n".join(lines)
