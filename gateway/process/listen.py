"""The port and the signals of a gateway.

The HTTP library binds with SO_REUSEPORT, so that a second gateway on the same port would start in silence and take half of the
connections. So the port is held by a socket of our own, without that option, from the start on.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import stat
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


def cut_off_unread(held: socket.socket, seconds: float) -> None:
    """Have the kernel close each connection to the port whose client reads nothing of what is sent for so many seconds.

    The HTTP library has no such limit. Connections inherit the option of the socket that listens, which is the library's: it is
    found among this process's open files by the port that `held` keeps.
    """
    port = held.getsockname()[1]
    for number in _sockets():
        with socket.socket(fileno=os.dup(number)) as listening:
            if listening.family not in (socket.AF_INET, socket.AF_INET6) or listening.getsockname()[1] != port:
                continue
            if listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


def _sockets() -> list[int]:
    """The file descriptors of this process that are sockets."""
    numbers = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208  # numbers, not paths
    found = []
    for number in numbers:
        with contextlib.suppress(OSError):  # the one that lists the folder is closed by now
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(number)
    return found


def url_of(held: socket.socket) -> str:
    """The address as clients write it."""
    host, port = held.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can dial `host`: an address of the loopback network, or `localhost`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


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
