"""One GET request of an adapter: no redirect, no proxy, no more than a size."""

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from gates.adapters.shape import LIMIT_BYTES, Unanswered
from gates.schema.cached import cache_fault
from gates.schema.outcome import UnknownReason
from gates.schema.time import monotonic_s

OLDEST_S = 60
"""Seconds. The most that a cache in front of the source may say (`Age`) that its answer is old: the query dates the evidence."""


class Response(msgspec.Struct, frozen=True):
    """A status and a body."""

    status: int
    body: bytes


def get(
    url: str, headers: Mapping[str, str], timeout_s: float, params: Mapping[str, str] | None = None, ca_file: str = ""
) -> Response:
    """The answer to one request; raises Unanswered where none came, or where it is too long.

    Over TLS the certificate is checked: by `ca_file` alone if it is given, else by what the system or SSL_CERT_FILE trusts.
    """
    bare, begun = url.partition("?")[0], monotonic_s()
    try:
        context = ssl.create_default_context(cafile=ca_file or None) if url.startswith("https:") else False
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False, verify=context) as client,
            client.stream("GET", url, headers=dict(headers), params=params) as answer,
        ):
            parts, size = [], 0
            for part in answer.iter_bytes():
                size += len(part)
                if monotonic_s() - begun > timeout_s:  # the client's own limit is for each part
                    raise Unanswered(UnknownReason.ADAPTER_ERROR, f"GET {bare}: no whole answer within {timeout_s:g} s")
                if size > LIMIT_BYTES:
                    raise Unanswered(UnknownReason.ADAPTER_ERROR, f"GET {bare} answered more than {LIMIT_BYTES} bytes")
                parts.append(part)
            if fault := cache_fault(answer.headers, oldest_s=OLDEST_S):
                raise Unanswered(UnknownReason.STALE, f"GET {bare}: {fault}")
            return Response(answer.status_code, b"".join(parts))
    except httpx.TimeoutException:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"GET {bare}: no answer within {timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        text = f"GET {bare}: no answer: {type(error).__name__}: {error}"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text) from None
