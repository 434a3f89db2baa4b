"""Request headers: who calls, with what key, in what media type. Each reader refuses with a code of the catalogue."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from gateway.errors import Code, Refusal, Refused

RawHeaders = Iterable[tuple[bytes, bytes]]
Pairs = list[tuple[str, str]]

# Bare, or an RFC 8941 string in which only " and \ are escaped. The OpenAPI document publishes this very pattern.
KEY_PATTERN: Final = r'^([!#-~][!-~]{15,254}|"([!#-\[\]-~]|\\["\\]){16,255}")$'
PLAIN_KEY_PATTERN: Final = r"^[!-~]{16,255}$"

MOST_WAIT_S: Final = 25
"""The longest that a request waits for the first one with its key, whatever it asks for."""

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE | re.ASCII)
_KEY = re.compile(KEY_PATTERN.removeprefix("^").removesuffix("$"))
_ESCAPE = re.compile(r"\\(.)")
_JSON_TYPE = re.compile(r"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?;?", re.IGNORECASE | re.ASCII)


class Headers:
    """A request's headers by lower-case name.

    Building a dict keeps the last of equal names, at C speed; only when names repeat, which is rare, is the list read again.
    """

    __slots__ = ("_by_name", "get", "raw")

    def __init__(self, raw: Pairs) -> None:
        self.raw = raw
        self._by_name = dict(raw)
        self.get: Callable[[str], str | None] = self._by_name.get
        """The (last) value of a header."""

    @classmethod
    def of_asgi(cls, raw: RawHeaders) -> "Headers":
        """From the bytes that ASGI has; Latin-1 leaves none out."""
        return cls([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])

    @property
    def distinct(self) -> int:
        """How many names there are."""
        return len(self._by_name)

    def repeats(self, name: str) -> bool:
        """Whether a header was sent on more than one line."""
        return len(self._by_name) != len(self.raw) and sum(key == name for key, _ in self.raw) > 1


def bearer_token(headers: Headers) -> str:
    """The API key.

    Raises Refused(unauthenticated) when there is none, another scheme, or two of them.
    """
    value = headers.get("authorization")
    if value is None:
        raise Refused(Refusal(Code.UNAUTHENTICATED, "The request has no Authorization header."))
    if headers.repeats("authorization"):
        raise Refused(Refusal(Code.UNAUTHENTICATED, "The request has more than one Authorization header."))
    scheme, _, token = value.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refused(Refusal(Code.UNAUTHENTICATED, "The Authorization header is not of the form `Bearer KEY`."))
    return token


def idempotency_key(headers: Headers) -> str:
    """The idempotency key without quotes.

    Raises Refused with idempotency_key_missing, _ambiguous or _malformed.
    """
    value = headers.get("idempotency-key")
    if value is None:
        raise Refused(Refusal(Code.IDEMPOTENCY_KEY_MISSING, "The request has no Idempotency-Key header."))
    if headers.repeats("idempotency-key"):
        raise Refused(Refusal(Code.IDEMPOTENCY_KEY_AMBIGUOUS, "The request has more than one Idempotency-Key header line."))
    if _KEY.fullmatch(value) is None:
        detail = f"The Idempotency-Key header has {len(value)} characters; 16 to 255 visible ASCII characters make a key."
        raise Refused(Refusal(Code.IDEMPOTENCY_KEY_MALFORMED, detail))
    return _ESCAPE.sub(r"\1", value[1:-1]) if value[0] == '"' else value


def wait_preference(headers: Headers) -> int:
    """How many seconds the caller would wait (RFC 7240 `Prefer: wait=N`): 0 if it does not say, at most MOST_WAIT_S.

    A preference that cannot be read is passed over, as the RFC asks; of several the first counts.
    """
    value = headers.get("prefer")
    if value is None:
        return 0
    found = _WAIT.search(",".join(line for name, line in headers.raw if name == "prefer"))
    return min(int(found[1]), MOST_WAIT_S) if found else 0


def check_json(headers: Headers) -> None:
    """Refuse a body that does not say it is JSON: what a browser form can send must not become a payment.

    Raises Refused(unsupported_media_type).
    """
    value = headers.get("content-type")
    if value == "application/json":
        return
    if value is None:
        raise Refused(Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "The request has a body but no Content-Type header."))
    if _JSON_TYPE.fullmatch(value.strip()) is None or headers.repeats("content-type"):
        raise Refused(Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "The Content-Type header is not `application/json` in UTF-8."))
