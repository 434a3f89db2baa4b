"""From RSGI to ASGI: everything that the door does not serve itself goes through here to Litestar."""

from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import quote

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # as the library documents them
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message

from gateway.api.reply import encoded
from gateway.routes import GET_KEY
from gateway.server.request import Bodies, Body, ClientGone, headers_of

_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_KEYS = GET_KEY.template.partition("{")[0]


class Bridge:
    """An RSGI application around an ASGI one."""

    def __init__(self, app: ASGIApp, bodies: Bodies, body_limit: int) -> None:
        self._app, self._bodies, self._body_limit = app, bodies, body_limit

    async def __call__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Serve one request."""
        headers = headers_of(scope)
        body = Body(self._bodies, proto, headers)
        exchange = _Exchange(proto, lambda: body.read(self._body_limit))
        await self._app(_asgi_scope(scope, encoded(headers.raw)), exchange.receive, exchange.send)
        if exchange.status:
            ending = await body.passed_over(self._body_limit) if body.unread else []
            proto.response_bytes(exchange.status, exchange.headers + ending, exchange.body)


class _Exchange:
    """One request and its answer, which is collected and sent whole: the gateway streams nothing."""

    def __init__(self, proto: HTTPProtocol, read: Callable[[], Awaitable[bytes]]) -> None:
        self.status, self.body = 0, b""
        self.headers: list[tuple[str, str]] = []
        self._proto, self._read = proto, read
        self._received = False

    async def receive(self) -> HTTPReceiveMessage:
        """The whole body; afterwards, and where there is none, that the client is gone."""
        if self._received:
            await self._proto.client_disconnect()
            return {"type": "http.disconnect"}
        self._received = True
        try:
            return {"type": "http.request", "body": await self._read(), "more_body": False}
        except ClientGone:
            return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Collect a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self.body += message["body"]


def _asgi_scope(scope: Scope, headers: list[tuple[bytes, bytes]]) -> HTTPScope:
    made = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "raw_path": _raw_path(scope.path),
        "query_string": scope.query_string.encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": _client(scope.client),
        "server": None,
        "state": {},
        "extensions": {},
    }
    return cast("HTTPScope", made)


def _client(address: str) -> tuple[str, int] | None:
    """Host and port of the connection's other end; RSGI has them as one text."""
    host, _, port = address.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else None


def _raw_path(path: str) -> bytes:
    """The path with its escapes. RSGI shows it without: only an idempotency key at its end may have held an escaped slash."""
    if path.startswith(_KEYS):
        return (quote(_KEYS, safe=_PATH_SAFE) + quote(path.removeprefix(_KEYS), safe="")).encode("ascii")
    return quote(path, safe=_PATH_SAFE).encode("ascii")
