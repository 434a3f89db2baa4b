"""A child of the writing process: forked before there are threads or an event loop, and gone when its parent is."""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from gateway.process.signals import ending

_PR_SET_PDEATHSIG = 1


def fork(run: Callable[[], int], not_for_it: Sequence[socket.socket]) -> int:
    """Start `run` in a child, which ends with the code that it returns; returns the child's process id.

    The child closes the sockets that are not for it. Only the parent acts on signals; it notifies its children over their socket.
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    heeded = ending()
    signal.pthread_sigmask(signal.SIG_BLOCK, heeded)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _settle_in(parent, heeded, not_for_it)
            code = run()
        finally:
            os._exit(code)  # never back into the parent's own frames
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heeded)
    return pid


def _settle_in(parent: int, heeded: Sequence[signal.Signals], not_for_it: Sequence[socket.socket]) -> None:
    """Where the kernel offers it, end in the same instant as the parent; elsewhere the child ends when the socket closes."""
    for number in heeded:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heeded)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    for other in not_for_it:
        other.close()
