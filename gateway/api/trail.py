"""What is known of a request while it runs: the edge makes it, handlers add to it, metrics and the access log read it."""

from typing import cast

from litestar.types import Scope

from gateway.commands import Principal

_KEY = "gonogo.trail"


class Trail:
    """One request. `route` is its template, None until one has been chosen; `status` is 0 until an answer has begun.

    `headers` are for whatever answer the request gets: its id, and what admission adds.
    """

    __slots__ = ("headers", "key_fingerprint", "method", "path", "principal", "request_id", "route", "started", "status")

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


def lay(scope: Scope, trail: Trail) -> None:
    """Attach the trail to an ASGI scope."""
    cast("dict[str, object]", scope)[_KEY] = trail


def trail_of(scope: Scope) -> Trail:
    """The trail that the edge attached."""
    return cast("Trail", cast("dict[str, object]", scope)[_KEY])
