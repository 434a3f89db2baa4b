"""Steps that take the service's rail away, and pay out meanwhile."""

from typing import Annotated, Literal

import msgspec

from drills.steps.base import StepBase

Payouts = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class ProxyRail(StepBase, frozen=True, tag="proxy_rail"):
    """Put a proxy between the service and its rail, before the service starts."""


class StartPayouts(StepBase, frozen=True, tag="start_payouts"):
    """Have a second tenant request payouts, one after the other, while the storm runs; wait until `accepted` were accepted."""

    payouts: Payouts = 60
    accepted: Payouts = 5


class CutRail(StepBase, frozen=True, tag="cut_rail"):
    """Take the rail away in the middle of `in_flight` charges, whose replies are lost; seen once calls to it are refused."""

    in_flight: Payouts = 3


class AcceptPayouts(StepBase, frozen=True, tag="accept_payouts"):
    """Wait until `accepted` more payouts were accepted while the rail is away."""

    accepted: Payouts = 10


class RestoreRail(StepBase, frozen=True, tag="restore_rail"):
    """Give the rail back."""


class ObserveMode(StepBase, frozen=True, tag="observe_mode"):
    """Watch until the service reports this mode; one that does not is a deviation."""

    mode: Literal["normal", "paused", "trust_only"]


class HoldSteadyState(StepBase, frozen=True, tag="hold_steady_state"):
    """Watch for so long that no probe breaks: the fault must not reach the clients."""

    lasting: str


class AwaitPayouts(StepBase, frozen=True, tag="await_payouts"):
    """Let every payout be decided, and reconcile them with the rail's own book: each finding is a deviation."""
