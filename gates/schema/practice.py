"""How do a service and its rail, both run here for practice, find each other? By a ready line and two variables."""

import os
import sys
from hashlib import sha256
from pathlib import Path

import msgspec

from gates.schema.target import Process, fill
from gates.schema.time import monotonic_s

RAIL_URL, RAIL_SECRET = "GONOGO_RAIL_URL", "GONOGO_RAIL_SECRET"  # names of variables


class _Ready(msgspec.Struct):
    event: str
    url: str


def rail_argv(process: Process, book: Path) -> list[str]:
    """The command that runs the rail of a target's process, with its own book in that file."""
    return [str(fill(word, {"python": sys.executable, "rail_book": str(book)})) for word in process.rail]


def shared_secret() -> dict[str, str]:
    """The variable with which a rail signs its webhooks and a service checks them: new each time, worth nothing elsewhere."""
    return {RAIL_SECRET: sha256(f"{os.getpid()}/{monotonic_s()!r}".encode()).hexdigest()}


def ready_url(stdout: bytes) -> str | None:
    """The URL in the line that says {"event":"ready","url":...}, None where there is none yet."""
    for line in stdout.splitlines():
        try:
            said = msgspec.json.decode(line, type=_Ready)
        except msgspec.MsgspecError:
            continue
        if said.event == "ready":
            return said.url
    return None
