"""What leaves: one small ASGI response with its headers already encoded, for successes and problems alike."""

import msgspec
from litestar.types import Receive, Scope, Send

from gateway.errors import CATALOGUE, PROBLEM_JSON, Code, Refusal, problem

JSON = "application/json"

Headers = tuple[tuple[str, str], ...]
Pairs = list[tuple[str, str]]


class Reply:
    """Status, headers and body; `stored` are headers whose names are in lower case already.

    Litestar's own Response would parse and copy the headers once more; on the settle route that is a tenth of the time. No value
    is the client's but an idempotency key, and that is visible ASCII.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, media_type: str, headers: Headers = (), stored: Pairs | None = None) -> None:
        self.status = status
        self.body = body
        self.headers: Pairs = [("content-type", media_type), ("content-length", str(len(body))), *(stored or ())]
        if headers:
            self.headers += [(name.lower(), value) for name, value in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": encoded(self.headers)})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def encoded(headers: Pairs) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class Silence:
    """The answer to a caller who hung up while still sending: nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing; the server sees that the connection is gone."""


CHALLENGE = ("www-authenticate", 'Bearer realm="gonogo"')
"""What RFC 9110 demands of every 401."""

_encode = msgspec.json.Encoder().encode


def json_reply(value: object, status: int = 200) -> Reply:
    """A success whose body is a struct."""
    return Reply(status, _encode(value), JSON)


def problem_reply(refusal: Refusal, request_id: str, headers: Headers = ()) -> Reply:
    """A refusal as RFC 9457, with the headers that its code calls for."""
    row = CATALOGUE[refusal.code]
    body = _encode(problem(refusal, request_id))
    return Reply(row.status, body, PROBLEM_JSON, (*headers, *_headers_of(row.code, refusal.retry_after_ms)))


def _headers_of(code: Code, after_ms: int) -> Headers:
    if CATALOGUE[code].status == 401:
        return (CHALLENGE,)
    if after_ms > 0:
        return (("retry-after", str(-(-after_ms // 1000))),)
    return ()
