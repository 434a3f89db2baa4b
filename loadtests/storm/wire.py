"""One HTTP attempt over a plain socket, so that abandoning a reply closes the connection.

Standard library only: in the storm's process Locust has replaced the sockets by cooperative ones before this file is loaded.
"""

import http.client
import re
import select
import ssl
import zlib
from time import monotonic
from urllib.parse import urlsplit

import msgspec

from gates.schema.credential import TOKEN
from gates.schema.errors import UsageProblem
from gates.schema.secret import header_fault
from gates.schema.sending import Request
from loadtests.storm.history import AttemptError
from loadtests.storm.plan import Reply

_IDLE_S = 3.0  # servers close idle connections after about five seconds; a request on such a connection would look like a reset
_REPLAYED = "Idempotent-Replayed"
_ANY_ZLIB = 32 + zlib.MAX_WBITS  # gzip or zlib, by its header
_LARGEST = 16 * 1024 * 1024


class Answer(msgspec.Struct, frozen=True):
    """The response: a status with its bytes, media type, date and place of a redirect, or the reason why there is none."""

    status: int | None = None
    body: bytes = b""
    replayed: bool | None = None
    error: AttemptError | None = None
    media: str | None = None
    location: str | None = None
    date: str | None = None


_PATH = re.compile(r"/[!-~]*")


def require_sendable(request: Request) -> None:
    """Raise UsageProblem naming what of a request cannot be sent over HTTP; of a header its name, never its value."""
    next_step = "correct the target file, or the variable that it names"
    if not TOKEN.fullmatch(request.method) or not _PATH.fullmatch(request.path):
        raise UsageProblem(f"{request.method!r} with the path {request.path!r} is no HTTP request", next_step=next_step)
    for name, value in request.headers.items():
        if not TOKEN.fullmatch(name):
            raise UsageProblem(f"{name!r} is not a name of a header", next_step=next_step)
        if fault := header_fault(value):
            raise UsageProblem(f"the header {name} {fault}", next_step=next_step)


class Wire:
    """Sends requests to one host, over kept-alive connections; `tls` says whom to trust where the URL is one of https."""

    def __init__(self, base_url: str, *, timeout_s: float, hurry_s: float, tls: ssl.SSLContext | bool = False) -> None:
        parts = urlsplit(base_url)
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = tls if isinstance(tls, ssl.SSLContext) else None
        self._timeout_s, self._hurry_s = timeout_s, hurry_s
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []

    def send(self, request: Request, reply: Reply) -> Answer:
        """One attempt; a transport error is a value, never an exception."""
        connection = self._connection()
        keep = False
        try:
            answer = self._exchange(connection, request, reply)
            keep = answer.error is None
        except TimeoutError:
            answer = Answer(error="abandoned" if reply is Reply.HURRY else "timeout")
        except ConnectionRefusedError:
            answer = Answer(error="refused")
        except ssl.SSLCertVerificationError:
            answer = Answer(error="certificate")
        except (OSError, http.client.HTTPException):
            answer = Answer(error="reset")
        finally:
            if not keep:
                connection.close()
        if keep and connection.sock is not None:
            self._idle.append((monotonic(), connection))
        return answer

    def close(self) -> None:
        """Close the kept connections."""
        for _since, connection in self._idle:
            connection.close()
        self._idle.clear()

    def _exchange(self, connection: http.client.HTTPConnection, request: Request, reply: Reply) -> Answer:
        deadline = monotonic() + self._timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout_s)
        connection.request(request.method, self._prefix + request.path, request.body, dict(request.headers))
        if reply is Reply.CLOSE:
            return Answer(error="abandoned")
        patience = self._hurry_s if reply is Reply.HURRY else max(deadline - monotonic(), 0.001)
        connection.sock.settimeout(patience)
        response = connection.getresponse()
        body = _plain(response.read(), response.getheader("Content-Encoding"))
        mark = response.getheader(_REPLAYED)
        return Answer(
            status=response.status,
            body=body,
            replayed=None if mark is None else mark.strip().lower() == "true",
            media=(response.getheader("Content-Type") or "").partition(";")[0].strip().lower() or None,
            location=response.getheader("Location"),
            date=response.getheader("Date"),
        )

    def _connection(self) -> http.client.HTTPConnection:
        while self._idle:
            since, connection = self._idle.pop()
            if monotonic() - since < _IDLE_S and not _has_ended(connection):
                return connection
            connection.close()
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)


def _plain(body: bytes, encoding: str | None) -> bytes:
    """A body without its content encoding; as it is if that is another one, or is broken."""
    if (encoding or "").strip().lower() not in ("gzip", "deflate"):
        return body
    try:
        return zlib.decompressobj(_ANY_ZLIB).decompress(body, _LARGEST)
    except zlib.error:
        return body


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed an idle connection (or sent unrequested bytes): its socket is readable."""
    if connection.sock is None:
        return True
    readable, _, _ = select.select([connection.sock], [], [], 0)
    return bool(readable)
