"""Every label set under which a request can be counted.

A counter that is born with its first event has no increase for that event, so an alert misses it. The label sets are bounded, so
all of them are made at start: what each route may answer (the contract), and what the server adds to every route.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.api.contract import CONTRACTS, refusals
from gateway.api.public import OPENAPI_PATH, PUBLIC
from gateway.api.webhooks import WEBHOOK_PATH
from gateway.errors import CATALOGUE, Code
from gateway.routes import RESERVE, ROUTES, SETTLE, Route
from gateway.telemetry.slo_events import DECISION_LATENCY, SETTLE_LATENCY, SloRoutes

CLIENT_GONE = 499
"""The status under which a request is counted whose caller left before the answer."""

OTHER = "other"
"""The method label of a method that the route does not offer."""

UNMATCHED = "unmatched"
"""The route label of requests that no route matched: raw paths would make a series each."""

SLO_ROUTES = SloRoutes(
    frozenset(route.template for route in ROUTES),
    {SETTLE.template: (SETTLE_LATENCY, 0.25), RESERVE.template: (DECISION_LATENCY, 0.3)},
)
"""Not the probes of operators, nor paths that no route matches: their many good answers would hide failures of callers."""

_FAILURES = tuple(CATALOGUE[code].status for code in (Code.INVALID_REQUEST, Code.INTERNAL, Code.STORAGE_BUSY))
_WEBHOOK = (202, *(CATALOGUE[code].status for code in (Code.UNAUTHENTICATED, Code.PAYLOAD_TOO_LARGE)), *_FAILURES)
_METHOD_NOT_ALLOWED = CATALOGUE[Code.METHOD_NOT_ALLOWED].status
_NOT_FOUND = CATALOGUE[Code.NOT_FOUND].status


class Series(NamedTuple):
    """The labels of one counter of answered requests."""

    route: str
    method: str
    status: int


def series_of(route: str | None, method: str, status: int) -> Series:
    """Under which labels a request is counted; HEAD counts as the GET that it is. `status` 0 means that no answer was sent."""
    if route is None:
        return Series(UNMATCHED, OTHER, status or CLIENT_GONE)
    name = "GET" if method == "HEAD" else method
    return Series(route, name if name in _METHODS[route] else OTHER, status or CLIENT_GONE)


def all_series() -> tuple[Series, ...]:
    """Each label set once, in the order of the routes."""
    return tuple(dict.fromkeys(_all()))


def _all() -> Iterator[Series]:
    for route in ROUTES:
        yield from _offered(route.template, route.method, _statuses(route))
    for path in (*(public.path for public in PUBLIC), OPENAPI_PATH):
        yield from _offered(path, "GET", (200, *_FAILURES))
    yield from _offered(WEBHOOK_PATH, "POST", _WEBHOOK)
    for status in (_NOT_FOUND, *_FAILURES):
        yield Series(UNMATCHED, OTHER, status)


def _offered(template: str, method: str, statuses: tuple[int, ...]) -> Iterator[Series]:
    """What a route answers, what OPTIONS does, and every method that is not offered; only a body's sender can leave too early."""
    for status in statuses if method == "GET" else (*statuses, CLIENT_GONE):
        yield Series(template, method, status)
    yield Series(template, "OPTIONS", 204)
    yield Series(template, OTHER, _METHOD_NOT_ALLOWED)


def _statuses(route: Route) -> tuple[int, ...]:
    contract = CONTRACTS[route.kind]
    return (contract.status, *contract.also, *(CATALOGUE[code].status for code in refusals(route)))


def _methods() -> dict[str, frozenset[str]]:
    offered: dict[str, set[str]] = {}
    for series in _all():
        offered.setdefault(series.route, set()).add(series.method)
    return {route: frozenset(methods) for route, methods in offered.items()}


_METHODS = _methods()
