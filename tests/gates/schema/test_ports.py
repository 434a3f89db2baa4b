"""A port for practice: free, outside of the kernel's outgoing range, and given to one process alone."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gates.schema.errors import UnknownProblem
from gates.schema.ports import free_port, require_free

DRAW = """
import os, sys
os.getpid = lambda: 4321  # both look in the same order
from gates.schema.ports import free_port
print(free_port(), flush=True)
sys.stdin.read()
"""


def test_the_port_cannot_be_given_to_a_retrying_client() -> None:
    """It lies below the kernel's range of outgoing ports, or a client could connect to itself while the service is down."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert 20_000 <= free_port() < low


def test_two_ports_that_are_drawn_before_either_is_bound_differ() -> None:
    """A comparison draws the ports of several services first."""
    assert len({free_port() for _ in range(20)}) == 20


def test_two_processes_that_look_for_a_port_at_once_get_two() -> None:
    """Neither has bound it yet, and both begin at the same number; once both have ended it is free again."""
    argv = [sys.executable, "-P", "-c", DRAW]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = [subprocess.Popen(argv, **pipes) for _ in range(2)]  # type: ignore[call-overload]  # the same pipes for both
    try:
        ports = [int(process.stdout.readline()) for process in running]
    finally:
        for process in running:
            process.communicate(timeout=30)
    assert ports[0] != ports[1]
    again = subprocess.run(argv, input=b"", capture_output=True, check=True, timeout=30)
    assert int(again.stdout) in ports


def test_a_port_that_another_program_took_is_named() -> None:
    """With what was to be started there, and how to find the program."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnknownProblem, match=f"the rail cannot be started: another program listens at .*:{port}") as caught:
            require_free(port, "the rail")
        assert f"ss -ltnp 'sport = :{port}'" in caught.value.next_step
    require_free(port, "the rail")
