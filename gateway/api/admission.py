"""The checks that every route under /v1 makes first: who is calling, and may this role do that here."""

import re
from typing import Final, get_args
from urllib.parse import unquote

from litestar.types import Scope
from msgspec import Meta

from gateway.api.headers import PLAIN_KEY_PATTERN, Headers, bearer_token, fingerprint
from gateway.api.trail import Trail
from gateway.commands import Id, Principal
from gateway.engine import Engine
from gateway.errors import Code, Refusal, Refused
from gateway.routes import Route

_ID_META: Final = next(meta for meta in get_args(Id) if isinstance(meta, Meta))
ID_PATTERN: Final = str(_ID_META.pattern)

_ID = re.compile(ID_PATTERN)
_KEY = re.compile(PLAIN_KEY_PATTERN)


def admit(engine: Engine, route: Route, headers: Headers, trail: Trail) -> Principal:
    """The caller, once it is known that the route is open to the role.

    Raises Refused(unauthenticated) or Refused(forbidden).
    """
    token = bearer_token(headers)
    trail.key_fingerprint = fingerprint(token)
    principal = engine.authenticate(token)
    if principal is None:
        raise Refused(Refusal(Code.UNAUTHENTICATED, "The API key is unknown or has been revoked."))
    trail.principal = principal
    if principal.role not in route.roles:
        roles = " or ".join(route.roles)
        raise Refused(Refusal(Code.FORBIDDEN, f"The key's role is {principal.role}; {route.name} is for {roles}."))
    return principal


def path_ids(scope: Scope) -> tuple[str, ...]:
    """The ids in the path.

    Raises Refused(not_found) for what cannot be an id at all, without asking the database.
    """
    ids = tuple(scope["path_params"].values())
    for value in ids:
        if _ID.fullmatch(value) is None:
            raise Refused(Refusal(Code.NOT_FOUND, f"{value[:80]!r} is no id."))
    return ids


def path_key(scope: Scope) -> str:
    """The idempotency key at the end of the path; read from the raw path, since a key may hold a slash.

    Raises Refused(not_found) for what cannot be a key.
    """
    key = unquote(scope["raw_path"].rsplit(b"/", 1)[1].decode("latin-1"))
    if _KEY.fullmatch(key) is None:
        raise Refused(Refusal(Code.NOT_FOUND, "That cannot be an idempotency key: a key is 16 to 255 visible ASCII characters."))
    return key
