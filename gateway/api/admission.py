"""The checks that every route under /v1 makes first: who is calling, and may this role do that here."""

import hashlib
import itertools
import re
from collections.abc import Callable
from typing import Final, get_args
from urllib.parse import unquote

import msgspec
from litestar.types import Scope
from msgspec import Meta

from gateway.access_key import token_sha256
from gateway.api.headers import PLAIN_KEY_PATTERN, Headers, bearer_token
from gateway.api.trail import Trail
from gateway.commands import ANONYMOUS, HOUSE, NOBODY, Id, Principal
from gateway.engine.service import Service
from gateway.errors import Code, Refusal, Refused
from gateway.errors.callers import UNKNOWN_KEY
from gateway.rate_limit import RateLimit, draw, headers_of_limit, seconds_up
from gateway.routes import Route
from gateway.settings import REMEMBER_S

_ID_META: Final = next(meta for meta in get_args(Id) if isinstance(meta, Meta))
ID_PATTERN: Final = str(_ID_META.pattern).removesuffix(r"(?!\n)")

_ID = re.compile(ID_PATTERN)
_KEY = re.compile(PLAIN_KEY_PATTERN)
DIGEST_PATTERN: Final = r"^[0-9a-f]{64}$"
_DIGEST = re.compile(DIGEST_PATTERN)

ANONYMOUS_LIMIT = RateLimit(20, 200)
"""Requests of one network without a credential: far above what people need; throttles of the store are about single addresses."""

SESSION_TOKEN = "gns_"  # noqa: S105  # how the tokens begin

_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 256
"""Bytes of an Authorization header's value that is remembered: spaces may pad a good key to the length of a whole head."""

_MOST_BUCKETS = 4096
"""Tenants whose buckets are kept before the full ones are let go: a tenant that was idle needs none."""


class Doorkeeper:
    """Lets callers in. Remembering a key for a second saves a fifth of a settle's time on the event loop.

    What it keeps in memory is transport only: a known key for at most REMEMBER_S, and each tenant's rate, which starts full in a
    new process. Neither is read by anything that decides about money.

    What is remembered is the Authorization header's value itself, though a digest would do: hashing it again for each request
    costs more than all else here. The server's buffers hold the same bytes; those that have expired go with the next look-up.
    `limited` is called for each request that was refused for its tenant's rate.
    """

    def __init__(self, engine: Service, monotonic: Callable[[], float], limited: Callable[[], None]) -> None:
        self._engine = engine
        self._limited = limited
        self.monotonic = monotonic
        self._known: dict[str, tuple[Principal, str, float]] = {}  # in the order in which they expire
        self._full_at_ns: dict[str, int] = {}
        self._most_buckets = _MOST_BUCKETS

    def admit(self, route: Route, sent: Headers, trail: Trail) -> Principal:
        """The caller, once it is known that its tenant may make one more request and that the route is open to the role.

        Raises Refused(unauthenticated), Refused(rate_limited) or Refused(forbidden).
        """
        value = sent.get("authorization") or ""
        known = self._known.get(value)
        if known is not None and self.monotonic() < known[2] and not sent.repeats("authorization"):
            principal, trail.key_fingerprint, _ = known
        else:
            principal = self._look_up(route, value, sent, trail)
        trail.principal = principal
        if principal.limit is not None:
            self._draw(principal.tenant_id, principal.limit, trail)
        if principal.role not in route.roles:
            roles = " or ".join(route.roles)
            raise Refused(Refusal(Code.FORBIDDEN, f"The key's role is {principal.role}; {route.name} is for {roles}."))
        return principal

    def admit_anybody(self, route: Route, sent: Headers, trail: Trail, network: str) -> Principal:
        """A caller without a credential; one that is sent is ignored, unless the route is for bootstrap keys.

        Raises Refused(rate_limited) or Refused(bootstrap_key_invalid).
        """
        principal = Principal(NOBODY, "", ANONYMOUS, ANONYMOUS, network=network)
        self._draw(f"network {network}", ANONYMOUS_LIMIT, trail)
        if route.scope == "bootstrap_key":
            principal = msgspec.structs.replace(principal, key_id=self._bootstrap(sent))
        trail.principal = principal
        return principal

    def forget(self) -> None:
        """Look every key up again: one was revoked, or a tenant disabled."""
        self._known.clear()

    def _draw(self, tenant_id: str, limit: RateLimit, trail: Trail) -> None:
        now_ns = int(self.monotonic() * 1_000_000_000)
        drawn = draw(limit, self._full_at_ns.get(tenant_id, 0), now_ns)
        self._full_at_ns[tenant_id] = drawn.full_at_ns
        if len(self._full_at_ns) > self._most_buckets:
            self._full_at_ns = {tenant: full_at for tenant, full_at in self._full_at_ns.items() if full_at > now_ns}
            self._most_buckets = max(_MOST_BUCKETS, 2 * len(self._full_at_ns))
        trail.headers += headers_of_limit(limit, drawn)
        if not drawn.allowed:
            self._limited()
            detail = f"This tenant may make {limit.rate_per_s} requests a second, and {limit.burst} at once."
            after_ms = seconds_up(drawn.retry_ns) * 1000
            raise Refused(Refusal(Code.RATE_LIMITED, detail, after_ms=after_ms))

    def _look_up(self, route: Route, value: str, sent: Headers, trail: Trail) -> Principal:
        token, now = bearer_token(sent), self.monotonic()
        fingerprint = trail.key_fingerprint = hashlib.sha256(token.encode()).digest()[:4].hex()
        if token.startswith(SESSION_TOKEN):
            return self._session(route, token, trail)
        for expired, _ in [*itertools.takewhile(lambda item: item[1][2] <= now, self._known.items())]:
            del self._known[expired]
        principal = self._engine.authenticate(token)
        if principal is None:
            raise Refused(UNKNOWN_KEY)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        if len(value) <= _LONGEST_REMEMBERED:
            self._known[value] = (principal, fingerprint, now + REMEMBER_S)
        return principal

    def _bootstrap(self, sent: Headers) -> str:
        """The hash of a bootstrap key that exists; whether it can still be traded is decided with the request."""
        try:
            token = bearer_token(sent)
        except Refused as refused:
            raise Refused(Refusal(Code.BOOTSTRAP_KEY_INVALID, refused.refusal.detail)) from None
        if not self._engine.has_bootstrap_key(token):
            raise Refused(Refusal(Code.BOOTSTRAP_KEY_INVALID, "No bootstrap key is known by this text; one begins with gnb_."))
        return token_sha256(token).hex()

    def _session(self, route: Route, token: str, trail: Trail) -> Principal:
        """A session's caller. Sessions are never remembered: one that ends, ends with the next request."""
        principal = self._engine.session(token, route)
        if principal.limit is not None and principal.tenant_id in (NOBODY, HOUSE):
            self._draw(principal.agent_id, principal.limit, trail)
            principal = msgspec.structs.replace(principal, limit=None)
        return principal


def path_ids(scope: Scope) -> tuple[str, ...]:
    """The ids in the path.

    Raises Refused(not_found) for what cannot be an id at all, without asking the database.
    """
    return checked_ids(tuple(scope["path_params"].values()))


def checked_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The same for ids that were found in a path; raises Refused(not_found)."""
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


def path_digest(scope: Scope) -> str:
    """The sha256 at the end of the path.

    Raises Refused(not_found) for what cannot be one.
    """
    (value,) = scope["path_params"].values()
    if _DIGEST.fullmatch(value) is None:
        raise Refused(Refusal(Code.NOT_FOUND, f"{value[:80]!r} is no sha256."))
    return str(value)
