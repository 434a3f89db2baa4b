"""Decoding a body costs each byte once, whatever the bytes are: nobody can hold up the event loop with one request."""

import resource
import subprocess
import sys

import pytest

DECODE = """
import sys
from gateway.api.body import BodyDecoder
from gateway.commands import Reserve
from gateway.errors import Refused
try:
    BodyDecoder(Reserve).decode(sys.stdin.buffer.read())
except Refused as refused:
    print(refused.refusal.code)
"""
CPU_SECONDS = 5
"""Where reading is quadratic, each of these bodies costs 10 to 30 seconds of CPU; where it is linear, some milliseconds."""

HOSTILE = [
    b'{"expires_in_s":1.5,' + b"1" * 65_000,
    b'{"expires_in_s":1.5,' + b"1.0" * 21_000,
    b'{"expires_in_s":1.5,"x":1.' + b"0" * 65_000,
    b'{"expires_in_s":1.5,"' + b'\\"' * 32_500,
    b'{"expires_in_s":1.5,"' + b'\\"' * 32_500 + b"\\",
    b'{"expires_in_s":1.0' + b".0" * 32_500,
    b'{"expires_in_s":1.5,' + b'"a' * 32_500,
    b'{"expires_in_s":1.5,' + b"-" * 65_000,
]


def limit_cpu():
    """Let the kernel end the child at its limit: CPU time, so that a busy machine changes nothing."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


@pytest.mark.process
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_in_linear_work(body):
    """65,000 bytes made to be read again and again are refused before a CPU limit that quadratic reading exceeds."""
    command = [sys.executable, "-c", DECODE]
    done = subprocess.run(command, input=body, capture_output=True, preexec_fn=limit_cpu, check=False)
    assert (done.returncode, done.stdout) == (0, b"invalid_request\n"), done.stderr[-500:]
