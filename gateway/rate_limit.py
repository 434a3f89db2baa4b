"""How many requests a tenant may make: a token bucket as a pure function of its one number, the limit and the clock.

The number is the moment at which the bucket would be full again (the generic cell rate algorithm): it needs no timer, no
fractions and no second field, and a tenant that was idle for long needs no row at all.
"""

import msgspec

_NS = 1_000_000_000

UNLIMITED_PER_S = 1_000_000
"""A tenant's rate from which on it has no limit: no gateway answers as many. Rate 0 stands for the gateway's default."""


class RateLimit(msgspec.Struct, frozen=True):
    """At most `burst` requests at once, refilled at `rate_per_s` a second; both at least 1."""

    rate_per_s: int
    burst: int

    @property
    def window_s(self) -> int:
        """Seconds in which an empty bucket fills up, rounded up."""
        return -(-self.burst // self.rate_per_s)


def limit_of(rate_per_s: int, burst: int, default: RateLimit | None) -> RateLimit | None:
    """A tenant's limit by what the database says: 0 for the default, UNLIMITED_PER_S or more for none."""
    if rate_per_s == 0:
        return default
    return None if rate_per_s >= UNLIMITED_PER_S else RateLimit(rate_per_s, burst)


class Drawn(msgspec.Struct, frozen=True):
    """What one request met: whether it may pass, the bucket's new number, tokens left, and waits in nanoseconds.

    `retry_ns` is until the next token (0 if the request may pass), `full_ns` until the bucket is full.
    """

    allowed: bool
    full_at_ns: int
    remaining: int
    retry_ns: int
    full_ns: int


def draw(limit: RateLimit, full_at_ns: int, now_ns: int) -> Drawn:
    """Take a token at `now_ns`, or say when there will be one; a request that is refused costs none."""
    one = _NS // limit.rate_per_s
    whole = one * limit.burst
    full_at = max(full_at_ns, now_ns)
    after = full_at + one
    if after - now_ns > whole:
        return Drawn(False, full_at, 0, after - now_ns - whole, full_at - now_ns)
    return Drawn(True, after, (whole - (after - now_ns)) // one, 0, after - now_ns)


def seconds_up(ns: int) -> int:
    """Whole seconds, rounded up: what headers can say."""
    return -(-ns // _NS)


def headers_of_limit(limit: RateLimit, drawn: Drawn) -> list[tuple[str, str]]:
    """RateLimit-Policy and RateLimit as draft-ietf-httpapi-ratelimit-headers has them."""
    policy = f'"tenant";q={limit.burst};w={limit.window_s}'
    return [("ratelimit-policy", policy), ("ratelimit", f'"tenant";r={drawn.remaining};t={seconds_up(drawn.full_ns)}')]
