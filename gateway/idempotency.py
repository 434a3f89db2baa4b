"""What makes two requests the same request, and what a replay carries."""

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator

import msgspec

from gateway.canonical import canonical
from gateway.commands import Command, Principal
from gateway.routes import Route

KEY_LIFETIME_DAYS = 30
"""Days for which the stored answer is repeated; afterwards the key answers 410 for as long as the ledger lives."""

_UNIT = b"\x1f"


class Mutation(msgspec.Struct, frozen=True):
    """One mutating request after authentication and syntax: all that its decision may depend on, but for clock and ids.

    `body` is the request's JSON as sent, `query` its raw query string.
    """

    route: Route
    principal: Principal
    path_ids: tuple[str, ...]
    key: str
    query: str
    command: Command
    body: bytes
    request_id: str


class Claim(msgspec.Struct, frozen=True):
    """A key's scope, and the fingerprint of the request that claims it."""

    key_hash: bytes
    route_hash: bytes
    fingerprint: bytes
    request: bytes


def key_hash(tenant_id: str, key: str) -> bytes:
    """The first half of the scope: whose key. A tenant's key can be looked up by it on all routes at once."""
    return hashlib.sha256(_UNIT.join((tenant_id.encode(), key.encode()))).digest()[:16]


def claim(mutation: Mutation) -> Claim:
    """Scope is tenant, method, template with path ids, and key. The fingerprint adds query, canonical body and agent.

    Parts are joined by a byte that none of them can hold, so no two different requests run together.
    """
    route = mutation.route
    where = _UNIT.join(part.encode() for part in (route.method, route.template, *mutation.path_ids))
    request = canonical(msgspec.json.decode(mutation.body))
    query = "&".join(sorted(mutation.query.split("&"))).encode()
    fingerprint = hashlib.sha256(_UNIT.join((where, query, mutation.principal.agent_id.encode(), request))).digest()
    return Claim(
        key_hash=key_hash(mutation.principal.tenant_id, mutation.key),
        route_hash=hashlib.sha256(where).digest()[:16],
        fingerprint=fingerprint,
        request=request,
    )


def differing_fields(first: bytes, second: bytes) -> tuple[str, ...]:
    """JSON pointers of the body members in which two requests differ: names, never values."""
    found = tuple(sorted(set(_differences(msgspec.json.decode(first), msgspec.json.decode(second), ""))))
    return found or ("the caller or the query",)


def _differences(first: object, second: object, at: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for name in first.keys() | second.keys():
            pointer = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name in first and name in second:
                yield from _differences(first[name], second[name], pointer)
            else:
                yield pointer
    elif type(first) is not type(second) or first != second:
        yield at or "/"


def expires_at(decided_at: str) -> str:
    """Until when the stored answer is repeated."""
    moment = dt.datetime.fromisoformat(decided_at) + dt.timedelta(days=KEY_LIFETIME_DAYS)
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def replay_headers(key: str, decided_at: str, body: bytes, *, replayed: bool) -> tuple[tuple[str, str], ...]:
    """The headers that a first answer and its replays carry; only `Idempotent-Replayed` differs between them."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return (
        ("Idempotent-Replayed", "true" if replayed else "false"),
        ("Idempotency-Key", key),
        ("Idempotency-Expires", expires_at(decided_at)),
        ("Repr-Digest", f"sha-256=:{digest}:"),
    )
