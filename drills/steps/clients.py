"""Steps that look at the service as its clients do, while a fault lasts."""

from typing import Annotated, Literal

import msgspec

from drills.steps.base import StepBase

_Count = Annotated[int, msgspec.Meta(ge=1)]


class ObserveClients(StepBase, frozen=True, tag="observe_clients"):
    """Wait until so many attempts that began after the fault were refused, failed or acknowledged; fewer are a deviation.

    Refused means answered with a status of 500 and above. Failed means refused, or not answered at all.
    """

    expect: Literal["refused", "failed", "acknowledged"]
    count: _Count = 1


class ReadService(StepBase, frozen=True, tag="read_service"):
    """Read what the target's `audit` names, so many times; a read that is not answered with 2xx is a deviation."""

    count: _Count = 20
