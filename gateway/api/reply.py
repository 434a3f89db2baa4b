"""What leaves: one small ASGI response with its headers already encoded, for successes and problems alike."""

import msgspec
from litestar.types import Receive, Scope, Send

from gateway.errors import CATALOGUE, PROBLEM_JSON, Code, Refusal, problem

JSON = "application/json"

Headers = tuple[tuple[str, str], ...]


class Reply:
    """Status, header lines and body as bytes; `stored` are lines that are encoded already.

    Litestar's own Response would parse and copy the headers once more; on the settle route that is a tenth of the time. Lines,
    since the lane sends them as they are; no value is the caller's but an idempotency key, and that is visible ASCII.
    """

    __slots__ = ("body", "lines", "status")

    def __init__(self, status: int, body: bytes, media_type: str, headers: Headers = (), stored: bytes = b"") -> None:
        self.status = status
        self.body = body
        self.lines = b"content-type: %b\r\ncontent-length: %d\r\n%b" % (media_type.encode("latin-1"), len(body), stored)
        if headers:
            self.lines += "".join([f"{name.lower()}: {value}\r\n" for name, value in headers]).encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": pairs(self.lines)})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def pairs(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Header lines as ASGI wants them."""
    split = [line.partition(b": ") for line in lines.split(b"\r\n")[:-1]]
    return [(name, value) for name, _, value in split]


class Silence:
    """The answer to a caller who hung up while still sending: nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing; the server sees that the connection is gone."""


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
    if code is Code.UNAUTHENTICATED:
        return (("www-authenticate", 'Bearer realm="gonogo"'),)
    if after_ms > 0:
        return (("retry-after", str(-(-after_ms // 1000))),)
    return ()
