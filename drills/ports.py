"""Which port may a service have that is going to be killed and to come back?"""

import os
import socket
from pathlib import Path

from gates.schema.errors import UnknownProblem

_FIRST_PORT = 20_000


def free_port() -> int:
    """A loopback port below the range that the kernel gives to outgoing connections.

    A port from inside that range could, while the service is down, be given to a client that retries against it; that
    client would then connect to itself and the service could not come back.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    span = max(low - _FIRST_PORT, 1)
    for step in range(span):
        port = _FIRST_PORT + (os.getpid() * 7 + step) % span
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UnknownProblem(f"no free loopback port between {_FIRST_PORT} and {low}")
