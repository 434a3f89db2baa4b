"""Loopback ports for what is run here for practice: no two processes of this machine are given the same one."""

import os
import socket
import sys
from itertools import count
from pathlib import Path

from gates.schema.errors import UnknownProblem

_FIRST_PORT, _USUAL_RANGE = 20_000, 32_768
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_drawn = count()  # so that two ports of one process differ before either is bound


def free_port() -> int:
    """A loopback port that is free now, below the range that the kernel gives to outgoing connections.

    It is this process's until it ends: another one that looks for a port at the same moment gets another one.

    A port from inside that range could, while the service is down, be given to a client that retries against it; that
    client would then connect to itself and the service could not come back.
    """
    low = _first_outgoing_port()
    span = max(low - _FIRST_PORT, 1)
    for _ in range(span):
        port = _FIRST_PORT + (os.getpid() * 101 + next(_drawn)) % span
        if is_free(port) and _reserved(port):
            return port
    raise UnknownProblem(f"no free loopback port between {_FIRST_PORT} and {low}")


def is_free(port: int) -> bool:
    """Whether nothing listens at this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int, name: str) -> None:
    """Raise UnknownProblem where another program has taken the port on which `name` is to be started."""
    if not is_free(port):
        raise UnknownProblem(
            f"{name} cannot be started: another program listens at the port 127.0.0.1:{port}",
            next_step=f"end that program (ss -ltnp 'sport = :{port}' names it), then run this again",
        )


def _reserved(port: int) -> bool:
    """Take a name for the port that the kernel gives to one process, and takes back when that ends; only Linux has such names."""
    if sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0gonogo-port-{port}")
    except OSError:
        name.close()
        return False
    name.detach()  # open, and closed with the process
    return True


def _first_outgoing_port() -> int:
    """Where the kernel's range begins; Linux's usual one without /proc."""
    try:
        return int(_PORT_RANGE.read_text().split()[0])
    except OSError:
        return _USUAL_RANGE
