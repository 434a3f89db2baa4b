"""Requests as bytes, and batches of them for a load generator."""

from collections.abc import Mapping, Sequence

import msgspec


class Orders(msgspec.Struct, frozen=True):
    """The requests of a generator, in this order; with `cycle` it starts again at the end, otherwise it sends each once."""

    requests: Sequence[bytes]
    cycle: bool = False


def http_request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One HTTP/1.1 request for a connection that stays open; the body is JSON unless a header says otherwise."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += (f"{name}: {value}" for name, value in headers.items())
    lines += [] if "Content-Type" in headers else ["Content-Type: application/json"]
    lines += (f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body
