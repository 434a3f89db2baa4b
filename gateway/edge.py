"""The outermost layer: every request gets an id, is counted and logged, whatever becomes of it further in."""

import re
from collections.abc import Awaitable, Callable
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from gateway.access_log import AccessLog, RequestLine
from gateway.api.reply import problem_reply
from gateway.api.trail import Trail, lay
from gateway.errors import Code, Refusal
from gateway.ids import Ids
from gateway.metrics import UNMATCHED, Metrics
from gateway.routes import GET_KEY

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """An ASGI app around the gateway's own. `monotonic` gives seconds, for durations."""

    def __init__(
        self,
        app: ASGIApp,
        ids: Ids,
        monotonic: Callable[[], float],
        metrics: Metrics,
        log: AccessLog,
    ) -> None:
        self._app = app
        self._ids = ids
        self._monotonic = monotonic
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP is passed on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        trail = Trail(self._request_id(scope), scope["method"], scope["path"], self._monotonic())
        headless = trail.method == "HEAD"
        tag = (b"x-request-id", trail.request_id.encode("ascii"))

        def tagged(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                trail.status = message["status"]
                message["headers"] = [*message["headers"], tag, *trail.headers]
            elif headless and message["type"] == "http.response.body":
                message["body"] = b""
            return send(message)

        inner = _inner(scope)
        lay(inner, trail)
        self._metrics.in_flight += 1
        try:
            await self._app(inner, receive, tagged)
        except Exception as error:
            if trail.status:
                raise
            self._log.event("unhandled", None, trail.request_id, error)
            refusal = Refusal(Code.INTERNAL, f"The gateway met a defect; its log tells more under {trail.request_id}.")
            await problem_reply(refusal, trail.request_id)(inner, receive, tagged)
        finally:
            trail.route = trail.route or cast("dict[str, str | None]", inner).get("path_template")
            self._metrics.in_flight -= 1
            self._finish(trail)

    def _request_id(self, scope: HTTPScope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value) is not None:
                return value.decode("ascii")
        return f"req_{self._ids.suffix()}"

    def _finish(self, trail: Trail) -> None:
        seconds = self._monotonic() - trail.started
        self._metrics.answered(trail.route, trail.method, trail.status, seconds)
        if not self._log.requests:
            return
        who = trail.principal
        self._log.add(
            RequestLine(
                time=self._log.now(),
                request_id=trail.request_id,
                method=trail.method,
                route=trail.route or UNMATCHED,
                path=_without_key(trail.path),
                status=trail.status or 499,
                duration_ms=round(seconds * 1000, 3),
                tenant=who.tenant_id if who else None,
                role=who.role if who else None,
                key_fingerprint=trail.key_fingerprint,
            )
        )


def _without_key(path: str) -> str:
    """The path for the log: an idempotency key at its end is the caller's secret, and a path may be of any length."""
    return GET_KEY.template if "idempotency-keys" in path else path[:256]


def _inner(scope: HTTPScope) -> HTTPScope:
    """The scope as the routes see it: HEAD is asked as GET, and an escaped slash is part of a name, not a separator."""
    if scope["method"] == "HEAD":
        scope = cast("HTTPScope", {**scope, "method": "GET"})
    raw_path = scope["raw_path"]
    if b"%2f" in raw_path or b"%2F" in raw_path:
        scope = cast("HTTPScope", {**scope, "path": raw_path.decode("latin-1")})
    return scope
