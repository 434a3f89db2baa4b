"""The port and the signals of a gateway.

The HTTP library binds with SO_REUSEPORT, so that a second gateway on the same port would start in silence and take half of the
connections. So the port is held by a socket of our own, without that option, from the start on.
"""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable

from gateway.errors import StartProblem
from gateway.process.signals import ending

_TRIES, _BETWEEN_TRIES_S = 20, 0.05


def hold_port(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen; taken before anything else is touched.

    Raises StartProblem, naming the address and what is wrong with it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise StartProblem(f"{host!r} is not an address of this machine: {error.strerror}") from None
    held = socket.socket(family, kind, protocol)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(held, address)
    except OSError as error:
        held.close()
        raise _problem(host, port, error) from None
    return held


def open_port(held: socket.socket) -> None:
    """Make sure that nobody else listens on the port, and let the HTTP library bind it as well.

    While `held` listens no other process can take the port: of two gateways that start together one ends here. Close `held` as
    soon as the library listens. Raises StartProblem.
    """
    try:
        held.listen(1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        host, port = held.getsockname()[:2]
        raise _problem(host, port, error) from None


def url_of(held: socket.socket) -> str:
    """The address as clients write it."""
    host, port = held.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def on_signals(finish: Callable[[], None]) -> None:
    """Have the first signal that asks to end (SIGTERM, SIGINT, SIGHUP, SIGQUIT) call `finish`.

    A second one ends the process at once. That is safe: no answer leaves before its commit.
    """
    loop, received = asyncio.get_running_loop(), asyncio.Event()

    def obey(number: int) -> None:
        if received.is_set():
            os._exit(128 + number)
        received.set()
        finish()

    for number in ending():
        loop.add_signal_handler(number, obey, number)


def _problem(host: str, port: int, error: OSError) -> StartProblem:
    if error.errno == errno.EADDRINUSE:
        return StartProblem(f"port {port} of {host} is in use; end that program, or choose another with --port")
    return StartProblem(f"cannot listen on {host} port {port}: {error.strerror}")


def _bind(held: socket.socket, address: tuple[object, ...], pause: Callable[[float], None] = time.sleep) -> None:
    """Bind; try again for a second while the port is in use: the children of a killed gateway end a moment after it."""
    for _ in range(_TRIES):
        try:
            held.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            pause(_BETWEEN_TRIES_S)
        else:
            return
    held.bind(address)
