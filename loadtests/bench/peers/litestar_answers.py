"""Responses of the peers that are Litestar applications."""

from collections.abc import Sequence

from litestar import Response

from loadtests.bench.peers.settling import Refused


def repeat(stored: Sequence[object], wanted: str) -> Response[bytes]:
    """The stored response (fingerprint, status, body), or the refusal of a key that was used for another request."""
    fingerprint, status, body = stored
    if fingerprint != wanted:
        return answer(422, Refused(422, "idempotency_key_reused").body)
    assert isinstance(status, int), "a column of integers"
    assert isinstance(body, bytes), "a column of bytes"
    return answer(status, body, replayed=True)


def answer(status: int, body: bytes, *, replayed: bool = False) -> Response[bytes]:
    """A response of finished bytes."""
    headers = {"Idempotent-Replayed": str(replayed).lower()}
    return Response(body, status_code=status, media_type="application/json", headers=headers)
