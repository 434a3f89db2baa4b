"""Which processes listen at a port of this machine? Read from the kernel's tables: a drill loads the process that it kills."""

import contextlib
import socket
import struct
from pathlib import Path

from drills.child import group_members
from drills.observed import Unobserved

PROC = Path("/proc")
_LISTEN = "0A"


def _words(family: int, address: str) -> str:
    """An address as the kernel prints it: words in the machine's own byte order."""
    return "".join(f"{word:08X}" for (word,) in struct.iter_unpack("=I", socket.inet_pton(family, address)))


_IPV4 = frozenset(_words(socket.AF_INET, item) for item in ("127.0.0.1", "0.0.0.0"))  # noqa: S104  # compared, never bound
_IPV6 = frozenset(_words(socket.AF_INET6, item) for item in ("::", "::ffff:127.0.0.1"))
_NEXT = (
    "have spec.process.start run the service itself in the foreground, on this machine; "
    "a service that runs elsewhere has commands.kill, commands.restore and instance instead of process"
)


def require_listener(port: int, group: int, proc: Path = PROC) -> None:
    """Raise Unobserved unless every socket that accepts connections to 127.0.0.1 at this port belongs to the process group."""
    wanted = _listening(port, proc)
    if not wanted:
        raise Unobserved(f"no process of this machine listens at port {port}, which is loaded", next_step=_NEXT)
    try:
        held = {inode for pid in group_members(group, proc) for inode in _sockets(pid, proc)}
    except PermissionError as error:
        raise Unobserved(
            f"nothing shows who listens at port {port}: {error.filename}: {error.strerror}",
            next_step="run the drill as the user whose processes spec.process.start starts",
        ) from None
    if (wanted - held) & _listening(port, proc):  # one that was closed meanwhile is nobody's: a gateway holds its port by one
        raise Unobserved(f"port {port}, which is loaded, belongs to a process that the drill does not kill", next_step=_NEXT)


def is_gone(port: int, group: int, proc: Path = PROC) -> bool:
    """Whether no process of the group is left, and nothing listens at the port; raises Unobserved where that cannot be read."""
    return not group_members(group, proc) and not _listening(port, proc)


def _listening(port: int, proc: Path) -> set[str]:
    """The inodes of the sockets that would take a connection to 127.0.0.1 at this port."""
    tables = proc / "self" / "net"  # of the network in which the load is sent
    try:
        found = _inodes(tables / "tcp", _IPV4, port)
    except OSError as error:
        raise Unobserved(
            f"nothing shows who listens at port {port}: {error.filename}: {error.strerror}", next_step="run the drill on Linux"
        ) from None
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        found |= _inodes(tables / "tcp6", _IPV6, port)
    return found


def _inodes(table: Path, addresses: frozenset[str], port: int) -> set[str]:
    found: set[str] = set()
    for line in table.read_text().splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        address, _, number = local.partition(":")
        if state == _LISTEN and address in addresses and int(number, 16) == port:
            found.add(rest[5])
    return found


def _sockets(pid: int, proc: Path) -> set[str]:
    """The inodes of a process's open sockets; none if it has ended."""
    found: set[str] = set()
    try:
        for entry in (proc / str(pid) / "fd").iterdir():
            try:
                link = str(entry.readlink())
            except FileNotFoundError:
                continue
            if link.startswith("socket:["):
                found.add(link[8:-1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found
