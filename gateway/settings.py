"""What a gateway process is told when it starts; nothing reads the environment later."""

from pathlib import Path

import msgspec

from gateway.clock import Clock, system_clock
from gateway.ids import Ids, SystemIds


class StartProblem(Exception):
    """The gateway cannot start as asked; the text says why and what to do."""


class Settings(msgspec.Struct, frozen=True):
    """One process's configuration. `body_limit` is bytes; `lock_wait_s` how long a write waits for another program's lock."""

    db: Path
    host: str = "127.0.0.1"
    port: int = 8080
    body_limit: int = 65_536
    lock_wait_s: float = 2.0
    clock: Clock = system_clock
    ids: Ids = msgspec.field(default_factory=SystemIds)

    @property
    def key_file(self) -> Path:
        """The receipt signing key stands beside its database: the two are backed up and restored together."""
        return self.db.with_name(self.db.name + ".signing.key")
