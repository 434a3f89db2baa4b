"""What makes two requests the same request, and what a replay carries."""

import datetime as dt
import hashlib
from binascii import b2a_base64
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from gateway.access_key import AccessKey
from gateway.canonical import canonical
from gateway.commands import Command, Principal
from gateway.commands.access import SignIn
from gateway.routes import Route

KEY_LIFETIME_DAYS = 30
"""Days for which the stored answer is repeated; afterwards the key answers 410 for as long as the ledger lives. A test holds the
schema's trigger to this number."""

SECRET_LIFETIME = dt.timedelta(minutes=15)
"""For how long a secret is derived again for a replay: whoever finds a key and its body in a log later gets nothing."""

_UNIT = "\x1f"
_ENCODE = msgspec.json.Encoder().encode


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """A key's scope, and the fingerprint of the request that claims it."""

    tenant_key: str
    route_hash: bytes
    fingerprint: bytes
    request: bytes


class Mutation(msgspec.Struct, frozen=True):
    """One mutating request after authentication and syntax: all that its decision may depend on, but for clock and ids.

    `body` is the request's JSON as sent, `query` its raw query string, `claim` what it claims where that was worked out before.
    """

    route: Route
    principal: Principal
    path_ids: tuple[str, ...]
    key: str
    query: str
    command: Command
    body: bytes
    request_id: str
    claim: Claim | None = None


class Fingerprinted(msgspec.Struct, frozen=True):
    """What a fingerprint is taken of; members in alphabetical order, which makes the encoding canonical."""

    agent: str
    body: msgspec.Raw
    method: str
    path_ids: tuple[str, ...]
    query: str
    template: str


def tenant_key(tenant_id: str, key: str) -> str:
    """The first half of the scope: whose key. A tenant's key can be looked up by it on all routes at once."""
    return f"{tenant_id}{_UNIT}{key}"


def claim(mutation: Mutation, key: AccessKey | None = None) -> Claim:
    """Scope is tenant, method, template with path ids, and key; its parts are joined by a byte that none of them can hold.

    The fingerprint is the SHA-256 over the canonical JSON of method, template, path ids, sorted query, body and agent. A route
    that is keyed needs the access key: private members of its body are replaced by their keyed hash first.
    """
    if mutation.claim is not None:
        return mutation.claim
    route = mutation.route
    where = _UNIT.join((route.method, route.template, *mutation.path_ids)).encode()
    body = msgspec.json.decode(mutation.body)
    if route.private:
        assert key is not None, "only the process that has the access key decides about sign-ins"
        body |= {name: key.hidden(name, body[name]) for name in route.private if name in body}
    request = canonical(body)
    query = mutation.query and "&".join(sorted(mutation.query.split("&")))
    agent = mutation.principal.agent_id
    whole = Fingerprinted(agent, msgspec.Raw(request), route.method, mutation.path_ids, query, route.template)
    holder = mutation.principal.tenant_id if route.scope == "tenant" else _holder(mutation, key)
    whose = tenant_key(holder, mutation.key)
    return Claim(whose, hashlib.sha256(where).digest()[:16], hashlib.sha256(_ENCODE(whole)).digest(), request)


def _holder(mutation: Mutation, key: AccessKey | None) -> str:
    """Whose the idempotency key is: before there is a session, what the request is about.

    What a path names is whatever a caller sent, another tenant's id perhaps: a space, which no id has, keeps the two apart.
    """
    match mutation.route.scope:
        case "session" | "bootstrap_key":
            return mutation.principal.key_id
        case "sign_in" if not mutation.path_ids:
            assert isinstance(mutation.command, SignIn), "the only route that makes a challenge without a session"
            assert key is not None, "only the process that has the access key decides about sign-ins"
            return key.sign_in_id(mutation.key, key.address_hash(mutation.command.address))
        case _:
            return f"{mutation.route.scope} {mutation.path_ids[0] if mutation.path_ids else getattr(mutation.command, 'run', '')}"


def differing_fields(first: bytes, second: bytes, *, same_agent: bool = True) -> tuple[str, ...]:
    """JSON pointers of what differs between two requests of one scope: names, never values.

    Body members are named from the body's root; no command has a member called `agent` or `query`, so these two are free to name
    the caller and the query string. What neither body nor caller explains is the query.
    """
    found = set(_differences(msgspec.json.decode(first), msgspec.json.decode(second), ""))
    if not same_agent:
        found.add("/agent")
    return tuple(sorted(found)) or ("/query",)


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


def expires_at(decided_at: str, *, secret: bool = False) -> str:
    """Until when the stored answer is repeated; one that holds a secret for minutes only."""
    moment = dt.datetime.fromisoformat(decided_at) + (SECRET_LIFETIME if secret else dt.timedelta(days=KEY_LIFETIME_DAYS))
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


@lru_cache(maxsize=1024)  # all answers of a batch are decided at one moment
def _expires_at(decided_at: str) -> str:
    return expires_at(decided_at)


def resource_path(location: str | None, kind: str | None, resource_id: str | None) -> str | None:
    """Where that which a key led to can be read: what it made, or the payment or payout that it was about."""
    return location or (f"/v1/{kind}s/{resource_id}" if kind else None)


def replay_headers(key: str, decided_at: str, body: bytes, *, replayed: bool, secret: bool = False) -> list[tuple[str, str]]:
    """The headers that a first answer and its replays carry; only `Idempotent-Replayed` differs between them.

    A key is visible ASCII, so it can end no line and begin none.
    """
    digest = b2a_base64(hashlib.sha256(body).digest(), newline=False).decode("ascii")
    return [
        ("idempotent-replayed", "true" if replayed else "false"),
        ("idempotency-key", key),
        ("idempotency-expires", expires_at(decided_at, secret=True) if secret else _expires_at(decided_at)),
        ("repr-digest", f"sha-256=:{digest}:"),
    ]
