"""The outermost layer: every request gets an id, is counted and logged, whatever becomes of it further in."""

import re
from collections.abc import Awaitable, Callable
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from gateway.api.headers import Headers
from gateway.api.reply import Reply, encoded, problem_reply
from gateway.api.series import CLIENT_GONE, UNMATCHED, series_of
from gateway.api.trail import Trail, lay
from gateway.errors import Code, Refusal
from gateway.ids import Ids
from gateway.routes import GET_KEY, ROUTES
from gateway.store.port import StorageError
from gateway.telemetry.access_log import AccessLog, RequestLine
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.slo_events import UNANSWERED_S

_SHORTEST_SECRET = 16
_WORDS = sorted({word for route in ROUTES for word in route.template.split("/") if len(word) >= _SHORTEST_SECRET})
_HARMLESS = re.compile(
    "|".join(
        (*map(re.escape, _WORDS), r"gonogo-(keys|auth)\.json", "[0-9a-f]{64}", "(pay|pyo|wal|pye|rcp|opr)_[A-Za-z0-9]{1,64}")
    )
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Records:
    """What is kept of every request, whichever way it came in: its id, the numbers, the log. `monotonic` gives seconds."""

    def __init__(self, ids: Ids, monotonic: Callable[[], float], metrics: Metrics, log: AccessLog) -> None:
        self._ids = ids
        self._monotonic = monotonic
        self._metrics = metrics
        self._log = log
        self._open: dict[Trail, None] = {}  # in the order in which they came
        metrics.watch_requests(self._open, self.count_unanswered)

    def begin(self, method: str, path: str, headers: Headers) -> Trail:
        """A request has come."""
        sent = headers.get("x-request-id")
        request_id = f"req_{self._ids.suffix()}" if sent is None else self._request_id(headers)
        trail = Trail(request_id, method, path, self._monotonic())
        self._open[trail] = None
        return trail

    def defect(self, trail: Trail, error: Exception) -> Reply:
        """The answer where there is none, once the reason is in the log."""
        self._log.event("unhandled", None, trail.request_id, error)
        code = error.code if isinstance(error, StorageError) else Code.INTERNAL
        refusal = Refusal(code, f"The gateway's log has more under {trail.request_id}.")
        return problem_reply(refusal, trail.request_id)

    def end(self, trail: Trail) -> None:
        """It has been answered, or its caller is gone."""
        del self._open[trail]
        now = self._monotonic()
        seconds = now - trail.started
        waited_s = None if trail.is_counted or trail.outcome == Code.PAUSED else now - (trail.complete_at or trail.started)
        self._metrics.answered(*series_of(trail.route, trail.method, trail.status), seconds, waited_s)
        if self._log.requests:
            self._log.add(self._line(trail, seconds))

    def count_unanswered(self) -> None:
        """Count, once each, the complete requests whose callers have waited too long: what is stuck never ends any of them."""
        now = self._monotonic()
        for trail in self._open:
            if now - trail.started <= UNANSWERED_S:
                break
            if trail.is_counted or not trail.complete_at or not trail.route:
                continue
            if now - trail.complete_at > UNANSWERED_S + trail.wait_s:
                trail.is_counted = True
                self._metrics.slo_events.unanswered(trail.route)

    def _request_id(self, headers: Headers) -> str:
        for name, value in headers.raw:
            if name == "x-request-id" and _REQUEST_ID.fullmatch(value) is not None:
                return value
        return f"req_{self._ids.suffix()}"

    def _line(self, trail: Trail, seconds: float) -> RequestLine:
        who = trail.principal
        return RequestLine(
            time=self._log.now(),
            request_id=trail.request_id,
            method=trail.method,
            route=trail.route or UNMATCHED,
            path=_without_secrets(trail.path),
            status=trail.status or CLIENT_GONE,
            duration_ms=round(seconds * 1000, 3),
            tenant=who.tenant_id if who else None,
            role=who.role if who else None,
            key_fingerprint=trail.key_fingerprint,
        )


class Edge:
    """An ASGI app around the gateway's own."""

    def __init__(self, app: ASGIApp, records: Records) -> None:
        self._app = app
        self._records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP is passed on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        trail = self._records.begin(scope["method"], scope["path"], Headers.of_asgi(scope["headers"]))
        headless = trail.method == "HEAD"

        def tagged(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                trail.status = message["status"]
                message["headers"] = [*message["headers"], *encoded(trail.headers)]
            elif headless and message["type"] == "http.response.body":
                message["body"] = b""
            return send(message)

        inner = _inner(scope)
        lay(inner, trail)
        try:
            await self._app(inner, receive, tagged)
        except Exception as error:
            if trail.status:
                raise
            await self._records.defect(trail, error)(inner, receive, tagged)
        finally:
            trail.route = trail.route or cast("dict[str, str | None]", inner).get("path_template")
            self._records.end(trail)


def _without_secrets(path: str) -> str:
    """The path for the log: an idempotency key or an API key may stand in it, by mistake too, and it may be of any length.

    Neither is shorter than 16 characters, so longer parts are left out unless they are a word of a route, an id or a hash.
    """
    if "idempotency" in path.lower():
        return GET_KEY.template
    parts = path[:256].split("/")
    return "/".join(part if len(part) < _SHORTEST_SECRET or _HARMLESS.fullmatch(part) else "{redacted}" for part in parts)


def _inner(scope: HTTPScope) -> HTTPScope:
    """The scope as the routes see it: HEAD is handled as GET, and an escaped slash is part of a name, not a separator."""
    if scope["method"] == "HEAD":
        scope = cast("HTTPScope", {**scope, "method": "GET"})
    raw_path = scope["raw_path"]
    if b"%2f" in raw_path or b"%2F" in raw_path:
        scope = cast("HTTPScope", {**scope, "path": raw_path.decode("latin-1")})
    return scope
