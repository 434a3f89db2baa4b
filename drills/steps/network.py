"""Steps that act on the network between the service and its clients."""

from typing import Annotated

import msgspec

from drills.network.rule import Direction, Millis
from drills.steps.base import StepBase

Pieces = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class ProxyNetwork(StepBase, frozen=True, tag="proxy_network"):
    """Put a proxy between the storm and the service."""


class SlowNetwork(StepBase, frozen=True, tag="slow_network"):
    """Delay what passes; the fault is seen once `seen` requests or responses were delayed."""

    delay_ms: Millis
    jitter_ms: Millis = 0
    of: Direction = "responses"
    seen: Pieces = 20


class HalfOpenNetwork(StepBase, frozen=True, tag="half_open_network"):
    """Take what is sent and pass none of it on, while connections stay open; seen once `seen` requests or responses were lost."""

    lose: Direction = "responses"
    seen: Pieces = 20


class RestoreNetwork(StepBase, frozen=True, tag="restore_network"):
    """Pass everything on again; connections that lost something are reset."""
