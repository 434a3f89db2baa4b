"""The start of a step's commands: whatever they start ends with them, and all of it ends with the process that started this one.

Run as `python -I -S _guard.py PARENT_PID GRACE_S ARGV...`, never imported. This process waits for the commands and adopts what
outlives them, in other sessions too. SIGTERM, which the kernel also sends when the parent ends, is passed on to the process
group; what still runs after GRACE_S is killed. It ends with the exit code of the commands, 128 and the signal if one ended them.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_TAKEN = (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT)
_DEFAULT = (signal.SIGPIPE, signal.SIGXFSZ)  # which Python ignores, and the commands must not
_NOT_FOUND = 127


def main() -> None:
    """Run the commands to their end, and leave nothing of them."""
    parent, grace_s, argv = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, int(signal.SIGTERM)), (_PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            sys.exit(f"prctl({option}): {os.strerror(ctypes.get_errno())}")
    signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
    if os.getppid() != parent:
        sys.exit("the parent has ended already")
    try:
        first = os.posix_spawnp(argv[0], argv, os.environ, setsigmask=(), setsigdef=_DEFAULT)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(_NOT_FOUND)
    code = _wait(first, grace_s)
    _kill_all()
    sys.exit(code)


def _wait(first: int, grace_s: float) -> int:
    """The exit code of the first process; what ends it after a SIGTERM and the grace is SIGKILL."""
    deadline: float | None = None
    while (code := _reaped(first)) is None:
        left = 3600.0 if deadline is None else deadline - time.monotonic()
        if left <= 0:
            _kill_all()
            return 128 + int(signal.SIGKILL)
        found = signal.sigtimedwait(_TAKEN, left)
        if found is not None and found.si_signo != signal.SIGCHLD and deadline is None:
            deadline = time.monotonic() + grace_s
            os.killpg(0, signal.SIGTERM)  # blocked here, and so taken by the next wait
    return code


def _reaped(first: int) -> int | None:
    """Reap what has ended; the exit code of the first process, once it is among that."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 1  # somebody else reaped it: nothing is left to wait for
        if pid == 0:
            return None
        if pid == first:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _kill_all() -> None:
    """SIGKILL for every child, until there is none: those of a killed one become ours."""
    while True:
        for pid in _children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    found, me = [], str(os.getpid())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if text[text.rindex(")") + 2 :].split()[1] == me:
                found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()
