"""How many connections are served at once, and a line in the log when there are as many as that."""

import asyncio
import resource
from pathlib import Path

from gateway.telemetry.access_log import AccessLog

_OTHER_FILES = 64
"""File descriptors for everything else: the database, the log, the channel."""

_LOOK_EVERY_S = 1.0


def room_for(connections: int) -> int:
    """So many, or as many as the system's limit on open files leaves room for; the limit is raised where that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(connections, soft - _OTHER_FILES))


async def watch_connections(most: int, log: AccessLog, look_every_s: float = _LOOK_EVERY_S) -> None:
    """Log it when all connections are taken: whoever connects then waits at the port, and nothing else would show it."""
    others, full = _open_files(), False
    while True:
        await asyncio.sleep(look_every_s)
        taken = _open_files() - others
        if taken >= most and not full:
            message = f"{taken} connections are open, which is the limit; new ones wait until one of them closes"
            log.event("connections_full", message)
        full = taken >= most


def _open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())
