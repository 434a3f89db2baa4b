"""What is known of a request while it runs: the edge makes it, handlers add to it, metrics and the access log read it."""

from typing import cast

from litestar.types import Scope

from gateway.commands import Principal

_KEY = "gonogo.trail"


class Trail:
    """One request. `route` is its template, None until one has been chosen; `status` is 0 until an answer has begun.

    `headers` are for whatever answer the request gets: its id, and what admission adds. `complete_at` is when the whole request
    was there, 0 before; its caller offered to wait `wait_s`. `outcome` is the code of a decision that is answered with 5xx.
    `is_counted` says that SLOs have counted it: as one that gets no answer.
    """

    __slots__ = (
        "complete_at",
        "headers",
        "is_counted",
        "key_fingerprint",
        "method",
        "outcome",
        "path",
        "principal",
        "request_id",
        "route",
        "started",
        "status",
        "wait_s",
    )

    def __init__(self, request_id: str, method: str, path: str, started: float) -> None:
        self.request_id = request_id
        self.method = method
        self.path = path
        self.started = started
        self.route: str | None = None
        self.status = 0
        self.principal: Principal | None = None
        self.key_fingerprint: str | None = None
        self.headers = [("x-request-id", request_id)]
        self.complete_at = 0.0
        self.wait_s = 0
        self.outcome = ""
        self.is_counted = False


def lay(scope: Scope, trail: Trail) -> None:
    """Attach the trail to an ASGI scope."""
    cast("dict[str, object]", scope)[_KEY] = trail


def trail_of(scope: Scope) -> Trail:
    """The trail that the edge attached."""
    return cast("Trail", cast("dict[str, object]", scope)[_KEY])
