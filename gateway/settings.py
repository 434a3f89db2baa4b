"""The configuration of a gateway process; nothing reads the environment after the start."""

import time
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import msgspec

from gateway.clock import Clock, format_utc, system_clock
from gateway.ids import Ids, SystemIds
from gateway.mailing import MailSettings
from gateway.process import DEFAULT_RATE_PER_S, HOST, PORT
from gateway.rail import RAIL_TIMEOUT_S
from gateway.rail.port import Rail
from gateway.rate_limit import RateLimit

REMEMBER_S = 1.0
"""For how long a process knows an API key without asking the database: the most by which it is late where another process revoked
the key. A revocation by route counts in its own process at once; a command waits so long before it ends."""


class Limits(msgspec.Struct, frozen=True):
    """What one client may take. A head, an idle connection and a body each have so many seconds.

    A client that reads nothing of its answer for `unread_s` is cut off.

    Draining takes at most `grace_s`, which is longer: a slow body is answered, or refused, before it is over.
    """

    head_bytes: int = 65_536
    head_s: float = 10.0
    body_s: float = 10.0
    connections: int = 4096
    unread_s: float = 20.0
    grace_s: float = 12.0


class Settings(msgspec.Struct, frozen=True):
    """One process's configuration. `body_limit` is bytes; `lock_wait_s` how long a write waits for another program's lock.

    `default_limit` is for tenants that have set no rate, None limits none of them.
    `steady_clock` gives seconds that nobody can set. `rail_timeout_s` is how long the rail may take for an
    answer; `rail_secret` verifies its webhooks; `rail` replaces the one at `rail_url`, for a rail in this process.
    `public_url` is where users reach the gateway; None is the address that it listens on. `dev` lets mail be practised. The
    `trusted_proxies` alone are believed when they say whom a request comes from.
    """

    db: Path
    host: str = HOST
    port: int = PORT
    body_limit: int = 65_536
    lock_wait_s: float = 2.0
    clock: Clock = system_clock
    steady_clock: Callable[[], float] = time.monotonic
    ids: Ids = msgspec.field(default_factory=SystemIds)
    default_limit: RateLimit | None = RateLimit(DEFAULT_RATE_PER_S, 2 * DEFAULT_RATE_PER_S)
    rail_url: str | None = None
    rail_secret: str | None = None
    rail_timeout_s: float = RAIL_TIMEOUT_S
    rail: Rail | None = None
    limits: Limits = Limits()
    mail: MailSettings = MailSettings()
    public_url: str | None = None
    dev: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    def now_text(self) -> str:
        """The clock's time as the gateway writes it."""
        return format_utc(self.clock())

    @property
    def key_file(self) -> Path:
        """The first receipt signing key is in the folder of its database: the two are backed up and restored together."""
        return self.db.with_name(self.db.name + ".signing.key")

    @property
    def access_key_file(self) -> Path:
        """The access key has its place next to its database, too."""
        return self.db.with_name(self.db.name + ".access.key")
